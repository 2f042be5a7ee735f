WITH @owner
SELECT countIf(held >= 0.8 * (@owned).5) AS `{{Nearly used up}}`
FROM (@held)
WHERE $__toTime > $__fromTime
