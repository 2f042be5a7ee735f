"""``millrace tail``: live windows as they come."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, Protocol

import typer
from rich.console import Console
from rich.live import Live

from millrace.schemas.errors import ConfigurationError
from millrace.streams.cli.where import settings_of
from millrace.streams.clock import Clock, SystemClock
from millrace.streams.kept_windows import KeptWindows, Wanted, WindowKey
from millrace.streams.local.signals import sigterm_is_ctrl_c
from millrace.streams.sanitize import Pairs
from millrace.streams.settings import KafkaSettings, WindowSettings
from millrace.streams.window_board import COLUMNS, Board, cells
from millrace.streams.window_merge import Merged, merge
from millrace.streams.window_reader import window_reader

#: Seconds between two pictures of the table, at least, and between two looks at the time.
_REFRESH: Final = 0.25


class View(Protocol):
    """Where windows are shown."""

    def show(self, keys: Sequence[WindowKey], kept: KeptWindows) -> None:
        """Show what has changed; nothing has when there are no keys."""


def tail(
    name: Annotated[str, typer.Option("--name", help="Only events of this name.")] = "",
    tenant: Annotated[str, typer.Option("--tenant", help="Only this tenant's.")] = "",
    tag: Annotated[
        list[str] | None,
        typer.Option(
            "--tag",
            metavar="KEY=VALUE",
            help="Only with this tag; several must all be there. KEY= is without it.",
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option("--size", min=1, help="Width of the windows in seconds; else the smallest."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Show what is open now and end.")] = False,
    seconds: Annotated[
        float | None, typer.Option("--for", min=0, help="End by itself after so many seconds.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Directory of a running `millrace up`.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a window.")] = False,
) -> None:
    """Show live windows as they come, beginning with what is open now, until Ctrl-C.

    In a terminal it is a table with the newest window of each series. When the output is piped,
    each change is a line with the columns separated by tabs, or with --json an object.

    Example: millrace tail --name api.requests --tag region=eu
    """
    settings = settings_of(data)
    wanted = Wanted(name, tenant, _pairs(tag or ()), _size(settings.windows, size))
    # What the client has to say about an absent broker is in the error that follows.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    limit = 0.0 if once else seconds
    with sigterm_is_ctrl_c():
        try:
            with _view(as_json=as_json, once=once) as view:
                asyncio.run(follow(settings.kafka, wanted, view, limit, SystemClock()))
        except KeyboardInterrupt:
            return


async def follow(
    kafka: KafkaSettings, wanted: Wanted, view: View, seconds: float | None, clock: Clock
) -> None:
    """Show what is open, then every change, for so many seconds or for ever.

    Raises BrokerError when Kafka does not answer.
    """
    async with window_reader(kafka, wanted) as reader:
        await reader.catch_up()
        view.show(list(reader.kept.open()), reader.kept)
        end = None if seconds is None else clock.monotonic() + seconds
        while (left := _REFRESH if end is None else end - clock.monotonic()) > 0:
            view.show(await reader.poll(min(left, _REFRESH)), reader.kept)


class Lines:
    """Writes every changed window as a line, at once."""

    def __init__(self, write: Callable[[str], None], line: Callable[[Merged], str]) -> None:
        self._write, self._line = write, line

    def show(self, keys: Sequence[WindowKey], kept: KeptWindows) -> None:
        """Write a line for each window that is not removed."""
        found = [windows for key in keys if (windows := kept.windows(key))]
        if found:
            self._write("\n".join(self._line(merge(windows)) for windows in found))


class Screen:
    """Draws a table again whenever windows have changed, but not all the time."""

    def __init__(self, live: Live, clock: Clock) -> None:
        self._live, self._clock = live, clock
        self._board = Board()
        self._drawn: float | None = None
        self._stale = True

    def show(self, keys: Sequence[WindowKey], kept: KeptWindows) -> None:
        """Take the changes in; draw when the last picture is old enough."""
        self._board.change(keys)
        self._stale = self._stale or bool(keys)
        now = self._clock.monotonic()
        if self._stale and (self._drawn is None or now - self._drawn >= _REFRESH):
            width, height = self._live.console.size
            self._live.update(self._board.table(kept, width=width, height=height), refresh=True)
            self._drawn, self._stale = now, False


class Picture:
    """Prints one table of everything."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, keys: Sequence[WindowKey], kept: KeptWindows) -> None:
        """Print them."""
        board = Board()
        board.change(keys)
        self._console.print(board.table(kept, width=self._console.width))


def json_line(window: Merged) -> str:
    """Return a window as one line of JSON."""
    return json.dumps(window.as_dict(), ensure_ascii=False)


def tab_line(window: Merged) -> str:
    """Return a window's cells, separated by tabs."""
    return "\t".join(cells(window))


@contextmanager
def _view(*, as_json: bool, once: bool) -> Iterator[View]:
    if as_json:
        yield Lines(typer.echo, json_line)
    elif not sys.stdout.isatty():
        typer.echo("\t".join(COLUMNS))
        yield Lines(typer.echo, tab_line)
    elif once:
        yield Picture(Console())
    else:
        with Live(console=Console(), auto_refresh=False, vertical_overflow="crop") as live:
            yield Screen(live, SystemClock())


def _size(windows: WindowSettings, size: int | None) -> int:
    if not windows.enabled or not windows.sizes:
        raise ConfigurationError(
            "Live windows are switched off: set MILLRACE_WINDOWS__ENABLED and "
            "MILLRACE_WINDOWS__SIZES for the workers and here"
        )
    if size is not None and size not in windows.sizes:
        known = ", ".join(map(str, sorted(windows.sizes)))
        raise ConfigurationError(
            f"There are no windows of {size} s: choose one of {known} (MILLRACE_WINDOWS__SIZES)"
        )
    return min(windows.sizes) if size is None else size


def _pairs(tags: Sequence[str]) -> Pairs:
    for tag in tags:
        if "=" not in tag.lstrip("="):
            raise typer.BadParameter(f"--tag takes KEY=VALUE, not {tag!r}")
    return tuple((key, value) for key, _, value in (tag.partition("=") for tag in tags))
