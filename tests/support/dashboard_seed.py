"""A quarter of an hour of telemetry whose every number is known, for tests of dashboards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from millrace.clickhouse.client import Store

MINUTES = 15
STRINGS = pa.map_(pa.string(), pa.string())
SCHEMAS = {
    "events": pa.schema(
        [
            ("log", pa.string()),
            ("topic", pa.string()),
            ("partition", pa.uint32()),
            ("offset", pa.uint64()),
            ("received_at", pa.timestamp("ms", "UTC")),
            ("retention_class", pa.string()),
            ("tenant", pa.string()),
            ("name", pa.string()),
            ("occurred_at", pa.timestamp("us", "UTC")),
            ("measurements", pa.map_(pa.string(), pa.float64())),
            ("tags", STRINGS),
            ("actor", pa.string()),
        ]
    ),
    "ingest_ledger": pa.schema(
        [
            ("log", pa.string()),
            ("topic", pa.string()),
            ("partition", pa.uint32()),
            ("first_offset", pa.uint64()),
            ("end_offset", pa.uint64()),
            ("delivered", pa.uint64()),
            ("stored", pa.uint64()),
            ("rejected", pa.uint64()),
            ("duplicate", pa.uint64()),
            ("flushed_at", pa.timestamp("ms", "UTC")),
        ]
    ),
    "dead_letters": pa.schema(
        [
            ("log", pa.string()),
            ("topic", pa.string()),
            ("partition", pa.uint32()),
            ("offset", pa.uint64()),
            ("received_at", pa.timestamp("ms", "UTC")),
            ("tenant", pa.string()),
            ("reason", pa.string()),
        ]
    ),
    "dropped_keys": pa.schema(
        [
            ("log", pa.string()),
            ("topic", pa.string()),
            ("partition", pa.uint32()),
            ("bucket", pa.uint32()),
            ("tenant", pa.string()),
            ("namespace", pa.string()),
            ("name", pa.string()),
            ("key", pa.string()),
            ("dropped", pa.uint64()),
        ]
    ),
}
Row = dict[str, Any]


@dataclass(frozen=True)
class Seeded:
    """The store, the range [start, end] of its data, and the rows as they were inserted."""

    store: Store
    start: datetime
    end: datetime
    rows: dict[str, list[Row]]

    @property
    def given(self) -> dict[str, list[str]]:
        """The range as an address's parameters."""
        return {"from": [milliseconds(self.start)], "to": [milliseconds(self.end)]}

    def all(self, table: str, **wanted: Any) -> list[Row]:
        """The inserted rows with these values, own telemetry only when asked for by name."""
        return [
            row
            for row in self.rows[table]
            if all(row[key] == value for key, value in wanted.items())
            and ("name" in wanted or row["topic"] == "telemetry.events")
        ]


def milliseconds(moment: datetime) -> str:
    return str(round(moment.timestamp() * 1000))


def _rows(start: datetime) -> Iterator[tuple[str, Row]]:
    for minute in range(MINUTES):
        at = start + timedelta(minutes=minute)
        yield from _events(minute, at)
        yield from _telemetry(minute, at)
        for partition in (0, 1):
            yield "ingest_ledger", _ledger("telemetry.events", partition, minute, at)
        yield "ingest_ledger", _ledger("telemetry.millrace", 0, minute, at)
        for index in range(minute % 3):
            yield (
                "dead_letters",
                {
                    "log": "l",
                    "topic": "telemetry.events",
                    "partition": 0,
                    "offset": minute * 10 + index,
                    "received_at": at + timedelta(seconds=index),
                    "tenant": ("default", "acme")[index],
                    "reason": ("unknown_name", "too_old")[index],
                },
            )
        yield (
            "dropped_keys",
            {
                "log": "l",
                "topic": "telemetry.events",
                "partition": 0,
                "bucket": int(at.timestamp()),
                "tenant": "default",
                "namespace": "game",
                "name": "bezgelor.combat.damage",
                "key": ("email", "ip")[minute % 2],
                "dropped": minute + 1,
            },
        )


def _events(minute: int, at: datetime) -> Iterator[tuple[str, Row]]:
    for index in range(20 + minute):
        damage = index % 4 != 0
        yield (
            "events",
            _event(
                "telemetry.events",
                minute * 100 + index,
                at + timedelta(seconds=index),
                name="bezgelor.combat.damage" if damage else "user.click",
                tenant=("default", "acme")[index % 2],
                measurements={"damage_amount": float(index), "hits": 1.0}
                if damage
                else {"count": 1.0},
                actor=f"actor{index % 5}" if index % 3 else "",
            ),
        )


def _telemetry(minute: int, at: datetime) -> Iterator[tuple[str, Row]]:
    names: list[tuple[str, dict[str, float], dict[str, str]]] = [
        ("worker.started", {"count": 1.0}, {"worker": "w1"}),
        ("worker.memory", {"rss_bytes": 1e8 + minute}, {"worker": "w1"}),
        ("ingest.retries", {"count": 2.0}, {"code": "252", "topic": "telemetry.events"}),
        *(
            (f"ingest.{name}", {"seconds": 0.1 * (step + 1)}, {"topic": "telemetry.events"})
            for name in ("delay", "flush")
            for step in range(10)
        ),
        ("ingest.delay", {"seconds": 900.0}, {"topic": "telemetry.millrace"}),
    ]
    for partition in ("0", "1"):
        tags = {"partition": partition, "topic": "telemetry.events"}
        waiting = {"records": float(minute * 10 + int(partition)), "seconds": 2.0 + int(partition)}
        names.append(("ingest.lag", waiting, tags))
        names.append(("ingest.watermark", {"age_seconds": 2.0 + int(partition)}, tags))
    for index, (name, measurements, tags) in enumerate(names):
        yield (
            "events",
            _event(
                "telemetry.millrace",
                minute * 100 + index,
                at + timedelta(seconds=30),
                name=f"millrace.{name}",
                measurements=measurements,
                tags=tags,
            ),
        )


def _event(topic: str, offset: int, at: datetime, **given: Any) -> Row:
    return {
        "log": "l",
        "topic": topic,
        "partition": 0,
        "offset": offset,
        "received_at": at,
        "occurred_at": at,
        "retention_class": "default",
        "tenant": "default",
        "tags": {},
        "actor": "",
        **given,
    }


def _ledger(topic: str, partition: int, minute: int, at: datetime) -> Row:
    stored, rejected, duplicate = 100 + minute, minute % 3, 5
    delivered = stored + rejected + duplicate
    return {
        "log": "l",
        "topic": topic,
        "partition": partition,
        "first_offset": minute * 1000,
        "end_offset": minute * 1000 + delivered,
        "delivered": delivered,
        "stored": stored,
        "rejected": rejected,
        "duplicate": duplicate,
        "flushed_at": at + timedelta(seconds=5, milliseconds=500),
    }


def seed(store: Store) -> Seeded:
    """Insert a quarter of an hour that ends with the last whole minute."""
    end = datetime.now(UTC).replace(second=0, microsecond=0)
    start = end - timedelta(minutes=MINUTES)
    rows: dict[str, list[Row]] = {table: [] for table in SCHEMAS}
    for table, row in _rows(start):
        rows[table].append(row)
    for table, schema in SCHEMAS.items():
        store.insert(table, pa.RecordBatch.from_pylist(rows[table], schema=schema), f"seed-{table}")
    return Seeded(store, start, end, rows)
