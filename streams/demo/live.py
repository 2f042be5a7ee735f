"""One line that tells, while a demo runs, how fast it is and how far the store is behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from millrace.streams.demo.progress import Positions


@contextmanager
def live_line(console: Console, *, shown: bool) -> Iterator[Callable[[Positions], None]]:
    """Give the function that redraws the line; it draws nothing but on a terminal."""
    if not (shown and console.is_terminal):
        yield lambda positions: None
        return
    with console.status("Starting the feed") as status:
        last: tuple[float, int] | None = None

        def redraw(positions: Positions) -> None:
            nonlocal last
            now, stored = time.monotonic(), sum(positions.done.values())
            rate = (stored - last[1]) / max(now - last[0], 1e-9) if last else 0.0
            last = (now, stored)
            status.update(f"{rate:,.0f} events/s, {stored:,} done, {positions.lag:,} behind")

        yield redraw
