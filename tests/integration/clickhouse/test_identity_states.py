from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from event_rows import NOON

from millrace.clickhouse.client import Store
from millrace.schemas.catalogue_files import load_catalogue
from millrace.streams.decode import Decoder
from millrace.streams.record_batch import record_batch

pytestmark = pytest.mark.integration

#: The view of each kind of thing.
VIEWS = {
    "user": "users",
    "session": "sessions",
    "client": "oauth_clients",
    "key": "signing_keys",
    "apikey": "api_keys",
    "webhook": "webhooks",
    "delivery": "deliveries",
}


def identity(store: Store, *events: tuple[str, str, int], **fields: Any) -> None:
    """Send domain events of the identity platform the whole way from the record's bytes."""
    now = datetime.now(UTC)
    lines = []
    for name, entity, second in events:
        moment = at(second).isoformat().replace("+00:00", "Z")
        record = {"name": f"identity.{name}", "entity": entity, "occurred_at": moment, **fields}
        lines.append(json.dumps(record).encode())
    ((first,),) = store.rows("SELECT count() FROM events")
    found = record_batch(
        *("events", 0, first, range(first, first + len(lines))),
        [int(now.timestamp() * 1000)] * len(lines),
        lines,
    )
    batch = Decoder(load_catalogue(), b"key").decode(found, "log")
    assert batch.stored == len(lines)
    store.insert("events", batch.rows, batch.token)


def at(second: int) -> datetime:
    return NOON + timedelta(seconds=second)


def milliseconds(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))


def states(store: Store) -> dict[str, list[str]]:
    """How the things of each kind stand, in order."""
    found = {}
    for kind, view in VIEWS.items():
        rows = store.rows(f"SELECT state FROM {view} ORDER BY state")
        if rows:
            found[kind] = [state for (state,) in rows]
    return found


@pytest.mark.requirement("IDENT-58")
def test_the_state_of_the_platforms_things_is_projected(store: Store) -> None:
    identity(
        store,
        *(("user.created", "user:ann", 0), ("user.verified", "user:ann", 2)),
        *(("user.deleted", "user:ann", 3), ("user.restored", "user:ann", 4)),
        *(("user.created", "user:bob", 0), ("user.deleted", "user:cid", 1)),
        *(("user.unverified", "user:dan", 4), ("user.verified", "user:dan", 3)),
        *(("session.ended", "session:1", 5), ("session.started", "session:1", 1)),
        ("session.started", "session:2", 2),
        *(("client.registered", "client:a", 0), ("client.disabled", "client:a", 1)),
        *(("client.enabled", "client:a", 2), ("client.registered", "client:b", 0)),
        *(("client.disabled", "client:b", 1), ("client.deleted", "client:c", 1)),
        *(("client.restored", "client:d", 2), ("client.deleted", "client:d", 1)),
        *(("key.activated", "key:old", 0), ("key.retired", "key:old", 10)),
        *(("key.activated", "key:new", 10), ("key.created", "key:next", 11)),
        *(("key.retired", "key:gone", 3), ("key.pruned", "key:gone", 4)),
        *(("key.retired", "key:back", 3), ("key.activated", "key:back", 4)),
        *(("key.pruned", "key:again", 3), ("key.activated", "key:again", 4)),
        *(("apikey.issued", "apikey:1", 0), ("apikey.issued", "apikey:2", 0)),
        ("apikey.revoked", "apikey:2", 1),
        *(("webhook.registered", "webhook:1", 0), ("webhook.disabled", "webhook:1", 1)),
        *(("webhook.restored", "webhook:2", 2), ("webhook.deleted", "webhook:2", 1)),
        *(("webhook.deleted", "webhook:3", 2), ("webhook.disabled", "webhook:3", 1)),
        ("webhook_event.emitted", "webhook_event:1", 2),
        *(("delivery.started", "delivery:1", 2), ("delivery.succeeded", "delivery:1", 3)),
        *(("delivery.failed", "delivery:2", 3), ("delivery.started", "delivery:2", 2)),
        *(("delivery.failed", "delivery:3", 3), ("delivery.started", "delivery:3", 4)),
    )
    assert states(store) == {
        "user": ["deleted", "unverified", "unverified", "verified"],
        "session": ["active", "ended"],
        "client": ["active", "active", "deleted", "disabled"],
        "key": ["active", "active", "active", "pruned", "retired", "waiting"],
        "apikey": ["active", "revoked"],
        "webhook": ["active", "deleted", "disabled"],
        "delivery": ["failed", "pending", "succeeded"],
    }
    totals = store.rows(
        "SELECT entity_type, state, sum(entities) FROM identity_totals GROUP BY ALL ORDER BY ALL"
    )
    expected = [
        (kind, state, found.count(state))
        for kind, found in {**states(store), "webhook_event": ["emitted"]}.items()
        for state in set(found)
    ]
    assert totals == sorted(expected)


@pytest.mark.requirement("IDENT-58")
def test_keys_have_their_age_and_rotations(store: Store) -> None:
    identity(store, ("key.created", "key:1", 0), tags={"algorithm": "RS256"})
    identity(store, ("key.retired", "key:1", 20), tags={"reason": "interval"})
    identity(
        store,
        *(("key.activated", "key:1", 5), ("key.pruned", "key:1", 30)),
        *(("key.created", "key:2", 18), ("key.activated", "key:2", 20)),
    )
    columns = "state, algorithm, created_at, activated_at, retired_at, pruned_at, retire_reason"
    assert store.rows(f"SELECT key, {columns} FROM signing_keys ORDER BY key") == [
        ("key:1", "pruned", "RS256", at(0), at(5), at(20), at(30), "interval"),
        ("key:2", "active", "", at(18), at(20), None, None, ""),
    ]


@pytest.mark.requirement("IDENT-58")
def test_a_login_has_its_user_provider_client_and_end(store: Store) -> None:
    identity(
        store,
        ("session.started", "session:1", 1),
        tags={"provider": "google", "method": "oauth"},
        attributes={"client": "Account page"},
        actor="ann",
    )
    identity(store, ("user.created", "user:ann", 0), tags={"method": "password"})
    identity(store, ("session.renewed", "session:1", 3), actor="somebody else")
    identity(store, ("session.ended", "session:1", 9), tags={"reason": "signed_out"})
    columns = "provider, method, client, state, started_at, renewed_at, ended_at, end_reason"
    expected = ("google", "oauth", "Account page", "ended", at(1), at(3), at(9), "signed_out")
    assert store.rows(f"SELECT {columns} FROM sessions") == [expected]
    # A session's user is the pseudonym that the user's own row has after its type.
    joined = store.rows(
        "SELECT u.method FROM sessions AS s JOIN users AS u ON u.user = concat('user:', s.user)"
    )
    assert joined == [("password",)]


@pytest.mark.requirement("IDENT-58")
def test_clients_are_told_apart_by_how_they_registered(store: Store) -> None:
    for client, registration in (("a", "trusted"), ("b", "dynamic"), ("c", "dynamic")):
        tags = {"registration": registration, "client_type": "public"}
        identity(store, ("client.registered", f"client:{client}", 0), tags=tags)
    identity(store, ("client.deleted", "client:c", 1))
    rows = store.rows(
        "SELECT registration, state, entities FROM identity_totals WHERE entity_type = 'client'"
        " ORDER BY ALL"
    )
    assert rows == [("dynamic", "active", 1), ("dynamic", "deleted", 1), ("trusted", "active", 1)]


@pytest.mark.requirement("IDENT-58")
def test_a_delivery_has_its_attempts_and_the_last_answer(store: Store) -> None:
    start = {
        "tags": {"event_type": "user.created"},
        "attributes": {"webhook": "3", "webhook_event": "81"},
    }
    identity(store, ("delivery.started", "delivery:1", 1), **start)
    identity(store, ("delivery.failed", "delivery:1", 2), tags={"response_code": "503"})
    columns = "state, attempts, response_code, first_started_at, started_at, failed_at"
    assert store.rows(f"SELECT {columns} FROM deliveries") == [
        ("failed", 1, "503", at(1), at(1), at(2))
    ]
    identity(store, ("delivery.started", "delivery:1", 60), **start)
    identity(store, ("delivery.succeeded", "delivery:1", 61), tags={"response_code": "204"})
    assert store.rows(f"SELECT {columns} FROM deliveries") == [
        ("succeeded", 2, "204", at(1), at(60), at(2))
    ]
    about = store.rows("SELECT event_type, webhook, webhook_event, succeeded_at FROM deliveries")
    assert about == [("user.created", "3", "81", at(61))]


def test_sessions_and_keys_expire_by_themselves(store: Store) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    past = NOON + timedelta(minutes=1)
    for name, entity, second, end in (
        ("session.started", "session:1", 0, milliseconds(past)),
        ("session.started", "session:2", 0, milliseconds(soon)),
        ("session.started", "session:3", 0, milliseconds(past)),
        ("session.renewed", "session:3", 1, milliseconds(soon)),
        ("session.started", "session:4", 0, milliseconds(past)),
        ("session.renewed", "session:4", 1, "tomorrow"),
        ("session.started", "session:5", 0, "0"),
        ("apikey.issued", "apikey:1", 0, milliseconds(past)),
        ("apikey.issued", "apikey:2", 0, milliseconds(soon)),
        ("apikey.issued", "apikey:3", 0, "never"),
    ):
        identity(store, (name, entity, second), attributes={"expires_at": end})
    assert states(store) == {
        "session": ["active", "active", "active", "expired", "expired"],
        "apikey": ["active", "active", "expired"],
    }


def test_one_tenant_never_sees_anothers_things(store: Store) -> None:
    identity(store, ("user.created", "user:1", 0), tenant="a")
    identity(store, ("user.deleted", "user:1", 1), tenant="b")
    assert store.rows("SELECT tenant, state FROM users ORDER BY tenant") == [
        ("a", "unverified"),
        ("b", "deleted"),
    ]


def test_persons_stand_under_pseudonyms_and_signing_keys_do_not(store: Store) -> None:
    identity(
        store,
        *(("session.started", "session:secret", 0), ("apikey.issued", "apikey:secret", 0)),
        *(("user.created", "user:secret", 0), ("client.registered", "client:secret", 0)),
        ("key.activated", "key:2026-11", 0),
        actor="ann",
    )
    rows = store.rows("SELECT entity, toString(details) FROM entities ORDER BY entity")
    assert len(rows) == 5
    assert "secret" not in str(rows)
    assert "ann" not in str(rows)
    assert [entity for entity, _ in rows if entity.startswith("key:")] == ["key:2026-11"]
    ((user, session),) = store.rows("SELECT user, session FROM sessions")
    assert len(user) == len(session.removeprefix("session:")) == 32


def test_things_of_other_platforms_are_no_part_of_it(store: Store) -> None:
    record = {"name": "shop.basket.opened", "kind": "event", "entity": "session:1"}
    line = json.dumps({**record, "occurred_at": NOON.isoformat()}).encode()
    found = record_batch("events", 0, 0, range(1), [int(NOON.timestamp() * 1000)], [line])
    batch = Decoder(load_catalogue(), b"key").decode(found, "log")
    store.insert("events", batch.rows, batch.token)
    assert store.rows("SELECT count() FROM entities") == [(1,)]
    assert states(store) == {}
