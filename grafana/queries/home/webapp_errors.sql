-- The status decides; error_type does where there is none.
WITH @grain
SELECT sumIf(r.events, if(r.tags['status_code'] != '', toUInt16OrZero(r.tags['status_code']) >= 400, r.tags['error_type'] != '')) / sum(r.events) AS `{{Failed}}`
FROM rollups AS r
WHERE @inside AND r.name = 'webapp.request'
HAVING sum(r.events) > 0
