"""When a worker looks at the store, what it says and what it survives."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from millrace.clickhouse.client import Store
from millrace.schemas.catalogue_files import load_catalogue
from millrace.schemas.errors import StoreError
from millrace.streams.decode import Decoder
from millrace.streams.record_batch import record_batch
from millrace.streams.settings import Settings
from millrace.streams.store_figures import StoreFigures

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TABLES = [
    ("events", "game", 3, 2, 500, 9000),
    ("events", "webapp", 5, 4, 70, 800),
    ("ingest_ledger", "", 1, 1, 12, 300),
]
ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    "system.parts": TABLES,
    "system.merges": [(2, 1.5)],
    "system.disks": [("default", 10, 40), ("bucket", 2**64 - 1, 2**64 - 1)],
}


class StoppedClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


class SystemTables:
    """A store that has only system tables, and refuses those that are not granted."""

    def __init__(self, refused: Sequence[str]) -> None:
        self.refused, self.closed = refused, False

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        (table,) = (name for name in ANSWERS if name in sql)
        if table in self.refused:
            raise StoreError(f"Not enough privileges for {table}.")
        return ANSWERS[table]

    def close(self) -> None:
        self.closed = True


class Rig:
    """Figures whose sleeps end at once, for so many rounds."""

    def __init__(self, *refused: str, rounds: int = 1, seconds: float = 5.0) -> None:
        self.refused, self.rounds = refused, rounds
        self.away = False
        self.sent: list[list[dict[str, Any]]] = []
        self.slept: list[float] = []
        self.stores: list[SystemTables] = []
        self.done = asyncio.Event()
        self.figures = StoreFigures(
            Settings(telemetry_seconds=seconds),
            self.connect,
            StoppedClock(),
            self.send,
            sleep=self.sleep,
        )

    def connect(self) -> Store:
        if self.away:
            raise StoreError("The store is away.")
        self.stores.append(SystemTables(self.refused))
        return cast(Store, self.stores[-1])

    async def send(self, events: list[dict[str, Any]]) -> None:
        self.sent.append(events)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) >= self.rounds:
            self.done.set()
            await asyncio.Event().wait()

    async def run(self) -> None:
        self.figures.start()
        self.figures.start()
        await self.done.wait()
        self.figures.stop()
        self.figures.stop()

    def said(self) -> set[str]:
        return {event["name"] for events in self.sent for event in events}


def test_it_tells_parts_sizes_merges_and_disks_that_the_catalogue_knows() -> None:
    rig = Rig()
    asyncio.run(rig.run())
    (events,) = rig.sent
    assert [(one["name"], one["measurements"], one["tags"]) for one in events] == [
        (
            "millrace.store.table",
            {"rows": 500, "bytes": 9000},
            {"table": "events", "retention_class": "game"},
        ),
        (
            "millrace.store.table",
            {"rows": 70, "bytes": 800},
            {"table": "events", "retention_class": "webapp"},
        ),
        (
            "millrace.store.table",
            {"rows": 12, "bytes": 300},
            {"table": "ingest_ledger", "retention_class": "default"},
        ),
        ("millrace.store.parts", {"parts": 4, "total": 8}, {"table": "events"}),
        ("millrace.store.parts", {"parts": 1, "total": 1}, {"table": "ingest_ledger"}),
        ("millrace.store.merges", {"running": 2, "seconds": 1.5}, {}),
        ("millrace.store.disk", {"free_bytes": 10, "total_bytes": 40}, {"disk": "default"}),
    ]
    raw = [json.dumps(one).encode() for one in events]
    milliseconds = [int(NOW.timestamp() * 1000)] * len(raw)
    batch = Decoder(load_catalogue(), b"k").decode(
        record_batch("t", 0, 0, range(len(raw)), milliseconds, raw), "log"
    )
    assert (batch.stored, batch.refusals, dict(batch.dropped)) == (len(raw), (), {})


@pytest.mark.parametrize(("seconds", "slept"), [(5.0, 60.0), (300.0, 300.0)])
def test_it_looks_once_a_minute_or_as_seldom_as_all_telemetry(seconds: float, slept: float) -> None:
    rig = Rig(rounds=3, seconds=seconds)
    asyncio.run(rig.run())
    assert rig.slept == [slept] * 3
    assert len(rig.sent) == 3
    assert [store.closed for store in rig.stores] == [True] * 3


@pytest.mark.parametrize(
    ("refused", "missing"),
    [
        ("system.parts", {"millrace.store.table", "millrace.store.parts"}),
        ("system.merges", {"millrace.store.merges"}),
        ("system.disks", {"millrace.store.disk"}),
    ],
)
def test_what_is_not_granted_is_one_warning_and_no_figure(
    caplog: pytest.LogCaptureFixture, refused: str, missing: set[str]
) -> None:
    everything, rig = Rig(), Rig(refused, rounds=3)
    asyncio.run(everything.run())
    with caplog.at_level(logging.INFO):
        asyncio.run(rig.run())
    assert everything.said() - rig.said() == missing
    assert len(caplog.records) == 1
    assert "is its system table granted? Not enough privileges" in caplog.messages[0]
    assert all(store.closed for store in rig.stores)


def test_a_store_that_is_away_is_one_warning_and_asked_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig(rounds=2)
    rig.away = True
    asyncio.run(rig.run())
    assert (rig.sent, len(caplog.records), len(rig.slept)) == ([], 1, 2)


def test_it_says_nothing_when_own_telemetry_is_off() -> None:
    async def off() -> Rig:
        rig = Rig(seconds=0)
        rig.figures.start()
        await asyncio.sleep(0)
        rig.figures.stop()
        return rig

    rig = asyncio.run(off())
    assert (rig.sent, rig.slept, rig.stores) == ([], [], [])
