"""``millrace worker``: one production process."""

from __future__ import annotations

import typer

from millrace.streams.settings import load_settings
from millrace.streams.worker import run


def worker() -> None:
    """Take events from Kafka to ClickHouse until SIGTERM or Ctrl-C.

    Example: MILLRACE_KAFKA__BOOTSTRAP_SERVERS=broker:9092 millrace worker
    """
    raise typer.Exit(run(load_settings()))
