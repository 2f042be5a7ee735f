"""What a table has forgotten is no difference; ``since`` leaves out what was stored before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from event_rows import NOON, events_batch
from ranges import NOW, PLACE, WHOLE, delete, differences, events, fill, insert_range

from millrace.clickhouse.client import Store
from millrace.clickhouse.slices import ROLLUPS

pytestmark = pytest.mark.integration


@pytest.fixture
def filled(store: Store) -> Store:
    fill(store)
    return store


def test_what_is_expired_is_not_compared(filled: Store) -> None:
    delete(filled, "events", "partition = 0 AND offset = 33")
    delete(filled, "rollup_1m", "name = 'name.0'")
    assert {text.split(",")[0] for text in differences(filled)} == {"events", *ROLLUPS}
    later = NOW + timedelta(days=31)
    for table in ("events", "rollup_1m", "rollup_5m"):
        delete(filled, table, "1")
    assert differences(filled, now=later) == []
    assert differences(filled) != []


def test_the_rollups_are_compared_with_each_other_where_raw_has_expired(filled: Store) -> None:
    later = NOW + timedelta(days=31)
    for table in ("events", "rollup_1m", "rollup_5m"):
        delete(filled, table, "1")
    delete(filled, "rollup_1d", "name = 'name.1' AND tags['zone'] = '3'")
    found = differences(filled, now=later)
    assert [text.split(", bucket")[0] for text in found if "name.1" in text] == [
        f"rollup_1d, {NOON.date() + timedelta(days=n)} name.1 (class default)" for n in (0, 1)
    ]
    assert "rollup_1h says" in found[-1]


def test_ranges_whose_days_are_partly_expired_may_have_lost_rows_and_never_won_any(
    store: Store,
) -> None:
    old = [replace(row, retention_class="game") for row in events(0, 0, 30)[::2]]
    new = events(0, 0, 30)[1::2]
    insert_range(store, 0, 0, 30, [*old, *new])
    insert_range(store, 0, 30, 60)
    later = datetime(NOON.year, NOON.month, NOON.day, tzinfo=UTC) + timedelta(days=4, hours=5)
    log = [WHOLE[0]]
    delete(store, "events", "retention_class = 'game'")
    assert differences(store, log, now=later) == []
    # A day of which nothing is expired stands beside it: the range that only touches it is exact.
    store.insert("events", events_batch(events(0, 0, 30)), "once more")
    assert differences(store, log, now=later)[0].startswith(f"events, {PLACE}, range 0 to 30: ")


def test_a_day_is_compared_until_ten_minutes_before_it_expires(filled: Store) -> None:
    delete(filled, "rollup_1m", "1")
    last = NOON.date() + timedelta(days=1)
    midnight = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=15)
    before = differences(filled, now=midnight - timedelta(minutes=11))
    assert {text.split()[0] for text in before} == {"rollup_1m,"}
    assert differences(filled, now=midnight - timedelta(minutes=10)) == []


def test_since_leaves_out_what_was_flushed_and_touched_before(store: Store) -> None:
    early = [
        replace(row, occurred_at=row.occurred_at - timedelta(days=5)) for row in events(0, 0, 30)
    ]
    insert_range(store, 0, 0, 30, early)
    store.command(
        "ALTER TABLE ingest_ledger UPDATE flushed_at = flushed_at - INTERVAL 5 DAY WHERE 1",
        settings={"mutations_sync": 2},
    )
    insert_range(store, 0, 30, 60)
    delete(store, "events", "offset = 3")
    delete(store, "dead_letters", "offset = 4")
    log, since = [WHOLE[0]], NOW - timedelta(days=1)
    assert differences(store, log) != []
    assert differences(store, log, since=since) == []
    assert differences(store, log, since=NOW + timedelta(days=1)) == []
    delete(store, "events", "offset = 33")
    found = differences(store, log, since=since)
    assert found[0] == f"events, {PLACE}, range 30 to 60: expected 10 rows, found 9"
    assert {text.split(",")[0] for text in found} == {"events", *ROLLUPS}
