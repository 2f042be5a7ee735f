SELECT greatest(0, dateDiff('second', max(occurred_at), $__toTime)) AS `{{Newest link event}}`
FROM events
WHERE tenant = ${tenant:singlequote} AND $__timeFilter(occurred_at)
    AND name IN (
        'linkCreated', 'linkProcessingStarted', 'linkProcessingCompleted', 'linkProcessingFailed',
        'linkMetadataFetched', 'linkSummarized', 'linkInteracted', 'linkCompleted', 'linkUncompleted',
        'linkDeleted', 'linkRestored'
    )
HAVING count() > 0
