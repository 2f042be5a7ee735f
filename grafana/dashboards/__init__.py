"""One module a dashboard, each with a ``UID`` and a ``build()``."""
