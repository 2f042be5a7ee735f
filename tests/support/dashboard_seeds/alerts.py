"""What alert rules must fire at and what they must not, days before anything else happens.

Every scene is so many minutes after ``begin(anchor)``; the tests evaluate the rules then.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

Event = dict[str, Any]
TOPIC = "telemetry.events"
DAY = 24 * 60


def begin(anchor: datetime) -> datetime:
    """Six in the morning, five days before the anchor's day."""
    return (anchor - timedelta(days=5)).replace(hour=6, minute=0)


def events(anchor: datetime) -> list[Event]:
    """Every scene's events."""
    start = begin(anchor)
    told = []
    for minute, name, fields in _scenes():
        at = start + timedelta(minutes=minute, seconds=7)
        told.append({"name": name, "occurred_at": at.isoformat().replace("+00:00", "Z"), **fields})
    return told


_Told = tuple[float, str, dict[str, Any]]


def _scenes() -> Iterator[_Told]:
    yield from _lag()
    yield from _rising()
    yield from _proofs()
    yield from _late()
    yield from _store()
    yield from _sources()
    yield from _keys()
    yield from _sign_ins()
    yield from _webhooks()
    yield from _pool()
    yield from _requests()


def _own(minute: float, what: str, measurements: dict[str, float], **tags: str) -> _Told:
    return minute, f"millrace.{what}", {"measurements": measurements, "tags": tags}


def _waiting(minute: float, partition: int, records: float) -> _Told:
    measurements = {"records": records, "seconds": 1.0}
    return _own(minute, "ingest.lag", measurements, topic=TOPIC, partition=str(partition))


def _lag() -> Iterator[_Told]:
    """At 30: partition 0 has a lag that came down, 1 a critical one, 2 none to speak of."""
    yield _waiting(26, 0, 700_000)
    yield _waiting(29, 0, 60_000)
    yield _waiting(29, 1, 600_000)
    yield _waiting(28, 2, 90_000)
    yield _waiting(29, 2, 10)


def _rising() -> Iterator[_Told]:
    """At 120: 0 rises, 1 has a spike, 2 falls, 3 was not there before and 4 is gone."""
    for step in range(20):
        minute = 100 + step
        yield _waiting(minute, 0, 1_000 + 200 * step)
        yield _waiting(minute, 1, 9_000 if step == 18 else 5_000)
        yield _waiting(minute, 2, 40_000 - 1_000 * step)
        if step > 15:
            yield _waiting(minute, 3, 90_000)
        if step < 5:
            yield _waiting(minute, 4, 10)


def _proofs() -> Iterator[_Told]:
    """Three differences at 60, none from 80 on."""
    for minute, differences in ((50, 0), (60, 3), (80, 0)):
        measurements = {"differences": differences, "checks": 900, "seconds": 1.5}
        yield _own(minute, "reconcile.finished", measurements)


def _late() -> Iterator[_Told]:
    """2 % at 245, below the limit at 275, too few values for a share at 305."""
    for minute, stored, late in ((240, 1_000, 20), (270, 5_000, 20), (300, 10, 5)):
        yield _own(minute, "ingest.stored", {"count": stored}, topic=TOPIC, partition="0")
        for size, count in (("10", late), ("60", late / 4)):
            tags = {"topic": TOPIC, "name": "webapp.request", "size": size}
            yield _own(minute, "windows.too_late", {"count": count}, **tags)
        tags = {"topic": "telemetry.millrace", "name": "millrace.ingest.lag", "size": "10"}
        yield _own(minute, "windows.too_late", {"count": 900}, **tags)


def _parts(minute: float, table: str, most: float) -> _Told:
    return _own(minute, "store.parts", {"parts": most, "total": most * 3}, table=table)


def _rows(minute: float, table: str, kind: str, rows: float) -> _Told:
    tags = {"table": table, "retention_class": kind}
    return _own(minute, "store.table", {"rows": rows, "bytes": rows * 40}, **tags)


def _disk(minute: float, disk: str, free: float) -> _Told:
    return _own(minute, "store.disk", {"free_bytes": free, "total_bytes": 2e9}, disk=disk)


def _store() -> Iterator[_Told]:
    """Parts at 65 and 95; disks at 65; rows at 125 (near), 185 (beyond, fast), 305 (beyond)."""
    yield _parts(62, "events", 350)
    yield _parts(62, "rollup_1m", 2_000)
    yield _parts(64, "rollup_1m", 1_200)
    yield _parts(64, "links", 2)
    yield _parts(94, "events", 20)
    for minute, disk, free in (
        (60, "fast", 1e9),
        (63, "fast", 3.9e8),
        (60, "cold", 1e8),
        (63, "cold", 1.5e8),
        (63, "archive", 4e8),
    ):
        yield _disk(minute, disk, free)
    for minute, rows in (
        (125 - DAY - 10, (100_000, 100_000)),  # Fast growth, but below the limit.
        (185 - DAY - 10, (680_000, 340_000)),
        (305 - DAY - 10, (680_000, 340_000)),
        (95, (900_000, 350_000)),  # Deleted since: the newest count is the one that holds.
        (124, (500_000, 350_000)),
        (184, (700_000, 350_000)),
        (304, (690_000, 340_000)),  # 10,000 more than a day before, which is not too much.
    ):
        yield _rows(minute, "events", "webapp", rows[0])
        yield _rows(minute, "rollup_1h", "webapp", rows[1])
        yield _rows(minute, "events", "game", 5_000_000)


def _sources() -> Iterator[_Told]:
    """At 60 one source of a tenant is silent while another sends on; one never sent often."""
    for hour in range(1, 7):
        yield -60 * hour, "webapp.page_view", {"tenant": "alert-stale", "tags": {"page_name": "a"}}
        if hour != 6:
            yield -60 * hour, "linkInteracted", {"tenant": "alert-rare", "entity": "link:a1"}
    for hour in range(-6, 2):
        minute = 60 * hour - 5
        yield minute, "auth.register.success", {"tenant": "alert-stale", "tags": {"method": "mail"}}


def _keys() -> Iterator[_Told]:
    """At 125: an old key, one that was rotated, one that is too old."""
    for minute, tenant, days in (
        (60, "alert-old", 25.5),
        (120, "alert-old", 26.25),
        (60, "alert-rotated", 31),
        (120, "alert-rotated", 0.5),
        (120, "alert-late", 31),
    ):
        fields = {"tenant": tenant, "value": days * 86_400_000}
        yield minute, "jwks.active_key.age_ms", fields


def _attempts(minute: float, tenant: str, status: str, count: int) -> Iterator[_Told]:
    tags = {"method": "password", "status": status}
    for number in range(count):
        fields = {"tenant": tenant, "tags": tags, "measurements": {"count": 1}}
        yield minute + number % 5, "auth.login.attempt", fields


def _sign_ins() -> Iterator[_Told]:
    """At 65: 40 % fail of one tenant, 20 % of the next, all of too few of the third."""
    for tenant, good, bad in (("alert-a", 24, 16), ("alert-b", 32, 8), ("alert-few", 0, 10)):
        yield from _attempts(55, tenant, "success", good)
        yield from _attempts(55, tenant, "fail", bad)
    yield from _attempts(20, "alert-b", "fail", 50)
    many = {"measurements": {"count": 60}, "tags": {"method": "key", "status": "success"}}
    yield 56, "auth.login.attempt", {"tenant": "alert-many", **many}
    yield from _attempts(55, "alert-many", "fail", 20)


def _webhooks() -> Iterator[_Told]:
    """At 65: 8 % fail of one tenant, 4 % of the next, all of the third."""
    for tenant, emitted, failed in (
        ("alert-a", 100, 8),
        ("alert-b", 100, 4),
        ("alert-c", 0, 30),
        ("alert-few", 5, 5),
    ):
        for minute, name, count in (
            (50, "webhook.emit.count", emitted / 2),
            (55, "webhook.emit.count", emitted / 2),
            (56, "qstash.publish.error.count", failed),
        ):
            if count:
                yield minute, name, {"tenant": tenant, "measurements": {"count": count}}


def _pool() -> Iterator[_Told]:
    """At 65: some wait at one tenant; at the other they waited a minute ago."""
    for minute, tenant, waiting in ((64, "alert-a", 3), (62, "alert-b", 5), (64, "alert-b", 0)):
        yield minute, "lua.pool.waiting", {"tenant": tenant, "value": waiting}


def _requests() -> Iterator[_Told]:
    """At 65: endpoints that fail and are slow in different measure, and one that few ask for."""
    for tenant, method, endpoint, count, failed, status, slow, fast in (
        ("alert-a", "GET", "/api/orders", 40, 4, "500", 1_500, 90),
        ("alert-a", "GET", "/api/users", 40, 1, "404", 700, 80),
        ("alert-a", "POST", "/api/users", 40, 0, "500", 120, 60),
        ("alert-b", "GET", "/api/orders", 400, 1, "500", 450, 40),
        ("alert-few", "GET", "/api/orders", 5, 5, "500", 5_000, 5_000),
    ):
        for number in range(count):
            bad = number < failed
            tags = {"endpoint": endpoint, "method": method, "status_code": status if bad else "200"}
            if bad:
                tags["error_type"] = "server_error"
            # One in ten is slow, so that the 95th of a hundred is.
            taken = (slow if number % 10 == 0 else fast) + number / 100
            fields = {"tenant": tenant, "tags": tags, "measurements": {"response_time_ms": taken}}
            yield 52 + number % 12, "webapp.request", fields
