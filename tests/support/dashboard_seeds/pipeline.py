"""Our own telemetry before the anchor, and tenants whose events are refused, repeated and cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from dashboard_story import Event, event

EVENTS = "telemetry.events"
OWN = "telemetry.millrace"
#: Ten tables, of which a chart shows the eight with most parts.
TABLES = ("events", "ingest_ledger", *(f"table_{number}" for number in range(8)))


def events(anchor: datetime) -> list[Event]:
    """Half an hour that is full of figures, and what must not be in them."""
    return [
        *_lag(anchor),
        *_times(anchor),
        *_workers(anchor),
        *_proofs(anchor),
        *_late(anchor),
        *_pauses(anchor),
        *_store(anchor),
        *_traffic(anchor),
        *_refused(anchor),
        *_cut(anchor),
    ]


def _own(what: str, at: datetime, measurements: Mapping[str, float], **tags: str) -> Event:
    return event(f"millrace.{what}", at, measurements=measurements, tags=tags)


def _lag(anchor: datetime) -> Iterator[Event]:
    """Twice a minute: partition 0 falls, partition 1 rises, partition 2 is heard of no more."""
    for step in range(40):
        at = anchor - timedelta(seconds=10 + 30 * step)
        for partition, records, seconds in (
            ("0", 20 + 3 * step, 2.0),
            ("1", 400 - 5 * step, 3.5 + step / 10),
            ("2", 9000, 60.0),
        ):
            if partition != "2" or step >= 14:
                waiting = {"records": records, "seconds": seconds}
                yield _own("ingest.lag", at, waiting, topic=EVENTS, partition=partition)
        waiting = {"records": 7, "seconds": 900}
        yield _own("ingest.lag", at, waiting, topic=OWN, partition="0")
    late = {"records": 9_999_999, "seconds": 5000}
    yield _own("ingest.lag", anchor + timedelta(minutes=3), late, topic=EVENTS, partition="1")


def _times(anchor: datetime) -> Iterator[Event]:
    """A fast worker with many flushes and a slow one with few: a mean of percentiles is wrong."""
    for minute in (2, 3, 4, 25):
        at = anchor - timedelta(minutes=minute, seconds=-7)
        for number in range(40):
            slow = number % 10 == 0
            took = {"seconds": 5.0 + number if slow else 0.1, "rows": 10}
            yield _own("ingest.flush", at, took, topic=EVENTS, worker="w2" if slow else "w1")
            yield _own("ingest.delay", at, {"seconds": (number + 1) / minute}, topic=EVENTS)
        yield _own("ingest.flush", at, {"seconds": 700, "rows": 1}, topic=OWN, worker="w1")
        yield _own("ingest.delay", at, {"seconds": 900}, topic=OWN)
    for minute, code, count in ((3, "252", 4), (9, "252", 2), (9, "0", 1), (50, "202", 5)):
        at = anchor - timedelta(minutes=minute)
        yield _own("ingest.retries", at, {"count": count}, code=code, topic=EVENTS)


def _workers(anchor: datetime) -> Iterator[Event]:
    for worker, begun, ended in (("w1", 40, None), ("w2", 35, 5), ("w3", 3000, 2900)):
        yield _own("worker.started", anchor - timedelta(minutes=begun), {"count": 1}, worker=worker)
        if ended is not None:
            at = anchor - timedelta(minutes=ended)
            yield _own("worker.stopped", at, {"count": 1}, worker=worker)
    # Stopped once and started again: it runs.
    yield _own("worker.stopped", anchor - timedelta(minutes=50), {"count": 1}, worker="w1")
    for half in range(60):
        at = anchor - timedelta(seconds=20 + 30 * half)
        yield _own("worker.memory", at, {"rss_bytes": 2e8 - half * 1e6}, worker="w1")
        if half >= 10:
            yield _own("worker.memory", at, {"rss_bytes": 1e8 + half * 1e6}, worker="w2")


def _proofs(anchor: datetime) -> Iterator[Event]:
    for minute, differences in ((3, 3), (8, 0), (30, 7), (1500, 2), (-2, 50), (-4, 0)):
        at = anchor - timedelta(minutes=minute)
        found = {"differences": differences, "checks": 400 + minute, "seconds": 1.5}
        yield _own("reconcile.finished", at, found)
    for minute, table, count in (
        *(
            (3, "rollup_5m", 2),
            (3, "pipeline_events", 1),
            (30, "rollup_5m", 7),
            (-2, "pipeline_events", 50),
        ),
    ):
        at = anchor - timedelta(minutes=minute)
        yield _own("reconcile.difference", at, {"count": count}, table=table)


def _late(anchor: datetime) -> Iterator[Event]:
    """Late values of three days; a value that two window sizes missed is told twice."""
    for hours, name, size, count in (
        *((0.2, "a.b", "10", 30), (0.2, "a.b", "60", 10), (0.8, "c.d", "10", 4)),
        *((72.0, "a.b", "10", 100), (240.0, "c.d", "60", 1000)),
    ):
        at = anchor - timedelta(hours=hours)
        yield _own("windows.too_late", at, {"count": count}, topic=EVENTS, name=name, size=size)
    at = anchor - timedelta(hours=0.3)
    own = {"topic": OWN, "name": "millrace.ingest.lag", "size": "10"}
    yield _own("windows.too_late", at, {"count": 70}, **own)
    for hours, topic, count in ((0.1, EVENTS, 900), (0.5, EVENTS, 1100), (0.5, OWN, 50_000)):
        at = anchor - timedelta(hours=hours)
        yield _own("ingest.stored", at, {"count": count}, topic=topic, partition="0")


def _pauses(anchor: datetime) -> Iterator[Event]:
    for minute, partition, state in (
        *((50, "0", "paused"), (40, "0", "resumed"), (30, "2", "paused")),
        *((20, "3", "resumed"), (-4, "3", "paused")),
    ):
        at = anchor - timedelta(minutes=minute)
        tags = {"topic": EVENTS, "partition": partition, "state": state}
        yield _own("ingest.pauses", at, {"count": 1}, **tags)
    for minute, offsets in ((45, 12), (2880, 5)):
        at = anchor - timedelta(minutes=minute)
        yield _own("ingest.lost", at, {"count": offsets}, topic=EVENTS)


def _store(anchor: datetime) -> Iterator[Event]:
    for minute in range(6):
        for half in (0, 1):
            at = anchor - timedelta(minutes=minute, seconds=15 + 30 * half)
            for number, table in enumerate(TABLES):
                # The earlier sample of each minute is the higher one.
                parts = {"parts": 100 - 9 * number + 40 * half, "total": 500}
                yield _own("store.parts", at, parts, table=table)
            merging = {"running": minute + 2 * half, "seconds": 10.0 * minute}
            yield _own("store.merges", at, merging)
            free = {"free_bytes": 4e9 - minute * 1e8, "total_bytes": 2e10}
            yield _own("store.disk", at, free, disk="default")
            yield _own("store.disk", at, {"free_bytes": 9e9, "total_bytes": 1e10}, disk="cold")
    for hour in range(0, 145, 12):
        at = anchor - timedelta(hours=hour, minutes=1)
        for retention_class, rows, per_row in (
            ("game", 100_000 - 100 * hour, 20),
            ("webapp", 5_000, 10),
        ):
            size = {"rows": rows, "bytes": rows * per_row}
            yield _own(
                "store.table", at, size, table="pipeline_events", retention_class=retention_class
            )
    size = {"rows": 40, "bytes": 1234}
    at = anchor - timedelta(minutes=2)
    yield _own("store.table", at, size, table="pipeline_ledger", retention_class="default")
    huge = {"rows": 9e9, "bytes": 9e12}
    yield _own("store.table", anchor + timedelta(minutes=2), huge, table="pipeline_events",
               retention_class="game")  # fmt: skip


def _traffic(anchor: datetime) -> Iterator[Event]:
    """Eleven names, so that the last two are the rest; the newest minute is still filling."""
    for number in range(11):
        for index in range(24 - 2 * number):
            at = anchor - timedelta(minutes=2 + index, seconds=number)
            actor: dict[str, Any] = {"actor": f"user {index % 5}"} if index % 3 else {}
            yield event(f"pipe.flow{number}", at, tenant="pipe-a", value=1.0, **actor)
    yield event("pipe.flow0", anchor - timedelta(seconds=20), tenant="pipe-a", value=1.0)
    yield event("pipe.flow0", anchor + timedelta(minutes=4), tenant="pipe-a", value=1.0)
    for index in range(30):
        at = anchor - timedelta(minutes=1 + index)
        # Two measurements, one event.
        both = {"count": 1.0, "size": float(index)}
        yield event("pipe.other", at, tenant="pipe-b", measurements=both)


def _refused(anchor: datetime) -> Iterator[Event]:
    at = anchor - timedelta(minutes=10)
    for _ in range(3):
        yield event("bezgelor.nosuch.thing", at, tenant="pipe-a")
        yield event("pipe.bad", at, tenant="pipe-a", value="many")
    yield event("pipe.bad", at, tenant="pipe-b", value="many")
    yield event("pipe.old", anchor - timedelta(days=800), tenant="pipe-b", value=1.0)
    for number in (1, 1, 2, 2, 2, 3):
        again = str(uuid5(NAMESPACE_URL, f"pipe repeated {number}"))
        yield event("pipe.again", at, tenant="pipe-a", value=1.0, id=again)


def _cut(anchor: datetime) -> Iterator[Event]:
    """Keys that are not allowed, and more values of a tag than its budget of 100."""
    at = anchor - timedelta(minutes=11)
    for tenant, key, times in (("pipe-a", "email", 3), ("pipe-a", "ip", 1), ("pipe-b", "email", 2)):
        for _ in range(times):
            yield event("pipe.keys", at, tenant=tenant, value=1.0, tags={key: "x", "route": "/"})
    for number in range(130):
        tags = {"route": f"/{number}"}
        yield event("pipe.wide", at, tenant="pipe-a", value=1.0, tags=tags)
    for number in range(115):
        # Of a closed namespace: what is beyond the budget is folded together.
        yield event("linkInteracted", at, tenant="pipe-b", tags={"type": f"{number}"})
    for number in range(90):
        yield event("pipe.wide", at, tenant="pipe-b", value=1.0, tags={"route": f"/{number}"})
