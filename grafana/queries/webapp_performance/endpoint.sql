-- A request that no route matched has none; the budget of values keeps the others few.
if(r.tags['endpoint'] = '', '{{unknown}}', r.tags['endpoint'])
