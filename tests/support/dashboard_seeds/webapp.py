"""A quarter of a web application: requests, and what its users did; and another application's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

Event = dict[str, Any]

SHOP = "shop"
#: Has users of the same names, and endpoints of the same paths.
OTHER = "shop-rival"
#: Path, method, requests in the day before the anchor, least and most milliseconds.
#: The slowest has few requests: averages of averages and of percentiles are far off.
#: The second is slower than the third on average, and faster by P95.
ENDPOINTS = (
    ("/api/reports/{id}/export", "POST", 14, 2200, 6400),
    ("/api/search", "GET", 120, 300, 800),
    ("/api/basket", "PUT", 60, 1, 950),
    ("/api/orders", "POST", 90, 80, 400),
    ("/api/orders", "GET", 420, 15, 60),
    ("/api/orders/{id}", "GET", 230, 10, 40),
    ("/api/session", "DELETE", 20, 5, 12),
)
#: Views in the day before the anchor; the last two are not among the top five.
PAGES = (
    ("Orders", 150),
    ("Search", 96),
    ("Order details", 71),
    ("Checkout", 40),
    ("Reports", 22),
    ("Profile", 13),
    ("Help", 4),
)
#: Hours before the anchor in which nobody came.
QUIET = (6, 5)
_DAY = 24 * 60


def event(name: str, at: datetime, tenant: str = SHOP, **fields: Any) -> Event:
    """One event of an application; without ``actor`` nobody was signed in."""
    return {
        "name": f"webapp.{name}",
        "occurred_at": at.isoformat().replace("+00:00", "Z"),
        "tenant": tenant,
        **{key: value for key, value in fields.items() if value},
    }


def request(
    at: datetime,
    endpoint: str,
    method: str,
    time: float,
    *,
    status: str = "200",
    error: str = "",
    actor: str = "",
    tenant: str = SHOP,
) -> Event:
    """One answered request; the middleware would send ``error`` with every status from 400 on."""
    tags = {"endpoint": endpoint, "method": method, "status_code": status, "error_type": error}
    return event(
        "request",
        at,
        tenant,
        kind="histogram",
        measurements={"response_time_ms": time},
        tags={key: value for key, value in tags.items() if value},
        actor=actor,
    )


def view(at: datetime, page: str, actor: str = "", tenant: str = SHOP) -> Event:
    """One page shown."""
    return event("page_view", at, tenant, tags={"page_name": page}, actor=actor)


def events(anchor: datetime) -> list[Event]:
    """Everything that both applications sent; the last two of all come late."""
    random = Random(62)
    told = [*_requests(anchor, random), *_usage(anchor, random), *_before(anchor, random)]
    told += [*_odd(anchor), *_other(anchor)]
    late = anchor - timedelta(hours=19, minutes=3)
    return [
        *told,
        request(late, "/api/search", "GET", 321, actor="late caller"),
        view(late, "Help", "late reader"),
    ]


def _moments(anchor: datetime, random: Random, count: int) -> Iterator[datetime]:
    for _ in range(count):
        age = random.uniform(1, _DAY - 10)
        if not QUIET[1] * 60 <= age <= QUIET[0] * 60:
            yield anchor - timedelta(minutes=age)


def _user(random: Random, first: int, last: int) -> str:
    """Someone, or in one of eight cases nobody that is known."""
    return f"u-{random.randint(first, last)}" if random.random() > 0.12 else ""


def _requests(anchor: datetime, random: Random) -> Iterator[Event]:
    for endpoint, method, count, least, most in ENDPOINTS:
        for at in _moments(anchor, random, count):
            status, error = random.choice(_ENDINGS)
            time = round(random.uniform(least, most), 1)
            actor = _user(random, 1, 40)
            yield request(at, endpoint, method, time, status=status, error=error, actor=actor)


_ENDINGS: Sequence[tuple[str, str]] = (
    *[("200", "")] * 30,
    ("302", ""),
    ("404", "client_error"),
    ("422", "client_error"),
    ("503", "server_error"),
)


def _usage(anchor: datetime, random: Random) -> Iterator[Event]:
    """Of users that partly call the API too, and partly do not."""
    for page, count in PAGES:
        for at in _moments(anchor, random, count):
            yield view(at, page, _user(random, 30, 70))
    for name, count, tags in (
        ("button_click", 140, {}),
        ("form_submit", 50, {"action": "save", "outcome": "success"}),
        ("feature_usage", 30, {"feature": "export"}),
    ):
        for at in _moments(anchor, random, count):
            page = random.choice(PAGES)[0]
            actor = _user(random, 30, 70)
            yield event(name, at, tags={"page_name": page, **tags}, actor=actor)


def _before(anchor: datetime, random: Random) -> Iterator[Event]:
    """Two of each on every day of the quarter, by users of their own."""
    for day in range(1, 88):
        at = anchor - timedelta(days=day, hours=5, minutes=11)
        for place in range(2):
            moment = at + timedelta(minutes=place)
            endpoint, method, _, least, most = random.choice(ENDPOINTS)
            time = round(random.uniform(least, most), 1)
            yield request(moment, endpoint, method, time, actor=f"old-{day % 9}")
            yield view(moment, random.choice(PAGES)[0], f"old-{day % 11}")


def _odd(anchor: datetime) -> Iterator[Event]:
    hour_ago = anchor - timedelta(hours=1)
    # The border of what an error is, and errors of which only the half is told.
    yield request(hour_ago, "/api/session", "DELETE", 7, status="399", actor="u-1")
    yield request(hour_ago, "/api/session", "DELETE", 7, status="400", actor="u-1")
    yield request(hour_ago, "/api/session", "DELETE", 7, status="500", actor="u-1")
    yield request(hour_ago, "/api/session", "DELETE", 7, status="", error="server_error")
    # No route matched, so there is no endpoint.
    yield request(hour_ago, "", "GET", 3, status="404", error="client_error")
    # After the range.
    later = anchor + timedelta(minutes=7)
    yield request(later, "/api/orders", "GET", 60_000, status="500", actor="from tomorrow")
    yield view(later, "Help", "from tomorrow")


def _other(anchor: datetime) -> Iterator[Event]:
    for age in (20, 400, 5000, 50_000):
        at = anchor - timedelta(minutes=age)
        yield request(at, "/api/orders", "GET", 9000, status="500", actor="u-1", tenant=OTHER)
        yield request(at, "/api/rival", "GET", 1, actor="rival-1", tenant=OTHER)
        for _ in range(60):
            yield view(at, "Rival page", "rival-2", OTHER)
