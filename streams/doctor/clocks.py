"""Do this host, the store and the broker agree on what time it is?

Expiry, ages and leases compare their clocks; nothing is counted wrongly when they differ.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from millrace.clickhouse.client import Store
from millrace.schemas.errors import MillraceError
from millrace.streams.doctor.finding import Finding, Level
from millrace.streams.settings import ClickHouseSettings

_AREA: Final = "clocks"
#: Beyond this someone should look; beyond the other events are refused as too early or too late.
WARNING_SECONDS: Final = 5.0
FAULT_SECONDS: Final = 60.0


def judge_skew(name: str, seconds: float) -> Finding:
    """Judge how far another clock is ahead of (or, below zero, behind) this host's."""
    direction = "ahead of" if seconds > 0 else "behind"
    text = f"the clock of {name} is {abs(seconds):.1f} s {direction} this host's"
    fix = "synchronise the clocks (NTP) of all hosts"
    if abs(seconds) > FAULT_SECONDS:
        return Finding(_AREA, Level.FAULT, text, fix)
    if abs(seconds) > WARNING_SECONDS:
        return Finding(_AREA, Level.WARNING, text, fix)
    return Finding(_AREA, Level.OK, f"{name} and this host agree on the time")


def check_store_clock(clickhouse: ClickHouseSettings) -> list[Finding]:
    """Compare the store's clock with this host's; nothing is found where no store answers."""
    try:
        store = Store.connect(clickhouse.url.get_secret_value(), timeout=clickhouse.timeout)
    except MillraceError:
        return []
    try:
        return [_compare(store)]
    finally:
        store.close()


def _compare(store: Store) -> Finding:
    before = datetime.now(UTC)
    ((there,),) = store.rows("SELECT now64(3, 'UTC')")
    after = datetime.now(UTC)
    # What the answer took is nobody's fault: only what lies outside of it counts.
    if there > after:
        return judge_skew("ClickHouse", (there - after).total_seconds())
    return judge_skew("ClickHouse", min((there - before).total_seconds(), 0.0))
