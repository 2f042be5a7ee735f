multiIf(
    ${group_by:singlequote} = '-', ${measurement:singlequote},
    r.tags[${group_by:singlequote}] = '', '{{without this tag}}',
    r.tags[${group_by:singlequote}]
)
