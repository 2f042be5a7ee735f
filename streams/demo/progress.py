"""How far the store is behind the log, asked of both while a demo runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from millrace.clickhouse.client import Store
from millrace.schemas.errors import BrokerError
from millrace.streams import generations
from millrace.streams.log_positions import ledger_ends, log_ends
from millrace.streams.settings import KafkaSettings

_LOOK_SECONDS: Final = 0.2
#: A worker that stores nothing for so long is not going to.
PATIENCE_SECONDS: Final = 90.0


@dataclass(frozen=True, slots=True)
class Positions:
    """The end of each partition's log, and how far the ledger has come."""

    log: str
    ends: Mapping[int, int]
    done: Mapping[int, int]

    @property
    def records(self) -> int:
        """How many records the log was ever given."""
        return sum(self.ends.values())

    @property
    def lag(self) -> int:
        """How many of them the store has not dealt with."""
        return self.records - sum(self.done.values())


def positions(store: Store, topic: str, ends: Mapping[int, int]) -> Positions:
    """Compare the log's ends with the ledger of the topic's current generation."""
    log = generations.current(store, topic) or ""
    return Positions(log, ends, ledger_ends(store, log, topic))


async def wait_until_stored(
    store: Store,
    kafka: KafkaSettings,
    topic: str,
    *,
    check: Callable[[], None],
    on_look: Callable[[Positions], None],
) -> Positions:
    """Wait until the ledger has reached the end of every partition, as it is now.

    ``check`` raises when the pipeline is no longer alive. Raises BrokerError when nothing moves
    for 90 s.
    """
    ends = await log_ends(kafka, topic)
    loop = asyncio.get_running_loop()
    moved, last = loop.time(), -1
    while True:
        now = await asyncio.to_thread(positions, store, topic, ends)
        on_look(now)
        if all(now.done.get(partition, 0) >= end for partition, end in ends.items()):
            return now
        check()
        if now.lag != last:
            moved, last = loop.time(), now.lag
        if loop.time() - moved > PATIENCE_SECONDS:
            raise BrokerError(
                f"The worker has stored nothing for {PATIENCE_SECONDS:g} s and is {now.lag:,} "
                "records behind; its log worker.log in the data directory says why"
            )
        await asyncio.sleep(_LOOK_SECONDS)
