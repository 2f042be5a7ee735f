"""``millrace topics``: how the topics are laid out and where they stand; more partitions."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from millrace.clickhouse.client import Store
from millrace.schemas.errors import ConfigurationError, MillraceError
from millrace.streams.cli.where import settings_of
from millrace.streams.co_partitions import GROW, partitioned_unlike
from millrace.streams.settings import Settings
from millrace.streams.topics import declarations
from millrace.streams.topics_grow import Growth, grow, plan_growth
from millrace.streams.topics_status import TopicStatus, topics_status, with_store

app = typer.Typer(
    help="Look at the topics; give them more partitions.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_DATA = Annotated[Path | None, typer.Option("--data", help="Directory of a running `millrace up`.")]
_JSON = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]

_TOPIC_COLUMNS = ("topic", "partitions", "copies", "cleanup", "records", "lag", "paused")
_PARTITION_COLUMNS = ("partition", "log start", "log end", "ledger end", "lag", "paused")
_RESTART = (
    "Restart the workers to have the new partitions taken up at once; left alone they notice within"
    " five minutes."
)


@app.command("status")
def show_status(data: _DATA = None, as_json: _JSON = False) -> None:
    """Show every topic: partitions, copies, cleanup, the log, the ledger, the lag, what is paused.

    Exit 1 when the topics that share the events' layout are not partitioned alike. When the output
    is piped, a line has the columns separated by tabs.

    Example: millrace topics status --json
    """
    settings = settings_of(data)
    _quiet()
    known, topics = _ask_store(settings, asyncio.run(topics_status(settings.kafka)))
    numbers = {one.name: len(one.partitions) for one in topics if one.partitions}
    unlike = partitioned_unlike(declarations(settings.kafka), numbers)
    if as_json:
        described = [_described(topic, known) for topic in topics]
        typer.echo(json.dumps({"alike": not unlike, "store": known, "topics": described}))
    else:
        _show(_TOPIC_COLUMNS, [_topic_row(topic, known) for topic in topics])
        _show(_PARTITION_COLUMNS, list(_partition_rows(topics, known)))
    if unlike:
        print(f"millrace: {unlike[0].upper()}{unlike[1:]}; {GROW}", file=sys.stderr)
    raise typer.Exit(1 if unlike else 0)


@app.command("grow")
def grow_topics(
    partitions: Annotated[
        int | None,
        typer.Option("--partitions", min=1, max=1024, help="How many each shall have."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: _DATA = None,
    as_json: _JSON = False,
) -> None:
    """Give all topics that share the events' layout more partitions, together.

    Without --partitions they get as many as the largest among them has: that repairs a topic that
    was grown alone, or a growth that was interrupted. Partitions cannot be taken away again.

    Example: millrace topics grow --partitions 8
    """
    settings = settings_of(data)
    _quiet()
    planned = asyncio.run(plan_growth(settings.kafka, partitions))
    if planned.steps and not yes:
        _ask(planned)
    asyncio.run(grow(settings.kafka, planned))
    if as_json:
        grown = {topic: [before, planned.partitions] for topic, before in planned.steps.items()}
        typer.echo(json.dumps({"partitions": planned.partitions, "grown": grown}))
        return
    for topic, before in planned.steps.items():
        typer.echo(f"{topic}: {before} to {planned.partitions} partitions")
    typer.echo(_RESTART if planned.steps else f"All have {planned.partitions} partitions already.")


def _ask(planned: Growth) -> None:
    steps = ", ".join(f"{topic} from {before}" for topic, before in planned.steps.items())
    if not sys.stdin.isatty():
        raise ConfigurationError(
            f"This would grow {steps} to {planned.partitions} partitions for good: add --yes"
        )
    print(f"To {planned.partitions} partitions for good: {steps}.", file=sys.stderr)
    typer.confirm("Grow them?", abort=True, err=True)


def _quiet() -> None:
    # What the client has to say about an absent broker is in the error that follows.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def _ask_store(
    settings: Settings, topics: Sequence[TopicStatus]
) -> tuple[bool, Sequence[TopicStatus]]:
    """Add what the store knows; without it, say so and whether it is known."""
    clickhouse = settings.clickhouse
    try:
        store = Store.connect(clickhouse.url.get_secret_value(), timeout=clickhouse.timeout)
        try:
            return True, with_store(store, topics)
        finally:
            store.close()
    except MillraceError as error:
        print(f"millrace: {error}; shown without the ledger and the pauses", file=sys.stderr)
        return False, topics


def _described(topic: TopicStatus, known: bool) -> dict[str, Any]:
    whole = asdict(topic)
    whole["partitions"] = [
        {
            "partition": part.partition,
            "log_start": part.start,
            "log_end": part.end,
            "ledger_end": part.stored,
            "lag": part.lag if topic.ingested and known else None,
            "paused": part.paused or None,
        }
        for part in topic.partitions
    ]
    return whole


def _topic_row(topic: TopicStatus, known: bool) -> list[str]:
    if not topic.partitions:
        return [topic.name, "not created yet", "", "", "", "", ""]
    told = topic.ingested and known
    paused = [str(part.partition) for part in topic.partitions if part.paused]
    return [
        topic.name,
        str(len(topic.partitions)),
        str(topic.replication),
        topic.cleanup,
        str(sum(part.end - part.start for part in topic.partitions)),
        str(sum(part.lag for part in topic.partitions)) if told else "",
        ", ".join(paused),
    ]


def _partition_rows(topics: Sequence[TopicStatus], known: bool) -> Iterator[list[str]]:
    for topic in topics:
        for part in topic.partitions if topic.ingested else ():
            yield [
                f"{topic.name}-{part.partition}",
                str(part.start),
                str(part.end),
                str(part.stored or 0) if known else "",
                str(part.lag) if known else "",
                "".join(c if c.isprintable() else "�" for c in part.paused),
            ]


def _show(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not sys.stdout.isatty():
        typer.echo("\n".join("\t".join(row) for row in (columns, *rows)))
        return
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(markup=False).print(table)
