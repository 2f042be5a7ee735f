"""The store: client, migrations, queries, reconcile and the embedded server."""
