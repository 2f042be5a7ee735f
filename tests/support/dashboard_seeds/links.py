"""A month of saved links of one organisation, and what must not be counted among them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

Event = dict[str, Any]

ORG = "org-links"
#: Has links of the same ids, so that figures of the two are told apart by the tenant alone.
OTHER = "org-other"
#: Has fewer links than a week ago.
SHRINKING = "org-shrinking"
#: How many links were saved on each day before the anchor, that day first; the 9th day has none.
PER_DAY = (
    5,
    3,
    4,
    2,
    6,
    3,
    4,
    5,
    2,
    0,
    3,
    4,
    3,
    5,
    2,
    3,
    1,
    4,
    2,
    3,
    4,
    2,
    3,
    1,
    2,
    3,
    2,
    1,
    2,
    3,
    4,
    5,
)
DOMAINS = (
    "news.example", "blog.example", "docs.example", "video.example", "shop.example",
    "wiki.example", "mail.example", "maps.example", "code.example", "data.example",
    "art.example", "zine.example",
)  # fmt: skip
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='16' height='16'%3E"
    "%3Crect width='16' height='16' rx='4' fill='%23{color}'/%3E%3C/svg%3E"
)
_COLORS = ("3b82f6", "22c55e", "eab308", "a855f7", "ef4444", "f97316")
ERRORS = (
    "Timed out after 30 s while fetching the page and all of the pictures that it links to",
    "HTTP 404",
    "The page has no readable text",
)


def event(name: str, at: datetime, link: str, tenant: str = ORG, **fields: Any) -> Event:
    """One event of a link."""
    return {
        "name": name,
        "occurred_at": at.isoformat().replace("+00:00", "Z"),
        "tenant": tenant,
        "entity": f"link:{link}",
        **fields,
    }


def ms(at: datetime) -> str:
    """Unix milliseconds, as the producer writes them."""
    return str(round(at.timestamp() * 1000))


def events(anchor: datetime) -> list[Event]:
    """Everything that both organisations did."""
    told: list[Event] = []
    number = 0
    for day, count in enumerate(PER_DAY):
        for place in range(count):
            at = anchor - timedelta(days=day, minutes=30 + 37 * place)
            told += _link(number, at)
            number += 1
    return [*told, *_reader(anchor), *_snapshots(anchor), *_odd(anchor), *_other(anchor)]


def _created(link: str, at: datetime, domain: str, tenant: str = ORG) -> Event:
    attributes = {
        "id": link,
        "url": f"https://{domain}/articles/a-rather-long-address-of-an-article/{link}",
        "domain": domain,
        "createdAt": ms(at),
    }
    return event("linkCreated", at, link, tenant, attributes=attributes)


def _link(number: int, at: datetime) -> Iterator[Event]:
    link = f"l{number:03d}"
    domain = DOMAINS[number * number % 23 % len(DOMAINS)]
    yield _created(link, at, domain)
    if number % 17 == 16:
        return  # nobody has begun to process it
    begun = at + timedelta(seconds=2)
    yield event("linkProcessingStarted", begun, link, attributes={"startedAt": ms(begun)})
    ended = begun + timedelta(milliseconds=700 + 137 * (number % 31))
    if number % 9 == 4:
        said = {"error": ERRORS[number // 9 % 3], "failedAt": ms(ended)}
        yield event("linkProcessingFailed", ended, link, attributes=said)
    elif number % 13 != 6:
        yield event("linkProcessingCompleted", ended, link, attributes={"completedAt": ms(ended)})
    if number % 5:
        color = _COLORS[len(domain) % len(_COLORS)]
        found = {"title": f"Article {number} – żółw", "favicon": ICON.format(color=color)}
        yield event("linkMetadataFetched", ended, link, attributes=found)
    if number % 4 == 0:
        yield event("linkSummarized", ended, link, attributes={"summary": "Short."})
    if number % 3 == 0:
        yield event("linkCompleted", at + timedelta(minutes=3), link)
    if number % 12 == 3:
        yield event("linkUncompleted", at + timedelta(minutes=5), link)
    if number % 10 == 7:
        yield event("linkDeleted", at + timedelta(minutes=7), link)
    if number % 20 == 17:
        yield event("linkRestored", at + timedelta(minutes=9), link)


def _reader(anchor: datetime) -> Iterator[Event]:
    for number in range(240):
        at = anchor - timedelta(minutes=11 + 163 * number)
        kind = ("opened", "opened", "shared", "archived")[number % 4]
        yield event(
            "linkInteracted",
            at,
            f"l{number % 60:03d}",
            actor=f"reader-{number % 7}",
            tags={"type": kind},
            attributes={"timestamp": ms(at)},
        )


def _snapshots(anchor: datetime) -> Iterator[Event]:
    full = anchor.replace(minute=0, second=0, microsecond=0)
    for hour in range(72):
        at = full - timedelta(hours=hour)
        for late in (0, 20):  # a gauge that is sampled twice an hour is not doubled
            yield {
                "name": "metricsSnapshotRecorded",
                "occurred_at": (at + timedelta(minutes=late)).isoformat().replace("+00:00", "Z"),
                "tenant": ORG,
                "measurements": {
                    "totalLinks": 100 - hour // 2 + late,
                    "completedLinks": 30 - hour // 8,
                    "pendingProcessing": hour % 5,
                    "failedProcessing": 9 - hour // 24,
                },
            }


def _odd(anchor: datetime) -> Iterator[Event]:
    """What is easily counted wrongly."""
    hour = timedelta(hours=1)
    # After the range's end, on the same day and on the next.
    yield _created("after", anchor + 2 * hour, "news.example")
    yield _created("next-day", anchor + 9 * hour, "news.example")
    yield event("linkCompleted", anchor + 9.5 * hour, "next-day")
    # Failed, then begun once more: pending again.
    at = anchor - 5 * hour
    yield _created("again", at, "retry.example")
    for name, minutes, key in (
        ("linkProcessingStarted", 1, "startedAt"),
        ("linkProcessingFailed", 2, "failedAt"),
        ("linkProcessingStarted", 60, "startedAt"),
    ):
        moment = at + timedelta(minutes=minutes)
        yield event(name, moment, "again", attributes={key: ms(moment)})
    # Told in the wrong order: deleted first, restored after that.
    yield _created("back", anchor - 6 * hour, "retry.example")
    yield event("linkRestored", anchor - 4 * hour, "back")
    yield event("linkDeleted", anchor - 5 * hour, "back")
    # Failed and deleted since.
    at = anchor - 3 * hour
    yield _created("gone", at, "retry.example")
    yield event("linkProcessingStarted", at, "gone", attributes={"startedAt": ms(at)})
    said = {"error": "Gone", "failedAt": ms(at + hour)}
    yield event("linkProcessingFailed", at + hour, "gone", attributes=said)
    yield event("linkDeleted", at + 2 * hour, "gone")
    # Near midnight: another day, and the day before, in Warsaw.
    midnight = anchor.replace(hour=0, minute=0)
    yield _created("night", midnight - timedelta(minutes=30), "night.example")
    at = midnight - timedelta(minutes=20)
    yield event("linkInteracted", at, "night", tags={"type": "opened"}, actor="reader-1")
    # Nobody told that it was saved.
    yield event("linkCompleted", anchor - hour, "unknown")
    # Refused: a measurement is a number.
    yield event("linkCreated", anchor - hour, "refused") | {"measurements": {"count": "many"}}


def _other(anchor: datetime) -> Iterator[Event]:
    for number in range(8):
        at = anchor - timedelta(hours=3 * number + 1)
        link = f"l{number:03d}"
        yield _created(link, at, "secret.example", OTHER)
        yield event("linkProcessingStarted", at, link, OTHER, attributes={"startedAt": ms(at)})
        ended = at + timedelta(seconds=9)
        said = {"error": "Secret", "failedAt": ms(ended)}
        yield event("linkProcessingFailed", ended, link, OTHER, attributes=said)
        yield event("linkInteracted", at, link, OTHER, tags={"type": "opened"})
        yield event("linkCompleted", at + timedelta(minutes=1), link, OTHER)
    for number in range(4):
        link, at = f"s{number}", anchor - timedelta(days=20, hours=number)
        yield _created(link, at, "old.example", SHRINKING)
        yield event("linkCompleted", at + timedelta(hours=1), link, SHRINKING)
    for number in range(3):
        yield event("linkDeleted", anchor - timedelta(hours=number), f"s{number}", SHRINKING)
    yield event("linkUncompleted", anchor - timedelta(hours=1), "s3", SHRINKING)
