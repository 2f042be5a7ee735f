"""The independent count: what the store holds against the account of what was published.

Every id is compared, not only their number; every bucket of every rollup; the ledger's four sums;
the dead letters; every live window and live value. Millrace's own proof comes last and must agree.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import numpy as np
import numpy.typing as npt

from millrace.clickhouse.client import Store
from millrace.streams.reconcile import prove
from millrace.streams.settings import Settings

from .feed import DROPPED_KEY, Account, Feed
from .verify_windows import wrong_projections

SERVICES = "endsWith(topic, 'telemetry.events')"
ROLLUPS = {
    "rollup_1m": "toStartOfMinute",
    "rollup_5m": "toStartOfFiveMinutes",
    "rollup_1h": "toStartOfHour",
    "rollup_1d": "toStartOfDay",
}
_SHOWN = 5


class NotOnce(AssertionError):
    """Something was lost, counted twice or invented; the text says what."""


def assert_once(store: Store, settings: Settings, feeds: Sequence[Feed]) -> None:
    """Raise NotOnce unless every event counts once everywhere, by our own count and by prove's."""
    accounts = [account for feed in feeds for account in feed.accounts.values()]
    wrong = [
        *_ids(store, accounts),
        *_ledger(store, accounts),
        *_dead_letters(store, feeds),
        *_dropped(store, accounts),
    ]
    for table, start in ROLLUPS.items():
        wrong += _rollup(store, table, start, accounts)
    if settings.windows.enabled:
        wrong += asyncio.run(wrong_projections(store, settings, feeds))
    if wrong:
        raise NotOnce("; ".join(wrong))
    report = asyncio.run(prove(settings, store, patience=30))
    if not report.ok:
        raise NotOnce(f"reconcile: {report.differences[:_SHOWN]}")


def accounted(store: Store) -> int:
    """Return how many of the services' records the ledger accounts for."""
    return _number(
        store, f"SELECT sum(stored + rejected + duplicate) FROM ingest_ledger WHERE {SERVICES}"
    )


def _ids(store: Store, accounts: Iterable[Account]) -> list[str]:
    """Compare every id."""
    expected = _sorted(b"".join(account.ids for account in accounts))
    found = _sorted(
        store.json(
            f"SELECT UUIDStringToNum(toString(id)) FROM events WHERE {SERVICES}", format="RowBinary"
        )
    )
    if np.array_equal(expected, found):
        return []
    unique, counts = np.unique(found, return_counts=True)
    doubled = unique[counts > 1]
    missing = np.setdiff1d(expected, unique)
    unknown = np.setdiff1d(unique, expected)
    return [
        f"events: {len(found)} rows for {len(expected)} events, "
        f"{_some(missing, 'missing')}, {_some(doubled, 'doubled')}, {_some(unknown, 'unknown')}"
    ]


def _sorted(ids: bytes) -> npt.NDArray[np.void]:
    # Big-endian halves sort and compare as the bytes do.
    halves = np.frombuffer(ids, dtype=[("high", ">u8"), ("low", ">u8")])
    return np.sort(halves.astype([("high", "u8"), ("low", "u8")]), order=["high", "low"])


def _some(ids: npt.NDArray[np.void], what: str) -> str:
    shown = [str(UUID(int=(int(high) << 64) | int(low))) for high, low in ids[:_SHOWN]]
    return f"{len(ids)} {what}" + (f" ({', '.join(shown)})" if shown else "")


def _ledger(store: Store, accounts: Sequence[Account]) -> list[str]:
    expected = (
        sum(account.delivered for account in accounts),
        sum(len(account.stored) for account in accounts),
        sum(len(account.refused) for account in accounts),
        sum(len(account.duplicates) for account in accounts),
    )
    (found,) = store.rows(
        "SELECT sum(delivered), sum(stored), sum(rejected), sum(duplicate)"
        f" FROM ingest_ledger WHERE {SERVICES}"
    )
    what = "delivered, stored, rejected, duplicate"
    return [] if found == expected else [f"ledger: {what} are {found}, not {expected}"]


def _dead_letters(store: Store, feeds: Iterable[Feed]) -> list[str]:
    expected = sorted(
        (partition, offset)
        for feed in feeds
        for partition, account in feed.accounts.items()
        for offset in account.refused
    )
    found = sorted(store.rows(f"SELECT partition, offset FROM dead_letters WHERE {SERVICES}"))
    if found == expected:
        return []
    missing = sorted(set(expected) - set(found))[:_SHOWN]
    return [f"dead letters: {len(found)} instead of {len(expected)}, missing {missing}"]


def _dropped(store: Store, accounts: Iterable[Account]) -> list[str]:
    expected = sum(account.dropped for account in accounts)
    found = _number(
        store, f"SELECT sum(dropped) FROM dropped_keys WHERE key = '{DROPPED_KEY}' AND {SERVICES}"
    )
    return [] if found == expected else [f"dropped keys: {found} instead of {expected}"]


def _rollup(store: Store, table: str, start: str, accounts: Iterable[Account]) -> list[str]:
    expected: dict[tuple[str, datetime], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for account in accounts:
        for (name, minute), (count, total) in account.totals.items():
            known = expected[name, _bucket(start, minute)]
            expected[name, _bucket(start, minute)] = (known[0] + count, known[1] + total)
    rows = store.rows(
        "SELECT part.name, part.bucket, sum(part.events), sum(part.count), sum(part.sum)"
        f" FROM {table} AS part WHERE startsWith(part.name, 'faults.') GROUP BY 1, 2"
    )
    found = {(name, bucket): (events, count, total) for name, bucket, events, count, total in rows}
    wrong = [
        f"{name} at {bucket:%d %H:%M}: {found.get((name, bucket), 0)} instead of {amount}"
        for (name, bucket), amount in sorted(expected.items())
        if found.get((name, bucket)) != (amount[0], amount[0], amount[1])
    ]
    wrong += [f"unknown bucket {place}" for place in set(found) - set(expected)]
    return [f"{table}: {len(wrong)} buckets differ: {', '.join(wrong[:2])}"] if wrong else []


def _bucket(start: str, minute: datetime) -> datetime:
    match start:
        case "toStartOfMinute":
            return minute
        case "toStartOfFiveMinutes":
            return minute.replace(minute=minute.minute // 5 * 5)
        case "toStartOfHour":
            return minute.replace(minute=0)
        case _:
            return minute.replace(hour=0, minute=0)


def _number(store: Store, sql: str) -> int:
    ((value,),) = store.rows(sql)
    return int(value)
