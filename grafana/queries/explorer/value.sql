toNullable(multiIf(
    wanted = 'sum', sum(r.sum),
    wanted = 'avg', sum(r.sum) / sum(r.count),
    wanted = 'min', toFloat64(min(r.min)),
    wanted = 'max', toFloat64(max(r.max)),
    wanted = 'count', toFloat64(sum(r.count)),
    wanted = 'last', argMaxMerge(r.last),
    wanted = 'rate', if(kind = 'counter', sum(r.sum), toFloat64(sum(r.count))),
    toFloat64(quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(r.quantiles)[greatest(1, level)])
))
