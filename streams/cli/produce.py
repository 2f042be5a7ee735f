"""``millrace produce``: publish the lines of a file to a topic."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from millrace.schemas.errors import ConfigurationError
from millrace.streams.produce import Publisher
from millrace.streams.settings import KafkaSettings, load_settings
from millrace.streams.topics import Topics

_FAILURES_SHOWN = 20


def produce(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="NDJSON, one event a line; - is standard input.")
    ],
    topic: Annotated[str, typer.Option(help="The topic; else the one for events.")] = "",
) -> None:
    """Publish every line of a file and wait until the broker has all of them.

    Lines are not checked: what is wrong with an event is for the worker to say. Exit 1 when a line
    could not be published; each is named.

    Example: millrace produce events.ndjson
    """
    kafka = load_settings().kafka
    with _opened(file) as (lines, size):
        target = topic or Topics(kafka.topic_prefix).events
        publisher = asyncio.run(_publish(kafka, target, lines, size))
    for failure in publisher.failures[:_FAILURES_SHOWN]:
        typer.echo(f"Line {failure.line} was not published: {failure.reason}.", err=True)
    if len(publisher.failures) > _FAILURES_SHOWN:
        typer.echo(f"And {len(publisher.failures) - _FAILURES_SHOWN} more.", err=True)
    typer.echo(f"Published {publisher.acknowledged:,} of {publisher.read:,} lines.")
    if publisher.failures:
        raise typer.Exit(1)


async def _publish(
    kafka: KafkaSettings, topic: str, lines: Iterable[bytes], size: int
) -> Publisher:
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with progress:
        task = progress.add_task("lines acknowledged", total=None)

        def show(publisher: Publisher) -> None:
            done = publisher.bytes_read
            total = publisher.read * size // done if size and done else None
            progress.update(task, completed=publisher.acknowledged, total=total)

        async with Publisher(kafka, topic, on_progress=show) as publisher:
            await publisher.publish(lines)
    return publisher


@contextmanager
def _opened(file: str) -> Iterator[tuple[BinaryIO, int]]:
    """Give the lines and how many bytes they are, 0 when that is not known."""
    if file == "-":
        yield sys.stdin.buffer, 0
        return
    try:
        with Path(file).open("rb") as lines:
            yield lines, Path(file).stat().st_size
    except OSError as error:
        raise ConfigurationError(f"The file {file} cannot be read: {error.strerror}") from None
