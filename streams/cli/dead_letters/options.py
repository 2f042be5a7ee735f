"""The options that the commands on dead letters share."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from millrace.clickhouse.client import Store
from millrace.streams.letters import Filters, since
from millrace.streams.settings import Settings

Data = Annotated[Path | None, typer.Option("--data", help="Directory of a running `millrace up`.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Reason = Annotated[str, typer.Option("--reason", help="Only this reason.")]
Name = Annotated[str, typer.Option("--name", help="Only events of this name.")]
Field = Annotated[str, typer.Option("--field", help="Only where this field was at fault.")]
Tenant = Annotated[str, typer.Option("--tenant", help="Only this tenant's.")]
Topic = Annotated[str, typer.Option("--topic", help="Only of this topic.")]
Since = Annotated[
    str, typer.Option("--since", help="Only received since: 30m, 12h, 7d or an RFC 3339 time.")
]
All = Annotated[bool, typer.Option("--all", help="Also those that were redriven since.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, change nothing.")]


def filters_of(reason: str, name: str, field: str, tenant: str, topic: str, since_: str) -> Filters:
    """Return the filters that the options say. Raises ConfigurationError for a faulty time."""
    return Filters(reason, name, field, tenant, topic, since(since_, datetime.now(UTC)))


def store_of(settings: Settings) -> Store:
    """Return a connection to an installation's store."""
    clickhouse = settings.clickhouse
    return Store.connect(clickhouse.url.get_secret_value(), timeout=clickhouse.timeout)
