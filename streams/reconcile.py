"""Reconciles a running installation: waits for the workers, reads the log, compares the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from millrace.clickhouse.client import Store
from millrace.clickhouse.reconcile import Report, reconcile
from millrace.schemas.catalogue_files import load_catalogue
from millrace.streams import generations
from millrace.streams.log_facts import read_log
from millrace.streams.log_positions import ledger_ends, log_ends
from millrace.streams.settings import Settings
from millrace.streams.topics import Topics

#: How long a worker may take to store what is in the log before that counts as a difference.
PATIENCE: Final = 60.0
_LOOK: Final = 0.5
#: Rows that land between two of the comparison's queries look like differences; real ones stay.
_ATTEMPTS: Final = 3
_BETWEEN: Final = 1.0


async def prove(
    settings: Settings,
    store: Store,
    *,
    patience: float = PATIENCE,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Compare the log with the store, while workers may go on writing.

    What is in the log at the call gets ``patience`` seconds to be stored; what is still missing
    then is a difference.
    """
    await _wait_for_ledger(settings, store, patience)
    catalogue = load_catalogue(settings.catalogue_files)
    facts = await read_log(settings, catalogue, store, progress=progress)
    retention = settings.retention.model_dump()
    for attempt in range(_ATTEMPTS):
        if attempt:
            await asyncio.sleep(_BETWEEN)
        report = await asyncio.to_thread(
            reconcile, store, facts, retention=retention, now=datetime.now(UTC)
        )
        if report.ok:
            break
    return report


async def _wait_for_ledger(settings: Settings, store: Store, patience: float) -> None:
    topic = Topics(settings.kafka.topic_prefix).events
    deadline = asyncio.get_running_loop().time() + patience
    ends = await log_ends(settings.kafka, topic)
    while not await asyncio.to_thread(_reached, store, topic, ends):
        if asyncio.get_running_loop().time() >= deadline:
            return
        await asyncio.sleep(_LOOK)


def _reached(store: Store, topic: str, ends: dict[int, int]) -> bool:
    found = ledger_ends(store, generations.current(store, topic) or "", topic)
    return all(found.get(partition, 0) >= end for partition, end in ends.items())
