-- Takes back 0019_states; no data is lost.
DROP VIEW identity_totals ${on_cluster};
DROP VIEW deliveries ${on_cluster};
DROP VIEW webhook_events ${on_cluster};
DROP VIEW webhooks ${on_cluster};
DROP VIEW api_keys ${on_cluster};
DROP VIEW signing_keys ${on_cluster};
DROP VIEW oauth_clients ${on_cluster};
DROP VIEW sessions ${on_cluster};
DROP VIEW users ${on_cluster};
DROP VIEW link_totals ${on_cluster};
DROP VIEW links ${on_cluster};
DROP VIEW entities ${on_cluster};
