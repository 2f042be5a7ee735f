"""How long reconcile takes on a large store, and a takeover's reload of recent ids.

``python benchmarks/reconcile.py [--events N] [--minutes M]`` fills an embedded store of its own in
a temporary directory, with every rollup and the ledger as workers would leave them, and prints one
JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from millrace.clickhouse import migrate
from millrace.clickhouse.client import INSERT_SETTINGS, Store
from millrace.clickhouse.embedded import EmbeddedServer
from millrace.clickhouse.facts import Place, Span
from millrace.clickhouse.reconcile import Terms, compare_store
from millrace.streams.duplicates import RecentIds
from millrace.streams.recall import Past, recall
from millrace.streams.settings import Settings

LOG: Final = "benchmark"
TOPIC: Final = "telemetry.events"
PARTITIONS: Final = 4
RANGE: Final = 50_000
#: Names, of which each has ten series.
NAMES: Final = 40
#: Events of one statement of the fill.
AT_ONCE: Final = 2_000_000

_EVENTS: Final = """
INSERT INTO events (log, topic, partition, offset, received_at, retention_class, schema_version,
    id, tenant, name, kind, occurred_at, measurements, tags, unit, actor)
SELECT '{log}', '{topic}', number % {partitions}, intDiv(number, {partitions}),
    occurred, 'default', 1, generateUUIDv4(number), 'default',
    concat('service.metric_', toString(cityHash64(number) % {names})), 'histogram', occurred,
    map('duration_ms', (number % 1000) / 7, 'size', toFloat64(number % 77)),
    map('region', toString(number % 2), 'route', concat('/r', toString(number % 5))), 'ms',
    if(number % 3 = 0, '', lower(hex(cityHash64(number % 10000))))
FROM (SELECT number, fromUnixTimestamp64Micro(
        toInt64({start} + number * {step}), 'UTC') AS occurred
    FROM numbers({first}, {count}))
"""

_LEDGER: Final = """
INSERT INTO ingest_ledger (log, topic, partition, first_offset, end_offset, delivered, stored,
    rejected, duplicate, first_day, last_day, catalogue, flushed_at)
SELECT log, topic, partition, intDiv(offset, {range}) * {range} AS first, max(offset) + 1, count(),
    count(), 0, 0, toDate(min(occurred_at)), toDate(max(occurred_at)), 'c', max(received_at)
FROM events GROUP BY log, topic, partition, first
"""


def fill(store: Store, events: int, now: datetime, minutes: int) -> None:
    """Insert the events of some minutes that end now, and their ledger."""
    start = int((now - timedelta(minutes=minutes)).timestamp() * 1_000_000)
    settings = {**INSERT_SETTINGS, "insert_deduplicate": 0, "max_insert_block_size": 1_000_000}
    settings |= {"min_insert_block_size_rows": 1_000_000}
    for first in range(0, events, AT_ONCE):
        print(f"{first:,} events are in.", file=sys.stderr)
        sql = _EVENTS.format(
            log=LOG,
            topic=TOPIC,
            partitions=PARTITIONS,
            names=NAMES,
            start=start,
            step=minutes * 60_000_000 // events,
            first=first,
            count=min(AT_ONCE, events - first),
        )
        store.command(sql, settings=settings)
    store.command(_LEDGER.format(range=RANGE))


def measure(store: Store, events: int, now: datetime, minutes: int) -> dict[str, Any]:
    """Return the seconds of everything that is measured."""
    each = events // PARTITIONS
    log = [Span(Place(LOG, TOPIC, partition), 0, each) for partition in range(PARTITIONS)]
    retention = Settings().retention.model_dump()
    figures: dict[str, Any] = {}

    def compare(name: str, **changes: Any) -> None:
        terms = Terms(retention, datetime.now(UTC), **changes)
        report, figures[name] = _timed(lambda: compare_store(store, log, terms))
        figures[f"{name}_checks"], figures[f"{name}_differences"] = report.checks, len(report.found)

    compare("whole")
    compare("again")
    compare("since_2h", since=now - timedelta(hours=2))
    for limit in (200_000, 1_000_000):
        for name, since in (("ten_minutes", 600), ("everything", minutes * 60)):
            milliseconds = int((now.timestamp() - since) * 1000)
            past = Past(LOG, TOPIC, 0, each, milliseconds)
            recent = RecentIds(limit, 1e9)
            _, seconds = _timed(partial(recall, store, past, recent))
            figures[f"recall_{limit}_{name}"] = {"ids": len(recent), "seconds": seconds}
    store.command(
        f"ALTER TABLE events DELETE WHERE partition = 2 AND offset = {each // 2}",
        settings={"mutations_sync": 2},
    )
    compare("one_row_lost")
    return figures


def _timed(act: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    result = act()
    return result, round(time.perf_counter() - began, 3)


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50_000_000)
    parser.add_argument(
        "--minutes", type=int, default=7 * 24 * 60, help="what they are spread over"
    )
    arguments = parser.parse_args()
    events, minutes = arguments.events, arguments.minutes
    now = datetime.now(UTC)
    with (
        tempfile.TemporaryDirectory(prefix="millrace-reconcile-") as directory,
        EmbeddedServer(Path(directory) / "store") as server,
    ):
        store = Store.connect(server.url, timeout=1800)
        migrate.apply(store, retention=Settings().retention.model_dump())
        _, seconds = _timed(lambda: fill(store, events, now, minutes))
        figures = {"events": events, "fill": seconds, **measure(store, events, now, minutes)}
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
