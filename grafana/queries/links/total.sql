-- The state of now, less what daily rollups count after the range's last day; the same a week further back.
WITH
    ('linkCreated', 'linkDeleted', 'linkRestored') AS changing,
    toInt64((SELECT sum(total_links) FROM link_totals WHERE tenant = ${tenant:singlequote})) AS current,
    @week
SELECT shown AS `{{Total Links}}`, @weekly
