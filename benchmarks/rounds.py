"""One timed round: a contender drains a loaded topic into a fresh database."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rig import Rig
from usage import MEGABYTE, CpuSeconds, peak_rss
from workload import TENANT, Totals, Workload

from millrace.clickhouse.client import Store
from millrace.streams.local import processes
from millrace.streams.local.environment import environment_of
from millrace.streams.settings import Settings, WindowSettings
from millrace.streams.topics import Topics

#: Both contenders say this when they have joined the group: the clock starts.
_READY: Final = "Partitions assigned: "
_LOOK_SECONDS: Final = 0.1
_EVENTS_SO_FAR: Final = "SELECT sum(events) FROM rollup_1d WHERE tenant = {tenant:String}"
_START_SECONDS: Final = 60.0
_STILL_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 20.0


class BenchmarkError(Exception):
    """A round that may not be counted; the text says why."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A program under test: its name, the command that runs it, and what it sets otherwise."""

    name: str
    command: Callable[[Settings], list[str]]
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round cost, from the partitions assigned to the last row queryable in rollup_1d."""

    contender: str
    events: int
    seconds: float
    first_seconds: float  # until the first rows could be queried
    cpu: CpuSeconds
    peak_rss_mb: float


def _worker(_: Settings) -> list[str]:
    return [sys.executable, "-m", "millrace.streams.cli", "worker"]


def _peer(settings: Settings) -> list[str]:
    kafka = settings.kafka
    return [
        *(sys.executable, str(Path(__file__).with_name("peer.py"))),
        *("--bootstrap-servers", kafka.bootstrap_servers),
        *("--topic", Topics(kafka.topic_prefix).events),
        *("--group", kafka.group),
        *("--store", settings.clickhouse.url.get_secret_value()),
    ]


MILLRACE: Final = Contender("millrace", _worker)
PEER: Final = Contender("peer", _peer)
WITHOUT_WINDOWS: Final = Contender(
    "without_windows", _worker, {"windows": WindowSettings(enabled=False)}
)


def run_round(
    rig: Rig,
    contender: Contender,
    topics: str,
    workload: Workload,
    name: str,
    *,
    watch: Callable[[int, int], None] = lambda pid, events: None,
) -> Round:
    """Run one round under a name of its own; ``watch`` is told process id and events so far.

    Raises BenchmarkError when the totals are not the workload's, or nothing moves for a minute.
    """
    with rig.database(name) as (url, store):
        settings = rig.settings(topics, name, url).model_copy(update=dict(contender.changes))
        child = processes.start(
            f"{contender.name} of round {name}",
            contender.command(settings),
            log=rig.directory / f"{name}.log",
            environment=environment_of(settings, os.environ),
            directory=rig.directory,
        )
        try:
            processes.wait_for_line(child, _READY, after=0, timeout=_START_SECONDS)
            began, before = time.perf_counter(), rig.cpu(child.pid)
            first = _wait(child, store, workload.totals.events, watch)
            ended, after = time.perf_counter(), rig.cpu(child.pid)
            peak = peak_rss(child.pid) / MEGABYTE
            _check(store, workload.totals, child)
        finally:
            child.stop(_STOP_SECONDS)
    return Round(
        contender.name, workload.events, ended - began, first - began, after.since(before), peak
    )


def _wait(
    child: processes.Child, store: Store, wanted: int, watch: Callable[[int, int], None]
) -> float:
    """Wait until so many events can be queried; return when the first one could."""
    seen, moved, first = 0, time.perf_counter(), 0.0
    while seen < wanted:
        time.sleep(_LOOK_SECONDS)
        child.check()
        ((events,),) = store.rows(_EVENTS_SO_FAR, {"tenant": TENANT})
        now = time.perf_counter()
        if events > seen:
            seen, moved, first = events, now, first or now
            watch(child.pid, events)
        elif now - moved > _STILL_SECONDS:
            raise BenchmarkError(
                f"The {child.name} stood still for {_STILL_SECONDS:.0f} s at {seen:,} of"
                f" {wanted:,} events; its log ends: {processes.tail(child.log)}"
            )
    return first


def _stored(store: Store) -> Totals:
    ((events, value, series),) = store.rows(
        "SELECT sum(events), sum(sum), uniqExact(name, tags) FROM rollup_1d"
        " WHERE tenant = {tenant:String}",
        {"tenant": TENANT},
    )
    return Totals(int(events), float(value), int(series))


def _check(store: Store, wanted: Totals, child: processes.Child) -> None:
    found = _stored(store)
    ((raw,),) = store.rows(
        "SELECT count() FROM events WHERE tenant = {tenant:String}", {"tenant": TENANT}
    )
    if found != wanted or raw != wanted.events:
        raise BenchmarkError(
            f"The {child.name} does not count: it stored {found} and {raw} raw rows, not {wanted}"
        )
