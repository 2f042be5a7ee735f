"""When the proof runs in a worker, what it says and what it survives."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Report
from millrace.schemas.catalogue_files import load_catalogue
from millrace.schemas.errors import StoreError
from millrace.streams.decode import Decoder
from millrace.streams.reconcile_schedule import ReconcileSchedule
from millrace.streams.record_batch import record_batch
from millrace.streams.settings import ReconcileSettings, Settings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class ManualClock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return self.seconds


class ClosingStore:
    """A store of which only the end matters."""

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Rig:
    """A schedule whose sleeps end at once and whose proofs are the test's."""

    def __init__(self, *outcomes: Callable[[], Report], seconds: float = 300.0) -> None:
        self.clock = ManualClock()
        self.outcomes = list(outcomes)
        self.asked: list[dict[str, Any]] = []
        self.sent: list[list[dict[str, Any]]] = []
        self.slept: list[float] = []
        self.stores: list[ClosingStore] = []
        self.done = asyncio.Event()
        self.schedule = ReconcileSchedule(
            Settings(reconcile=ReconcileSettings(seconds=seconds, records=7)),
            self.connect,
            self.clock,
            self.send,
            prove=self.prove,
            sleep=self.sleep,
        )

    def connect(self) -> Store:
        self.stores.append(ClosingStore())
        return cast(Store, self.stores[-1])

    async def prove(self, settings: Settings, store: Store, **asked: Any) -> Report:
        self.asked.append(asked)
        self.clock.seconds += 2.5
        return self.outcomes.pop(0)()

    async def send(self, events: list[dict[str, Any]]) -> None:
        self.sent.append(events)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if not self.outcomes:
            self.done.set()
            await asyncio.Event().wait()
        await asyncio.sleep(0)

    async def run(self) -> None:
        self.schedule.start()
        await self.done.wait()
        self.schedule.stop()


def different() -> Report:
    report = Report(checks=9)
    report.add("rollup_5m, one", "off")
    report.add("rollup_5m, two", "off")
    report.add("events, three", "off")
    return report


def refuse() -> Report:
    raise StoreError("The store could not answer a query: it is away.")


def fail() -> Report:
    raise ValueError("never to be seen")


@pytest.mark.requirement("GAME-30")
def test_it_runs_soon_after_the_start_and_then_at_intervals() -> None:
    rig = Rig(Report, Report, Report)
    asyncio.run(rig.run())
    assert rig.slept == [5.0, 300.0, 300.0, 300.0]
    assert rig.asked[0] == {"patience": None, "records": 7, "gentle": True}
    assert all(store.closed for store in rig.stores)


def test_a_slow_proof_waits_longer_for_its_next() -> None:
    rig = Rig(Report, Report, seconds=10.0)
    asyncio.run(rig.run())
    assert rig.slept == [5.0, 25.0, 25.0]


@pytest.mark.requirement("GAME-30")
def test_differences_are_errors_and_events(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig(different)
    with caplog.at_level(logging.INFO):
        asyncio.run(rig.run())
    errors = [one.getMessage() for one in caplog.records if one.levelname == "ERROR"]
    assert errors == [
        "Not reconciled: rollup_5m, one: off.",
        "Not reconciled: rollup_5m, two: off.",
        "Not reconciled: events, three: off.",
    ]
    (events,) = rig.sent
    assert [(one["name"], one["measurements"], one["tags"]) for one in events] == [
        ("millrace.reconcile.finished", {"differences": 3, "checks": 9, "seconds": 2.5}, {}),
        ("millrace.reconcile.difference", {"count": 1}, {"table": "events"}),
        ("millrace.reconcile.difference", {"count": 2}, {"table": "rollup_5m"}),
    ]
    raw = [json.dumps(one).encode() for one in events]
    milliseconds = [int(NOW.timestamp() * 1000)] * len(raw)
    batch = Decoder(load_catalogue(), b"k").decode(
        record_batch("t", 0, 0, range(len(raw)), milliseconds, raw), "log"
    )
    assert (batch.stored, batch.refusals, dict(batch.dropped)) == (3, (), {})


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (refuse, "Not reconciled, to be tried again: The store could not answer a query: it is"),
        (fail, "Not reconciled, to be tried again: unexpected ValueError."),
    ],
)
def test_a_run_that_cannot_be_made_is_one_warning_and_tried_again(
    caplog: pytest.LogCaptureFixture, outcome: Callable[[], Report], text: str
) -> None:
    rig = Rig(outcome, Report)
    with caplog.at_level(logging.INFO):
        asyncio.run(rig.run())
    warnings = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert len(warnings) == 1
    assert warnings[0].startswith(text)
    assert len(rig.sent) == 1
    assert all(store.closed for store in rig.stores)


def test_it_does_not_run_when_it_is_off_nor_twice_at_once() -> None:
    async def off() -> list[float]:
        rig = Rig(Report, seconds=0)
        rig.schedule.start()
        await asyncio.sleep(0)
        rig.schedule.stop()
        return rig.slept

    async def twice() -> list[float]:
        rig = Rig(Report)
        rig.schedule.start()
        rig.schedule.start()
        await rig.done.wait()
        rig.schedule.stop()
        rig.schedule.stop()
        return rig.slept

    assert asyncio.run(off()) == []
    assert asyncio.run(twice()) == [5.0, 300.0]
