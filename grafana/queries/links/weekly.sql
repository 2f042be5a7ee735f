-- Not known, and so not shown, where there was nothing a week ago.
if(week_ago <= 0, ' ', concat(if(change >= 0, '+', ''), toString(change), '{{% from last week}}')) AS `{{Weekly change}}`
