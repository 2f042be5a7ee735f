-- As total.sql; a deletion of a completed link is not in the counts of completions.
WITH
    ('linkCompleted', 'linkUncompleted') AS changing,
    toInt64((SELECT sum(completed_links) FROM link_totals WHERE tenant = ${tenant:singlequote})) AS current,
    @week
SELECT shown AS `{{Completed}}`, @weekly
