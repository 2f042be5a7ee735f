-- What owns a name by the catalogue in use, the strongest claim first: a declared name, then the longest prefix.
-- The namespace default owns what begins with nothing in particular.
ifNull((SELECT argMax(contents, created_at) FROM catalogues), '{}') AS catalogue,
JSONExtract(
    catalogue,
    'namespaces',
    'Array(Tuple(name String, names Array(String), prefixes Array(String), tenants Array(String), series_budget UInt64))'
) AS spaces,
arraySort(
    claim -> (1 - claim.2, if(claim.2 = 1, 0, -toInt64(length(claim.1))), empty(claim.3)),
    arrayFlatten(arrayMap(
        space -> arrayConcat(
            arrayMap(text -> (text, toUInt8(1), space.4, space.1, space.5), space.2),
            arrayMap(
                text -> (text, toUInt8(0), space.4, space.1, space.5),
                if(space.1 = 'default', arrayPushBack(space.3, ''), space.3)
            )
        ),
        spaces
    ))
) AS claims
