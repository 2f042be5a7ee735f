"""Events counted by their tags: whole combinations (``a:1,b:2``) and single pairs (``a:1``)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from millrace.clickhouse.client import Store
from millrace.clickhouse.rollups import Grain

_COMBINATION: Final = (
    "arrayStringConcat(arrayMap((key, value) -> concat(key, ':', value), "
    "mapKeys(part.tags), mapValues(part.tags)), ',')"
)
_PAIR: Final = (
    "arrayJoin(arrayMap((key, value) -> concat(key, ':', value), "
    "mapKeys(part.tags), mapValues(part.tags)))"
)


def by_combination(
    store: Store, tenant: str, name: str, start: datetime, end: datetime, grain: Grain
) -> dict[datetime, dict[str, int]]:
    """Return, for each bucket, its events by tag combination; no tags are the empty key."""
    return _count(store, _COMBINATION, tenant, name, start, end, grain)


def by_pair(
    store: Store, tenant: str, name: str, start: datetime, end: datetime, grain: Grain
) -> dict[datetime, dict[str, int]]:
    """Return, for each bucket, its events by single ``key:value`` pair."""
    return _count(store, _PAIR, tenant, name, start, end, grain)


def _count(
    store: Store,
    key: str,
    tenant: str,
    name: str,
    start: datetime,
    end: datetime,
    grain: Grain,
) -> dict[datetime, dict[str, int]]:
    rows = store.rows(
        f"SELECT part.bucket, {key}, sum(part.events) FROM rollup_{grain} AS part "
        "WHERE part.tenant = {tenant:String} AND part.name = {name:String} "
        "AND part.bucket >= {start:DateTime('UTC')} AND part.bucket < {end:DateTime('UTC')} "
        "GROUP BY 1, 2 HAVING sum(part.events) > 0 ORDER BY 1, 2",
        {
            "tenant": tenant,
            "name": name,
            "start": int(start.timestamp()),
            "end": int(end.timestamp()),
        },
    )
    counts: dict[datetime, dict[str, int]] = {}
    for bucket, combination, events in rows:
        counts.setdefault(bucket, {})[combination] = int(events)
    return counts
