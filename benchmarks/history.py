"""Ninety days of telemetry for the dashboards' benchmark: every declared event, 2,000 series."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, product
from typing import Any, Final

import pyarrow as pa

from millrace.clickhouse.client import Store
from millrace.schemas.catalogue.model import Declaration, Namespace
from millrace.schemas.catalogue_files import load_catalogue

SERIES: Final = 2_000
DAYS: Final = 90
#: An event of every series every quarter of an hour: 192,000 a day, 17 million in all.
A_DAY: Final = 96
_APART: Final = 86_400 // A_DAY
_TENANTS: Final = 20
_AT_ONCE: Final = 24
_RANGES_A_DAY: Final = 8_640
#: Tags with a meaning to some panel; a key that is not here gets four values of its own.
_VALUES: Final = {
    "status": ("success", "fail"),
    "success": ("true", "false"),
    "result": ("success", "error", "allowed", "denied"),
    "method": ("GET", "POST"),
    "status_code": ("200", "404", "500"),
    "error_type": ("", "client_error", "server_error"),
    "endpoint": tuple(f"/api/v1/things/{number}" for number in range(60)),
    "topic": ("telemetry.events",),
    "partition": ("0", "1", "2", "3"),
}
_SERIES_SCHEMA: Final = pa.schema(
    [
        ("number", pa.uint32()),
        ("tenant", pa.string()),
        ("name", pa.string()),
        ("kind", pa.int8()),
        ("measurement", pa.string()),
        ("tags", pa.map_(pa.string(), pa.string())),
        ("retention_class", pa.string()),
        ("topic", pa.string()),
        ("entity_type", pa.string()),
    ]
)
_KINDS: Final = ("event", "counter", "gauge", "histogram", "summary")
#: A value between 0 and about 400, most of them small; what a user did has the value 1.
_INSERT: Final = """
    INSERT INTO events (log, topic, partition, offset, received_at, retention_class, schema_version,
        id, tenant, name, kind, occurred_at, measurements, tags, attributes, entity, actor)
    SELECT 'history', s.topic, 0, {day:UInt32} * 1000000 + rowNumberInAllBlocks(), at,
        s.retention_class, 1, generateUUIDv4(), s.tenant, s.name, s.kind, at,
        map(s.measurement, if(s.kind < 2, 1, exp(chance / 167))), s.tags,
        map('id', thing, 'linkId', thing, 'url', concat('https://', site, '/', thing),
            'domain', site, 'error', 'timed out'),
        if(s.entity_type = '', '', concat(s.entity_type, ':', thing)),
        if(chance % 3 = 0, '', hex(sipHash128(chance % 400)))
    FROM history_series AS s
    CROSS JOIN numbers({first:UInt32}, {count:UInt32}) AS slot
    ARRAY JOIN [cityHash64(s.number, slot.number, {day:UInt32})] AS hash
    ARRAY JOIN [hash % 1000] AS chance
    ARRAY JOIN [toString(intDiv(hash, 1000) % 13000)] AS thing
    ARRAY JOIN [concat('site', toString(chance % 50), '.example')] AS site
    ARRAY JOIN [{start:DateTime64(6, 'UTC')}
        + toIntervalSecond(slot.number * {apart:UInt32} + hash % {apart:UInt32})] AS at
    WHERE at <= {end:DateTime64(6, 'UTC')}
"""
_LEDGER: Final = """
    INSERT INTO ingest_ledger (log, topic, partition, first_offset, end_offset, delivered, stored,
        rejected, duplicate, first_day, last_day, flushed_at)
    SELECT 'history', 'telemetry.events', number % 4, start, start + 9, 9, 8, 1, 0,
        toDate(at), toDate(at), at
    FROM numbers({a_day:UInt32})
    ARRAY JOIN [({day:UInt32} * {a_day:UInt32} + number) * 9] AS start
    ARRAY JOIN [{start:DateTime64(3, 'UTC')}
        + toIntervalSecond(intDiv(number * 86400, {a_day:UInt32}))] AS at
    WHERE at <= {end:DateTime64(3, 'UTC')}
"""


@dataclass(frozen=True, slots=True)
class History:
    """What was stored, and until when."""

    end: datetime
    days: int
    events: int


def fill(store: Store, end: datetime | None = None, *, days: int = DAYS) -> History:
    """Store the days before ``end`` (now when it is not given) in a migrated, empty database."""
    until = end or datetime.now(UTC).replace(microsecond=0)
    store.command(
        "CREATE TABLE history_series (number UInt32, tenant String, name String, kind Int8,"
        " measurement String, tags Map(String, String), retention_class String, topic String,"
        " entity_type String) ENGINE = MergeTree ORDER BY number"
    )
    rows = list(islice(_series(), SERIES))
    store.insert(
        "history_series", pa.RecordBatch.from_pylist(rows, schema=_SERIES_SCHEMA), "history"
    )
    midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(days + 1):
        start = midnight - timedelta(days=days - day)
        given = {"day": day, "start": start, "end": until}
        for first in range(0, A_DAY, _AT_ONCE):  # whole days at once take long on a busy machine
            slots = {"first": first, "count": _AT_ONCE, "apart": _APART}
            store.command(_INSERT, {**given, **slots})
        store.command(_LEDGER, {**given, "a_day": _RANGES_A_DAY})
    ((stored,),) = store.rows("SELECT sum(events) FROM rollup_1d")
    return History(until, days, int(stored))


def _series() -> Iterator[dict[str, Any]]:
    number = 0
    for namespace, declaration in load_catalogue().declarations:
        for tags in islice(_tag_sets(declaration), 250):
            for measurement in declaration.measurements or ("count",):
                yield _row(number, "default", namespace, declaration, measurement, tags)
                number += 1
    while True:  # users' own metrics, whose names nobody declared
        yield {
            "number": number,
            "tenant": f"tenant{number % _TENANTS}",
            "name": f"user.metric{number % 50}.duration_ms",
            "kind": 3,
            "measurement": "value",
            "tags": [("route", f"/{number % 40}")],
            "retention_class": "default",
            "topic": "telemetry.events",
            "entity_type": "",
        }
        number += 1


def _tag_sets(declaration: Declaration) -> Iterator[list[tuple[str, str]]]:
    keys = sorted(declaration.tags)
    values = [_VALUES.get(key) or [f"{key}{number}" for number in range(4)] for key in keys]
    for chosen in product(*values):
        yield [(key, value) for key, value in zip(keys, chosen, strict=True) if value]


def _row(
    number: int,
    tenant: str,
    namespace: Namespace,
    declaration: Declaration,
    measurement: str,
    tags: list[tuple[str, str]],
) -> dict[str, Any]:
    own = namespace.name == "millrace"
    parts = declaration.name.split(".")
    entity_type = "link" if namespace.name == "links" else ""
    if parts[0] == "identity" and len(parts) > 2:
        entity_type = parts[1]
    return {
        "number": number,
        "tenant": tenant,
        "name": declaration.name,
        "kind": _KINDS.index(declaration.kind.value),
        "measurement": measurement,
        "tags": tags,
        "retention_class": namespace.retention_class,
        "topic": "telemetry.millrace" if own else "telemetry.events",
        "entity_type": entity_type,
    }
