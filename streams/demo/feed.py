"""What fills a demo's topic: the simulated services at a set rate, or the lines of a file."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Final

from millrace.schemas.errors import ConfigurationError
from millrace.streams.demo.services import Services
from millrace.streams.produce import Publisher

_TICK_SECONDS: Final = 0.05
_FLUSH_SECONDS: Final = 0.5
#: Events made at once when the feed has fallen behind.
_MOST: Final = 5_000


async def feed_services(publisher: Publisher, rate: float, seconds: float) -> None:
    """Publish ``rate`` events a second for ``seconds``, later ones when the broker holds up."""
    services = Services()
    total = round(rate * seconds)
    begun = flushed = time.monotonic()
    made = 0
    while made < total:
        elapsed = time.monotonic() - begun
        due = min(round(min(elapsed, seconds) * rate) - made, total - made, _MOST)
        if due > 0:
            await publisher.publish(services.lines(due, time.time()))
            made += due
        elif elapsed >= seconds:
            break
        if time.monotonic() - flushed >= _FLUSH_SECONDS:
            await publisher.flush()
            flushed = time.monotonic()
        if due < _MOST:
            await asyncio.sleep(_TICK_SECONDS)


async def feed_file(publisher: Publisher, file: Path) -> None:
    """Publish every line of the file."""
    try:
        with file.open("rb") as lines:
            await publisher.publish(lines)
    except OSError as error:
        raise ConfigurationError(f"The file {file} cannot be read: {error.strerror}") from None
