"""The pipeline: settings, Faust app, transport, decode, sanitize, sink, commands."""
