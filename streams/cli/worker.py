"""``millrace worker``: one production process."""

from __future__ import annotations

from typing import Annotated

import typer

from millrace.streams.settings import load_settings
from millrace.streams.worker import leave, run


def worker(
    drain: Annotated[
        bool,
        typer.Option("--drain", help="Complete the ranges that were left open, then end."),
    ] = False,
) -> None:
    """Take events from Kafka to ClickHouse until SIGTERM or Ctrl-C.

    Before a migration that changes views: stop the workers (SIGTERM), run one with --drain, then
    migrate. It ends with 0 as soon as no range is open; it does not wait for the topic's end.

    Example: MILLRACE_KAFKA__BOOTSTRAP_SERVERS=broker:9092 millrace worker
    """
    code = run(load_settings(), drain=drain)
    leave(code)
    raise typer.Exit(code)
