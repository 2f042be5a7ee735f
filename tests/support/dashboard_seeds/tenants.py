"""Two tenants: one fills a budget that refuses, the other one that overflows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

Event = dict[str, Any]

#: In the open namespace `default` a value beyond the budget of 100 is refused with its event.
REFUSED = "ten-refused"
#: In the closed namespace `links` it becomes __overflow__.
OVERFLOWED = "ten-overflowed"
BUDGET = 100


def told(tenant: str, name: str, at: datetime, **fields: Any) -> Event:
    """One event."""
    moment = at.isoformat().replace("+00:00", "Z")
    return {"tenant": tenant, "name": name, "occurred_at": moment, **fields}


def events(anchor: datetime) -> list[Event]:
    """Everything that both sent."""
    return [*_refused(anchor), *_overflowed(anchor)]


def _refused(anchor: datetime) -> Iterator[Event]:
    for number in range(BUDGET + 7):
        at = anchor - timedelta(minutes=2 * number + 1)
        # The newest come first, so the oldest seven are those over the budget.
        yield told(
            REFUSED,
            "shop.sold",
            at,
            kind="counter",
            value=2,
            tags={"sku": f"s{number}", "till": "1"},
        )
    for number in range(5):  # known values go on working
        at = anchor - timedelta(minutes=number + 1)
        yield told(
            REFUSED, "shop.sold", at, kind="counter", value=2, tags={"sku": "s0", "till": "1"}
        )
    for number in range(85):
        at = anchor - timedelta(hours=2, minutes=number)
        yield told(REFUSED, "shop.shelf", at, kind="gauge", value=9, tags={"place": f"p{number}"})
    for number in range(30):
        at = anchor - timedelta(days=3, minutes=number)
        yield told(REFUSED, "user.clicks", at, kind="counter", value=1, tags={"page": "start"})
    yield told(REFUSED, "user.clicks", anchor + timedelta(hours=1), kind="counter", value=1)


def _overflowed(anchor: datetime) -> Iterator[Event]:
    for number in range(BUDGET + 4):
        at = anchor - timedelta(minutes=3 * number + 2)
        entity = f"link:t{number}"
        yield told(OVERFLOWED, "linkInteracted", at, entity=entity, tags={"type": f"t{number}"})
    for number in range(40):
        at = anchor - timedelta(minutes=7 * number + 3)
        measured = {"number": 1.0 + number}
        yield told(
            OVERFLOWED,
            "user.weight",
            at,
            kind="histogram",
            measurements=measured,
            tags={"by": "kg"},
        )
