WITH @grain, @metric, @unit
SELECT
    ${name:singlequote} AS `{{Metric}}`,
    multiIf(
        kind = 'event', '{{event}}',
        kind = 'counter', '{{counter}}',
        kind = 'gauge', '{{gauge}}',
        kind = 'histogram', '{{histogram}}',
        kind = 'summary', '{{summary}}',
        '{{unknown: its raw events have expired}}'
    ) AS `{{Kind}}`,
    if(unit_word = '', '{{none}}', unit_word) AS `{{Unit}}`,
    multiIf(
        wanted = 'sum' AND summable, '{{all values of a bucket added}}',
        wanted = 'sum', '{{the newest sample of each series, added over the series and never over time}}',
        wanted = 'avg', '{{the mean of all values of a bucket}}',
        wanted = 'min', '{{the smallest value of a bucket}}',
        wanted = 'max', '{{the largest value of a bucket}}',
        wanted = 'count' AND summable, '{{how many values came}}',
        wanted = 'count', '{{how many samples came, whatever they say}}',
        wanted = 'last', '{{the newest value of a bucket}}',
        wanted = 'rate' AND kind = 'counter', '{{what was counted, a second}}',
        wanted = 'rate', '{{how many values came, a second}}',
        '{{that part of the values lies below; merged from all series, within 0.4 %}}'
    ) AS `{{What is drawn}}`,
    if(declared = '', '{{not declared in the catalogue}}', JSONExtractString(declared, 'description')) AS `{{Description}}`,
    if($__toTime > $__fromTime, wanted_grain, '') AS `{{Grain}}`
LIMIT 1
