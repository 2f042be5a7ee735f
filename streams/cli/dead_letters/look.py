"""``millrace dead-letters list``, ``show`` and ``export``: nothing here changes anything."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from millrace.clickhouse.client import Store
from millrace.schemas.errors import ConfigurationError
from millrace.streams import letters
from millrace.streams.cli.dead_letters import options
from millrace.streams.cli.where import settings_of
from millrace.streams.letter_jobs import open_jobs
from millrace.streams.letters import COLUMNS, Place
from millrace.streams.pauses import paused

_GROUP: Final = ("reason", "namespace", "name", "field", "letters", "first", "last", "newest")
_ONE: Final = f"""
SELECT {", ".join(COLUMNS)} FROM dead_letters
WHERE topic = {{topic:String}} AND partition = {{partition:UInt32}} AND offset = {{offset:UInt64}}
ORDER BY received_at DESC LIMIT 1
"""
_PURGED: Final = """
SELECT max(at) FROM letter_marks WHERE topic = {topic:String} AND partition = {partition:UInt32}
  AND offset = {offset:UInt64} AND mark = 'purged'
HAVING count() > 0
"""


def list_letters(
    reason: options.Reason = "",
    name: options.Name = "",
    field: options.Field = "",
    tenant: options.Tenant = "",
    topic: options.Topic = "",
    since: options.Since = "",
    settled: options.All = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many groups.")] = 50,
    data: options.Data = None,
    as_json: options.Json = False,
) -> None:
    """List the dead letters, grouped by reason, name and field, most frequent first.

    Those that were redriven, or found to be duplicates then, are left out without --all. When the
    output is piped, a line has the columns separated by tabs.

    Example: millrace dead-letters list --reason unknown_name --since 12h
    """
    filters = options.filters_of(reason, name, field, tenant, topic, since)
    store = options.store_of(settings_of(data))
    found = letters.groups(store, filters, limit=limit, settled=settled)
    _warn(store)
    if as_json:
        typer.echo(json.dumps([_json(_GROUP, row) for row in found], ensure_ascii=False))
        return
    if not found:
        typer.echo("There are no dead letters.")
        return
    texts = [[_text(value) for value in row] for row in found]
    if not sys.stdout.isatty():
        typer.echo("\n".join("\t".join(row) for row in texts))
        return
    table = Table()
    for column in _GROUP:
        table.add_column(column, overflow="fold")
    for row in texts:
        table.add_row(*row)
    Console(markup=False).print(table)


def show_letter(
    coordinate: Annotated[str, typer.Argument(help="TOPIC/PARTITION/OFFSET, as `list` shows it.")],
    data: options.Data = None,
    as_json: options.Json = False,
) -> None:
    """Show one dead letter with what may be kept of the record, and what became of it.

    Example: millrace dead-letters show telemetry.events/0/1234
    """
    topic, partition, offset = _parse(coordinate)
    where = {"topic": topic, "partition": partition, "offset": offset}
    store = options.store_of(settings_of(data))
    found = store.rows(_ONE, where)
    purged = store.rows(_PURGED, where)
    if purged and not found:
        raise ConfigurationError(f"The dead letter at {coordinate} was purged at {purged[0][0]}")
    if not found:
        raise ConfigurationError(
            f"There is no dead letter at {coordinate}: millrace dead-letters list shows the newest"
        )
    letter = _json(COLUMNS, found[0])
    place = Place(letter["log"], letter["topic"], letter["partition"])
    marks = letters.marks(store, place, offset)
    if as_json:
        names = ("mark", "job", "catalogue", "at")
        letter["marks"] = [_json(names, mark) for mark in marks]
        typer.echo(json.dumps(letter, ensure_ascii=False))
        return
    for column in COLUMNS:
        typer.echo(f"{column:12} {_text(letter[column])}")
    for mark, job, catalogue, at in marks:
        by = f" by catalogue {catalogue[:12]}" if catalogue else ""
        typer.echo(f"{mark:12} {_text(at)}{by} (job {job})")


def export_letters(
    to: Annotated[
        Path | None, typer.Option("--to", help="File to write; without it, stdout.")
    ] = None,
    reason: options.Reason = "",
    name: options.Name = "",
    field: options.Field = "",
    tenant: options.Tenant = "",
    topic: options.Topic = "",
    since: options.Since = "",
    settled: options.All = False,
    data: options.Data = None,
) -> None:
    """Write the dead letters as they are kept, one JSON object a line.

    The records themselves are not written: they may hold values that must not be stored. A file is
    there only once it is complete.

    Example: millrace dead-letters export --reason unknown_name --to letters.ndjson
    """
    filters = options.filters_of(reason, name, field, tenant, topic, since)
    rows = letters.export(options.store_of(settings_of(data)), filters, settled=settled)
    if to is None:
        _write(rows, None)
        return
    unfinished = to.with_name(f".{to.name}.unfinished")
    try:
        count = _write(rows, unfinished)
        unfinished.replace(to)
    except OSError as error:
        raise ConfigurationError(f"The file {to} cannot be written: {error.strerror}") from error
    typer.echo(f"Wrote {count:,} letters to {to}.", err=True)


def _write(rows: Iterable[Sequence[Any]], path: Path | None) -> int:
    count = 0
    with nullcontext(sys.stdout) if path is None else _private(path) as out:
        for row in rows:
            out.write(json.dumps(_json(COLUMNS, row), ensure_ascii=False) + "\n")
            count += 1
    return count


def _private(path: Path) -> Any:
    # Names and tags of refused events are nobody's business but the operator's.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")


def _warn(store: Store) -> None:
    for pause in paused(store):
        place = pause.place
        typer.echo(
            f"Partition {place.topic}/{place.partition} is paused at offset {pause.offset}:"
            f" {_text(pause.reason)}; millrace dead-letters resume lets it go on",
            err=True,
        )
    unfinished = len(open_jobs(store))
    if unfinished:
        typer.echo(
            f"Unfinished jobs on dead letters: {unfinished};"
            " the next redrive or purge finishes them first",
            err=True,
        )


def _parse(coordinate: str) -> tuple[str, int, int]:
    head, _, offset = coordinate.rpartition("/")
    topic, _, partition = head.rpartition("/")
    if not (topic and _whole(partition, 2**32) and _whole(offset, 2**64)):
        raise ConfigurationError(
            f"{coordinate!r} is not a coordinate: write TOPIC/PARTITION/OFFSET, as list shows it"
        )
    return topic, int(partition), int(offset)


def _whole(text: str, limit: int) -> bool:
    # Digits of other scripts are decimal too, and a long text is slow to turn into a number.
    return text.isascii() and text.isdecimal() and len(text) <= 20 and int(text) < limit


def _json(columns: Sequence[str], row: Sequence[Any] | Mapping[str, Any]) -> dict[str, Any]:
    return {
        column: value.isoformat() if isinstance(value, datetime) else value
        for column, value in zip(columns, row, strict=True)
    }


def _text(value: Any) -> str:
    text = value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)
    # What a producer sent must not steer the terminal.
    return "".join(c if c.isprintable() else "�" for c in text)
