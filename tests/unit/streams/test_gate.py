"""The gate: a partition waits when too much of it is refused, and goes on in time."""

from __future__ import annotations

import asyncio

import pytest
from ingest_doubles import (
    NOW,
    RecordingPositions,
    RecordingStore,
    done,
    fetched,
    good,
    running,
    until,
)

from millrace.streams.clock import SystemClock
from millrace.streams.pauses import paused, resume
from millrace.streams.settings import RefusalSettings
from millrace.streams.telemetry import Telemetry

BAD, LOOK = b"{", 0.01


@pytest.mark.parametrize(
    "limits",
    [
        pytest.param({"window": 10, "max_ratio": 0.5}, id="ratio"),
        pytest.param({"window": 10**6, "max_consecutive": 8}, id="consecutive"),
    ],
)
async def test_a_bad_deploy_pauses_its_partition_until_somebody_says_so(
    limits: dict[str, float], caplog: pytest.LogCaptureFixture
) -> None:
    store = RecordingStore()
    telemetry = Telemetry(SystemClock(), "worker")
    refusals = RefusalSettings.model_validate({"look_seconds": LOOK, **limits})
    async with running(
        store, RecordingPositions(store), refusals=refusals, tail=[BAD] * 5, telemetry=telemetry
    ) as ingest:
        ingest.add(fetched(0, [good(1), *[BAD] * 9]))
        await until(lambda: bool(store.all("ingest_pauses")))
        await asyncio.sleep(10 * LOOK)
        assert not store.all("dead_letters"), "nothing is drained"
        (pause,) = paused(store)
        resume(store, pause, NOW)
        await until(done(store, 10))
        ingest.add(fetched(10, [BAD] * 10))
        await until(done(store, 20))
    assert "is paused at offset 0" in caplog.text
    assert "dead-letters resume" in caplog.text
    names = [(event["name"], event["tags"].get("state")) for event in telemetry.events({})]
    assert ("millrace.ingest.pauses", "paused") in names
    assert ("millrace.ingest.pauses", "resumed") in names


async def test_good_records_at_the_end_of_the_log_open_the_gate() -> None:
    store = RecordingStore()
    refusals = RefusalSettings(window=10, look_seconds=LOOK)
    tail = [BAD]
    async with running(store, RecordingPositions(store), refusals=refusals, tail=tail) as ingest:
        ingest.add(fetched(0, [BAD] * 12))
        await until(lambda: bool(store.all("ingest_pauses")))
        tail[:] = [good(1), good(2), BAD]
        await until(done(store, 12))
    states = [row["state"] for row in store.all("ingest_pauses")]
    assert states == [0, 1]


async def test_a_paused_partition_does_not_keep_the_worker_from_stopping() -> None:
    store = RecordingStore()
    refusals = RefusalSettings(window=10, look_seconds=60)
    async with running(store, RecordingPositions(store), refusals=refusals, tail=[BAD]) as ingest:
        ingest.add(fetched(0, [BAD] * 12))
        await until(lambda: bool(store.all("ingest_pauses")))
        assert await ingest.drain(30)
    assert not store.all("ingest_ledger")
