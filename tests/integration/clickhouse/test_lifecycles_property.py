"""The views on lifecycles against histories that are simply played event by event."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from event_rows import NOON, Row, events_batch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from millrace.clickhouse.client import Store

pytestmark = pytest.mark.integration

LINK_EVENTS = (
    *("Created", "ProcessingStarted", "ProcessingCompleted", "ProcessingFailed"),
    *("Completed", "Uncompleted", "Deleted", "Restored", "Interacted"),
)
THINGS = {
    "user": ("users", ("created", "verified", "unverified", "deleted", "restored")),
    "session": ("sessions", ("started", "renewed", "ended")),
    "client": ("oauth_clients", ("registered", "disabled", "enabled", "deleted", "restored")),
    "key": ("signing_keys", ("created", "activated", "retired", "pruned")),
    "apikey": ("api_keys", ("issued", "revoked")),
    "webhook": ("webhooks", ("registered", "disabled", "enabled", "deleted", "restored")),
    "delivery": ("deliveries", ("started", "succeeded", "failed")),
}
#: (thing, event, second, partition): many for few things, so that they cross and times are equal.
LINK_HISTORY = st.lists(
    st.tuples(
        *(st.sampled_from("abcde"), st.sampled_from(LINK_EVENTS)),
        *(st.integers(0, 12), st.integers(0, 1)),
    ),
    min_size=25,
    max_size=60,
)
IDENTITY_HISTORY = st.lists(
    st.tuples(
        st.sampled_from([(kind, event) for kind, (_, names) in THINGS.items() for event in names]),
        *(st.integers(0, 1), st.integers(0, 6)),
    ),
    min_size=50,
    max_size=80,
)
FEW = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TENANTS = itertools.count()
OFFSETS = itertools.count()


def stored(store: Store, rows: Sequence[Row], rng: random.Random) -> list[Row]:
    """Store rows in any order and in ranges of any size; return them as they happened."""
    waiting = rng.sample(rows, len(rows))
    while waiting:
        size = rng.randint(1, len(waiting))
        part, waiting = waiting[:size], waiting[size:]
        store.insert("events", events_batch(part), f"token {part[0].offset}")
    return sorted(rows, key=lambda row: (row.occurred_at, row.partition, row.offset))


def row(tenant: str, name: str, entity: str, second: int, partition: int = 0) -> Row:
    moment = NOON + timedelta(seconds=second)
    return Row(
        next(OFFSETS), moment, name, entity=entity, tenant=tenant, partition=partition, kind=0
    )


def played_link(events: Iterable[Row]) -> dict[str, Any]:
    """Return what a link is after its events, one after the other."""
    link: dict[str, Any] = dict.fromkeys(("saved", "deleted", "completed"), 0)
    link |= dict.fromkeys(("started_at", "completed_at", "failed_at")) | {"processing": ""}
    for event in events:
        match event.name.removeprefix("link"):
            case "Created":
                link["saved"] = 1
            case "Completed" | "Uncompleted" as what:
                link["completed"] = int(what == "Completed")
            case "Deleted" | "Restored" as what:
                link["deleted"] = int(what == "Deleted")
            case "ProcessingStarted":
                link |= {"processing": "pending", "started_at": event.occurred_at}
            case "ProcessingCompleted":
                link |= {"processing": "completed", "completed_at": event.occurred_at}
            case "ProcessingFailed":
                link |= {"processing": "failed", "failed_at": event.occurred_at}
    return link


def figures(links: Sequence[dict[str, Any]]) -> list[float]:
    """Return a tenant's totals, each from its definition."""
    kept = [link for link in links if link["saved"] and not link["deleted"]]
    begun = [link for link in links if link["started_at"]]
    done = [link for link in begun if link["processing"] == "completed"]
    failed = [link for link in begun if link["processing"] == "failed"]
    times = [(link["completed_at"] - link["started_at"]).total_seconds() * 1000 for link in done]
    return [
        len(kept),
        sum(link["completed"] for link in kept),
        sum(link["saved"] and link["deleted"] for link in links),
        sum(link["processing"] == "pending" for link in links),
        sum(link["processing"] == "failed" for link in links),
        len(begun),
        len(done) / len(begun) * 100 if begun else 0,
        len(done) / (len(done) + len(failed)) * 100 if done or failed else 0,
        round(sum(times) / len(times)) if times else 0,
        float(np.percentile(times, 95)) if times else 0,
    ]


@pytest.mark.requirement(
    "LINK-02", "LINK-03", "LINK-05", "LINK-06", "LINK-07", "LINK-08", "LINK-09"
)
@pytest.mark.requirement("LINK-10", "LINK-11", "LINK-12")
@FEW
@given(history=LINK_HISTORY, rng=st.randoms(use_true_random=False))
def test_links_are_what_their_events_make_of_them(
    store: Store, history: list[tuple[str, str, int, int]], rng: random.Random
) -> None:
    tenant = f"t{next(TENANTS)}"
    rows = [
        row(tenant, f"link{event}", f"link:{link}", second, partition)
        for link, event, second, partition in history
    ]
    happened = stored(store, rows, rng)
    links = {
        name: played_link(one for one in happened if one.entity == f"link:{name}")
        for name in sorted({name for name, *_ in history})
    }
    columns = tuple(played_link(()))
    found = store.rows(
        f"SELECT link_id, {', '.join(columns)} FROM links WHERE tenant = {{tenant:String}}"
        " ORDER BY link_id",
        {"tenant": tenant},
    )
    expected = [(name, *(link[column] for column in columns)) for name, link in links.items()]
    assert found == expected
    totals = store.rows(
        "SELECT total_links, completed_links, deleted_links, pending_processing,"
        " failed_processing, processed, success_rate, settled_rate, avg_ms, p95_ms"
        " FROM link_totals WHERE tenant = {tenant:String}",
        {"tenant": tenant},
    )
    assert len(totals) == bool(links)
    for total in totals:
        assert list(total) == pytest.approx(figures(list(links.values())))


def played_state(kind: str, events: Sequence[str]) -> str:
    """Return the state of one of the platform's things after its events, in order."""
    seen: set[str] = set()
    for event in events:
        # What an event takes back.
        seen -= {
            "verified": {"unverified"},
            "unverified": {"verified"},
            "restored": {"deleted"},
            "enabled": {"disabled"},
            "started": {"ended", "succeeded", "failed"},
            "succeeded": {"failed"},
            "failed": {"succeeded"},
            "created": {"pruned"},
            "activated": {"pruned", "retired"},
            "issued": {"revoked"},
        }.get(event, set())
        seen.add(event)
    order = {
        "user": ("deleted", "verified", "unverified"),
        "session": ("ended", "active"),
        "client": ("deleted", "disabled", "active"),
        "key": ("pruned", "retired", "activated", "waiting"),
        "apikey": ("revoked", "active"),
        "webhook": ("deleted", "disabled", "active"),
        "delivery": ("succeeded", "failed", "pending"),
    }[kind]
    state = next((state for state in order if state in seen), order[-1])
    return "active" if state == "activated" else state


@pytest.mark.requirement("IDENT-58")
@FEW
@given(history=IDENTITY_HISTORY, rng=st.randoms(use_true_random=False))
def test_the_platforms_things_are_what_their_events_make_of_them(
    store: Store, history: list[tuple[tuple[str, str], int, int]], rng: random.Random
) -> None:
    tenant = f"t{next(TENANTS)}"
    rows = [
        row(tenant, f"identity.{kind}.{event}", f"{kind}:{number}", second)
        for (kind, event), number, second in history
    ]
    happened = stored(store, rows, rng)
    for kind, (view, _) in THINGS.items():
        entities = sorted({one.entity for one in rows if one.entity.startswith(f"{kind}:")})
        expected = [
            (
                entity,
                played_state(
                    kind, [one.name.rsplit(".")[-1] for one in happened if one.entity == entity]
                ),
            )
            for entity in entities
        ]
        column = kind
        found = store.rows(
            f"SELECT {column}, state FROM {view} WHERE tenant = {{tenant:String}} ORDER BY 1",
            {"tenant": tenant},
        )
        assert found == expected, view
