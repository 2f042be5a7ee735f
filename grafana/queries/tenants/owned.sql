arrayFirst(
    claim -> if(claim.2 = 1, metric = claim.1, startsWith(metric, claim.1)) AND (empty(claim.3) OR has(claim.3, owner)),
    claims
)
