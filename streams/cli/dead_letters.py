"""``millrace dead-letters``: what was refused, why, and where to find it in the log."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from millrace.clickhouse.client import Store
from millrace.schemas.errors import ConfigurationError
from millrace.streams.cli.where import settings_of

app = typer.Typer(
    help="Look at the events that were refused.", no_args_is_help=True, rich_markup_mode=None
)

_DATA = Annotated[Path | None, typer.Option("--data", help="Directory of a running `millrace up`.")]
_JSON = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]

_GROUPS = """
SELECT reason, namespace, name, field, toUInt64(count()) AS letters,
       min(received_at) AS first, max(received_at) AS last,
       argMax(concat(topic, '/', toString(partition), '/', toString(offset)), received_at) AS newest
FROM dead_letters
WHERE {reason:String} IN ('', reason)
GROUP BY reason, namespace, name, field
ORDER BY letters DESC, reason, namespace, name, field
LIMIT {limit:UInt32}
"""
_ONE = """
SELECT log, topic, partition, offset, received_at, tenant, namespace, name, reason, field, message,
       payload, size
FROM dead_letters
WHERE topic = {topic:String} AND partition = {partition:UInt32} AND offset = {offset:UInt64}
ORDER BY received_at DESC LIMIT 1
"""


@app.command("list")
def list_letters(
    reason: Annotated[str, typer.Option("--reason", help="Only this reason.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many groups.")] = 50,
    data: _DATA = None,
    as_json: _JSON = False,
) -> None:
    """List the dead letters, grouped by reason, name and field, most frequent first.

    When the output is piped, a line has the columns separated by tabs.

    Example: millrace dead-letters list --reason unknown_name
    """
    columns = ("reason", "namespace", "name", "field", "letters", "first", "last", "newest")
    found = _store(data).rows(_GROUPS, {"reason": reason, "limit": limit})
    if as_json:
        typer.echo(json.dumps([_json(columns, row) for row in found], ensure_ascii=False))
        return
    if not found:
        typer.echo("There are no dead letters.")
        return
    texts = [[_text(value) for value in row] for row in found]
    if not sys.stdout.isatty():
        typer.echo("\n".join("\t".join(row) for row in texts))
        return
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in texts:
        table.add_row(*row)
    Console(markup=False).print(table)


@app.command("show")
def show_letter(
    coordinate: Annotated[str, typer.Argument(help="TOPIC/PARTITION/OFFSET, as `list` shows it.")],
    data: _DATA = None,
    as_json: _JSON = False,
) -> None:
    """Show one dead letter with what may be kept of the record.

    Example: millrace dead-letters show telemetry.events/0/1234
    """
    topic, partition, offset = _parse(coordinate)
    found = _store(data).rows(_ONE, {"topic": topic, "partition": partition, "offset": offset})
    if not found:
        raise ConfigurationError(
            f"There is no dead letter at {coordinate}: millrace dead-letters list shows the newest"
        )
    columns = (
        *("log", "topic", "partition", "offset", "received_at", "tenant", "namespace", "name"),
        *("reason", "field", "message", "payload", "size"),
    )
    letter = _json(columns, found[0])
    if as_json:
        typer.echo(json.dumps(letter, ensure_ascii=False))
        return
    for column in columns:
        typer.echo(f"{column:12} {_text(letter[column])}")


def _store(data: Path | None) -> Store:
    settings = settings_of(data).clickhouse
    return Store.connect(settings.url.get_secret_value(), timeout=settings.timeout)


def _parse(coordinate: str) -> tuple[str, int, int]:
    topic, _, place = coordinate.partition("/")
    partition, _, offset = place.partition("/")
    if not (topic and partition.isdecimal() and offset.isdecimal()):
        raise ConfigurationError(
            f"{coordinate!r} is not a coordinate: write TOPIC/PARTITION/OFFSET, as list shows it"
        )
    return topic, int(partition), int(offset)


def _json(columns: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    return {
        column: value.isoformat() if isinstance(value, datetime) else value
        for column, value in zip(columns, row, strict=True)
    }


def _text(value: Any) -> str:
    text = value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)
    # What a producer sent must not steer the terminal.
    return "".join(c if c.isprintable() else "�" for c in text)
