"""The conditions of storing exactly once that lie in an insert, on the real engine.

Each is shown kept and dropped: kept, the repeat of a half done range makes every table exact;
dropped, the same repeat leaves it wrong. So the tests fail when a condition is given up, and also
when the engine no longer needs it. What the worker must do is in test_worker.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from catalogues import OPEN, SMALL
from half_done import (
    EXACT,
    ROLLUPS,
    ROWS,
    breaker,
    counts,
    decode,
    inserting,
    records,
    send,
    shares,
)

from millrace.clickhouse.client import Store
from millrace.schemas.errors import StoreError
from millrace.streams.batch import EventBatch
from millrace.streams.clock import SystemClock
from millrace.streams.kept_catalogues import kept_catalogue
from millrace.streams.record_batch import join
from millrace.streams.sink import Sink

pytestmark = [
    pytest.mark.integration,
    pytest.mark.requirement("METRIC-45", "GAME-24"),
]

HalfDone = Callable[[EventBatch], None]


@pytest.fixture
def leave_half_done(store: Store) -> HalfDone:
    return breaker(store)


# The same rows in the same blocks.


def test_a_half_done_range_is_completed_by_its_repeat(
    store: Store, leave_half_done: HalfDone
) -> None:
    batch = decode(records())
    leave_half_done(batch)
    for _ in range(2):
        send(store, batch)
        assert counts(store) == EXACT
    for table in ROLLUPS:
        assert shares(store, table) == shares(store, "events")


def test_other_fetch_boundaries_make_the_same_rows(store: Store, leave_half_done: HalfDone) -> None:
    whole = decode(records())
    pieces = [records(0, 13), records(13, 60), records(73, 27)]
    again = decode(join(pieces))
    assert again.token == whole.token
    assert again.rows.equals(whole.rows)
    leave_half_done(whole)
    send(store, again)
    assert counts(store) == EXACT


def test_a_repeat_with_fewer_rows_under_the_same_token_is_wrong(
    store: Store, leave_half_done: HalfDone
) -> None:
    leave_half_done(decode(records()))
    # The store looks at the token and the block's number, not at the rows.
    send(store, replace(decode(records(13, 60)), first=0, end=ROWS))
    assert counts(store) == {**EXACT, "rollup_1h": 60, "rollup_1d": 60}


@pytest.mark.parametrize(("first", "repeat"), [(1, 2), (2, 1), (2, 4)])
def test_a_range_is_one_record_batch(
    store: Store,
    leave_half_done: HalfDone,
    monkeypatch: pytest.MonkeyPatch,
    first: int,
    repeat: int,
) -> None:
    batch = decode(records())
    with inserting(monkeypatch, first):
        leave_half_done(batch)
    with inserting(monkeypatch, repeat):
        send(store, batch)
    assert counts(store) != EXACT


def test_a_repeat_uses_the_catalogue_that_the_range_was_begun_with(
    store: Store, leave_half_done: HalfDone
) -> None:
    stricter = replace(OPEN, deny=OPEN.deny | {"k"})
    today = replace(
        SMALL, namespaces={**SMALL.namespaces, "default": stricter}, fingerprint="today"
    )

    async def keep() -> None:
        sink = Sink(store, SystemClock())
        await sink.keep_catalogue(SMALL)
        sink.close()

    asyncio.run(keep())
    leave_half_done(decode(records()))
    send(store, decode(records(), kept_catalogue(store, SMALL.fingerprint)))
    assert counts(store) == EXACT
    assert shares(store, "rollup_1d") == shares(store, "events")

    assert not decode(records(), today).rows.equals(decode(records()).rows)


def test_a_repeat_with_todays_catalogue_is_wrong(store: Store, leave_half_done: HalfDone) -> None:
    stricter = replace(OPEN, deny=OPEN.deny | {"k"})
    today = replace(SMALL, namespaces={**SMALL.namespaces, "default": stricter})
    leave_half_done(decode(records()))
    send(store, decode(records(), today))
    assert shares(store, "rollup_1d") != shares(store, "events")


# Deduplication on every insert, and into dependent views.


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(
            # The new name of the setting wins over the old one; both off is off.
            {"insert_deduplicate": 0, "deduplicate_insert": "backward_compatible_choice"},
            id="insert_deduplicate",
        ),
        pytest.param({"deduplicate_insert": "disable"}, id="deduplicate_insert"),
        pytest.param(
            {"deduplicate_blocks_in_dependent_materialized_views": 0}, id="dependent views"
        ),
    ],
)
def test_deduplication_is_on(
    store: Store,
    leave_half_done: HalfDone,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, int | str],
) -> None:
    batch = decode(records())
    leave_half_done(batch)
    with inserting(monkeypatch, 1, **settings):
        send(store, batch)
    assert counts(store) != EXACT


@pytest.mark.parametrize("ignored", [0, 1])
def test_a_view_that_throws_fails_the_insert(
    store: Store, monkeypatch: pytest.MonkeyPatch, ignored: int
) -> None:
    store.command("CREATE TABLE switch (thrown UInt8) ENGINE = Memory")
    store.command(
        "CREATE TABLE copies (name String) ENGINE = MergeTree ORDER BY name"
        " SETTINGS non_replicated_deduplication_window = 100000"
    )
    store.command(
        "CREATE MATERIALIZED VIEW copies_view TO copies AS SELECT name FROM events"
        " WHERE throwIf((SELECT max(thrown) FROM switch) = 1) = 0"
    )
    batch = decode(records())
    store.command("INSERT INTO switch VALUES (1)")
    with inserting(monkeypatch, materialized_views_ignore_errors=ignored):
        if ignored:
            send(store, batch)  # and the worker would commit it
        else:
            with pytest.raises(StoreError):
                send(store, batch)
            store.command("TRUNCATE TABLE switch")
            send(store, batch)
    copied = store.rows("SELECT count() FROM copies") == [(ROWS,)]
    assert copied is not bool(ignored)
