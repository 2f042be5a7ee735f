-- What users did, of the chosen event types; a request is no usage.
startsWith(r.name, 'webapp.') AND r.name != 'webapp.request' AND @inside
    AND $__conditionalAll(r.name IN (${event_type:singlequote}), $event_type)
