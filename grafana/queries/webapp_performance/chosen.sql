-- Requests of the range, of the chosen endpoints.
r.name = 'webapp.request' AND @inside
    AND $__conditionalAll(@endpoint IN (${endpoint:singlequote}), $endpoint)
