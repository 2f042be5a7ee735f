"""Each seeded fault is found and named; what is expired or on its way is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from event_rows import LOG, NOON, TOPIC, Row, events_batch
from ranges import (
    NOW,
    PLACE,
    WHOLE,
    dead_letters,
    delete,
    differences,
    events,
    fill,
    insert_range,
    ledger_row,
    mark,
    run,
)

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Place, Span
from millrace.clickhouse.slices import ROLLUPS

pytestmark = pytest.mark.integration


@pytest.fixture
def filled(store: Store) -> Store:
    fill(store)
    return store


def test_a_store_that_agrees_with_itself(filled: Store) -> None:
    report = run(filled)
    assert report.differences == []
    assert report.ok
    assert report.checks > 30
    assert (report.moving, report.gaps) == (0, 0)


def test_an_empty_store_agrees(store: Store) -> None:
    assert differences(store, [Span(Place(LOG, TOPIC, 0), 0, 0)]) == []


def test_one_lost_raw_row_is_found_in_its_range_and_its_buckets(filled: Store) -> None:
    delete(filled, "events", "partition = 0 AND offset = 33")
    found = run(filled).found
    assert found[0].text == f"events, {PLACE}, range 30 to 60: expected 10 rows, found 9"
    assert found[0].span == Span(Place(LOG, TOPIC, 0), 30, 60)
    day, hour = NOON.date() + timedelta(days=1), f"{NOON + timedelta(hours=13):%Y-%m-%d %H:%M}"
    assert found[1].text == (
        f"rollup_1m, {day} name.1 (class default), bucket {hour}, tenant default, measurement a,"
        " tags {'zone':'1'}: events says 0 events, 0 values, sum 0.0,"
        f" found 1 events, 1 values, sum {33 / 7!r}"
    )
    assert {one.table for one in found} == {"events", *ROLLUPS}


@pytest.mark.parametrize("table", ROLLUPS)
def test_a_row_of_only_one_rollup_that_is_off_is_named(filled: Store, table: str) -> None:
    ((bucket,),) = filled.rows(f"SELECT min(bucket) FROM {table} WHERE name = 'name.1'")
    series = f"name = 'name.1' AND measurement = 'a' AND bucket = '{bucket:%F %T}'"
    delete(filled, table, series)
    # The coarsest is also what all ranges together are compared with.
    found = [text for text in differences(filled) if ", all days" not in text]
    assert found
    assert found[0].startswith(
        f"{table}, {bucket:%Y-%m-%d} name.1 (class default), bucket {bucket:%Y-%m-%d %H:%M}, "
        "tenant default, measurement a, tags {'zone':'"
    )
    assert {text.split(",")[0] for text in found} == {table}


@pytest.mark.parametrize("table", ROLLUPS)
def test_one_rollup_part_that_is_there_twice_is_named(filled: Store, table: str) -> None:
    day = NOON.date()
    filled.command(f"CREATE TABLE copy AS {table}")
    filled.command(f"INSERT INTO copy SELECT * FROM {table} WHERE toDate(bucket) = '{day}'")
    filled.command(f"ALTER TABLE {table} ATTACH PARTITION ('{day}', 'default') FROM copy")
    found = [text for text in differences(filled) if ", all days" not in text]
    assert [text.split(", bucket")[0] for text in found] == [
        f"{table}, {day} name.0 (class default)",
        f"{table}, {day} name.1 (class default)",
    ]
    first = f"{NOON:%Y-%m-%d %H}:00" if table != "rollup_1d" else f"{day} 00:00"
    assert f"bucket {first}" in found[0]


def test_one_lost_ledger_row_is_named(filled: Store) -> None:
    delete(filled, "ingest_ledger", "partition = 0 AND first_offset = 0")
    text = "\n".join(differences(filled))
    assert f"ingest_ledger, {PLACE}, offsets 0 to 30: the log has them" in text
    insert_range(filled, 0, 60, 90)
    insert_range(filled, 0, 90, 120)
    delete(filled, "ingest_ledger", "partition = 0 AND first_offset = 60")
    text = "\n".join(differences(filled))
    assert f"ingest_ledger, {PLACE}, range 90 to 120: offsets 60 to 90 before it are in no" in text


def test_a_lost_ledger_row_is_found_without_the_log(filled: Store) -> None:
    delete(filled, "ingest_ledger", "partition = 0 AND first_offset = 0")
    log = [Span(Place(LOG, TOPIC, 0), 40, 60)]
    assert differences(filled, log)[0] == (
        f"events, {PLACE}, range 30 to 60: expected 10 rows, found 20"
    )


def test_a_ledger_row_that_is_there_twice_is_named(filled: Store) -> None:
    filled.command("CREATE TABLE copy AS ingest_ledger")
    filled.command("INSERT INTO copy SELECT * FROM ingest_ledger WHERE first_offset = 30")
    filled.command("ALTER TABLE ingest_ledger ATTACH PARTITION ALL FROM copy")
    assert differences(filled)[0] == (
        f"ingest_ledger, {PLACE}, range 30 to 60: the range before it ends at 60: offsets were"
        " entered twice"
    )


def test_a_range_that_does_not_add_up_is_named(filled: Store) -> None:
    rows = events(0, 60, 90)
    filled.insert("events", events_batch(rows), "third")
    filled.insert("dead_letters", dead_letters(0, range(61, 90, 3)), "third")
    filled.insert("ingest_ledger", ledger_row(0, 60, 90, rows, duplicate=9), "third")
    assert differences(filled) == [
        f"ingest_ledger, {PLACE}, range 60 to 90: 30 records were delivered, but 10 stored + 10"
        " rejected + 9 duplicate make 29"
    ]


def test_more_records_than_offsets_are_named(filled: Store) -> None:
    rows = events(0, 60, 90)
    filled.insert("events", events_batch(rows), "third")
    filled.insert("dead_letters", dead_letters(0, range(61, 90, 3)), "third")
    row = ledger_row(0, 60, 90, rows, duplicate=11, delivered=31)
    filled.insert("ingest_ledger", row, "third")
    assert differences(filled) == [
        f"ingest_ledger, {PLACE}, range 60 to 90: 31 records were delivered of 30 offsets"
    ]


def test_offsets_without_a_record_are_counted_and_no_difference(filled: Store) -> None:
    rows = events(0, 60, 90)
    filled.insert("events", events_batch(rows), "third")
    filled.insert("dead_letters", dead_letters(0, range(61, 90, 3)), "third")
    row = ledger_row(0, 60, 90, rows, duplicate=4, delivered=24)
    filled.insert("ingest_ledger", row, "third")
    report = run(filled)
    assert (report.differences, report.gaps) == ([], 6)


def test_one_lost_dead_letter_is_named(filled: Store) -> None:
    delete(filled, "dead_letters", "partition = 0 AND offset = 34")
    found = run(filled).found
    assert [one.text for one in found] == [
        f"dead_letters, {PLACE}, range 30 to 60: expected 10 letters, found 9"
    ]
    assert found[0].span == Span(Place(LOG, TOPIC, 0), 30, 60)


def test_a_dead_letter_that_is_there_twice_is_named(filled: Store) -> None:
    filled.insert("dead_letters", dead_letters(0, [34]), "again")
    assert differences(filled) == [
        f"dead_letters, {PLACE}, offsets 0 to 60: a letter is there twice; offset 34 is there 2"
        " times"
    ]


def test_a_purged_letter_is_none_that_is_lost(filled: Store) -> None:
    mark(filled, 0, 34, "purged")
    assert differences(filled) == []
    delete(filled, "dead_letters", "partition = 0 AND offset = 34")
    assert differences(filled) == []


def test_a_redriven_letter_is_stored_beside_what_the_ledger_says(filled: Store) -> None:
    filled.insert("events", events_batch([Row(34, NOON, name="name.0")]), "redriven")
    assert differences(filled)[0] == (
        f"events, {PLACE}, range 30 to 60: offset 34 is a dead letter and stored, without a mark"
        " that it was redriven: finish the job with millrace dead-letters redrive"
    )
    mark(filled, 0, 34, "redriven")
    assert differences(filled) == []


def test_a_redriven_letter_may_have_expired(filled: Store) -> None:
    mark(filled, 0, 34, "redriven")
    assert differences(filled) == []
    delete(filled, "events", "partition = 0 AND offset = 33")
    assert differences(filled)[0].startswith(f"events, {PLACE}, range 30 to 60: expected 10 rows")


def test_rows_counted_twice_are_named_with_an_offset(filled: Store) -> None:
    filled.insert("events", events_batch(events(0, 30, 60)), "another token")
    found = differences(filled)
    assert found[0] == (
        f"events, {PLACE}, range 30 to 60: expected 10 rows, found 20; offset 30 is there 2 times"
    )
    assert found[1].startswith("rollup_1d, all days: the ledger's ranges stored 30 events")


def test_events_that_raw_and_all_rollups_miss_are_found_by_the_ledger(store: Store) -> None:
    rows = events(0, 0, 30)
    store.insert("events", events_batch(rows[1:]), "0-30")
    store.insert("dead_letters", dead_letters(0, range(1, 30, 3)), "0-30")
    store.insert("ingest_ledger", ledger_row(0, 0, 30, rows), "0-30")
    log = [Span(Place(LOG, TOPIC, 0), 0, 30)]
    assert differences(store, log) == [
        f"events, {PLACE}, range 0 to 30: expected 10 rows, found 9",
        "rollup_1d, all days: the ledger's ranges stored 10 events, found 9",
    ]
    # Raw has forgotten them, the coarsest rollup still tells.
    assert differences(store, log, now=NOW + timedelta(days=40)) == [
        "rollup_1d, all days: the ledger's ranges stored 10 events, found 9"
    ]


def test_a_changed_sum_is_named(filled: Store) -> None:
    filled.command(
        "ALTER TABLE rollup_5m UPDATE sum = sum * (1 + 1e-7) WHERE name = 'name.0' AND"
        f" bucket = '{NOON + timedelta(hours=6):%F %T}'",
        settings={"mutations_sync": 2},
    )
    (found,) = differences(filled)
    assert f"bucket {NOON + timedelta(hours=6):%Y-%m-%d %H:%M}" in found
    assert found.startswith("rollup_5m, ")


def test_events_that_the_log_has_deleted_too_soon_are_named_as_lost(filled: Store) -> None:
    log = [Span(Place(LOG, TOPIC, 0), 75, 90), WHOLE[1]]
    assert differences(filled, log) == [
        f"ingest_ledger, {PLACE}, offsets 60 to 75: 15 offsets are lost: Kafka deleted them before"
        " a worker stored them; give the topic a longer retention than any outage"
    ]


def test_a_log_that_has_forgotten_its_head_or_goes_on_is_no_difference(filled: Store) -> None:
    assert differences(filled, [Span(Place(LOG, TOPIC, 0), 60, 90)]) == []
    assert differences(filled, [Span(Place(LOG, TOPIC, 0), 40, 75), WHOLE[1]]) == []


def test_a_range_that_is_only_partly_there_is_no_difference(filled: Store) -> None:
    rows = events(0, 60, 90)
    filled.insert("events", events_batch(rows), "third")
    report = run(filled)
    assert report.differences == []
    delete(filled, "rollup_5m", f"bucket = '{rows[0].occurred_at:%F %T}' AND name = 'name.0'")
    # Half of the series is on its way: what is not, is still compared, and is off.
    assert run(filled).found


def test_rows_of_which_a_rollup_has_not_heard_yet_are_in_motion(store: Store) -> None:
    store.insert("events", events_batch(events(0, 0, 30)), "first")
    delete(store, "rollup_1h", "name = 'name.0'")
    report = run(store, [])
    assert report.differences == []
    assert report.moving > 0


def test_other_topics_and_generations_are_compared_too(filled: Store) -> None:
    others = [replace(row, log="older") for row in events(0, 0, 30)]
    others += [replace(row, topic="telemetry.millrace") for row in events(0, 0, 30)]
    filled.insert("events", events_batch(others), "others")
    assert differences(filled) == []
    delete(filled, "rollup_1d", "name = 'name.1'")
    assert differences(filled) != []
