from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from event_rows import NOON, Row, events_batch
from store_fixtures import RETENTION

from millrace.clickhouse import migrate
from millrace.clickhouse.client import Store

pytestmark = pytest.mark.integration

#: What became of three links: a's processing took 3 s, b failed and is tried again, c failed.
STORY: tuple[tuple[str, str, int, dict[str, str]], ...] = (
    ("a", "Created", 0, {"url": "https://a.example/x", "domain": "a.example"}),
    ("b", "Created", 1, {"url": "https://b.example/y", "domain": "b.example"}),
    ("c", "Created", 2, {}),
    ("a", "ProcessingStarted", 3, {}),
    ("a", "ProcessingCompleted", 6, {}),
    ("b", "ProcessingStarted", 7, {}),
    ("b", "ProcessingFailed", 8, {"error": "timed out"}),
    ("b", "ProcessingStarted", 9, {}),
    ("c", "ProcessingStarted", 10, {}),
    ("c", "ProcessingFailed", 11, {"error": "not found"}),
    ("c", "MetadataFetched", 12, {"title": "C", "favicon": "icon"}),
)


def link(name: str, what: str, second: float, offset: int, **changes: Any) -> Row:
    moment = NOON + timedelta(seconds=second)
    usual = {"name": f"link{what}", "entity": f"link:{name}", **changes}
    return Row(offset, moment, **usual)


def story() -> list[Row]:
    return [
        link(name, what, second, offset, attributes=attributes)
        for offset, (name, what, second, attributes) in enumerate(STORY)
    ]


def insert(store: Store, *rows: Row) -> None:
    store.insert("events", events_batch(rows), f"token {rows[0].partition} {rows[0].offset}")


def one_by_one(store: Store, rows: Sequence[Row]) -> None:
    """Send each row as a range of its own, so that what comes last is not what happened last."""
    for row in rows:
        insert(store, row)


def flags(store: Store, column: str) -> dict[str, Any]:
    return dict(store.rows(f"SELECT link, {column} FROM links ORDER BY link"))


def totals(store: Store, columns: str) -> list[tuple[Any, ...]]:
    return store.rows(f"SELECT {columns} FROM link_totals ORDER BY tenant")


@pytest.mark.requirement("LINK-02", "LINK-03")
@pytest.mark.parametrize(
    ("column", "on", "off"),
    [("completed", "Completed", "Uncompleted"), ("deleted", "Deleted", "Restored")],
)
def test_a_switch_is_as_its_last_event_whatever_came_last(
    store: Store, column: str, on: str, off: str
) -> None:
    offsets = itertools.count()
    for name, order in zip("abcdef", itertools.permutations((1, 2, 3)), strict=True):
        steps = {1: on, 2: off, 3: on}
        one_by_one(store, [link(name, steps[second], second, next(offsets)) for second in order])
        one_by_one(
            store, [link(name * 2, on, 1, next(offsets)), link(name * 2, off, 2, next(offsets))]
        )
    found = flags(store, column)
    assert found == {f"link:{name}": 1 for name in "abcdef"} | {
        f"link:{name * 2}": 0 for name in "abcdef"
    }
    store.command("OPTIMIZE TABLE lifecycles FINAL")
    assert flags(store, column) == found


def test_at_equal_times_partition_and_then_offset_decide(store: Store) -> None:
    one_by_one(
        store,
        [
            *(link("a", "Restored", 1, 8), link("a", "Deleted", 1, 7)),
            *(link("b", "Deleted", 1, 10), link("b", "Restored", 1, 9)),
            *(link("c", "Deleted", 1, 3, partition=1), link("c", "Restored", 1, 11)),
        ],
    )
    assert flags(store, "deleted") == {"link:a": 0, "link:b": 1, "link:c": 1}


@pytest.mark.requirement("LINK-05", "LINK-06", "LINK-07")
def test_links_are_counted_by_what_they_are_now_each_tenant_its_own(store: Store) -> None:
    rows = [
        *(link(name, "Created", 0, offset) for offset, name in enumerate("abcd")),
        *(link("a", "Completed", 1, 4), link("b", "Completed", 1, 5), link("b", "Deleted", 2, 6)),
        *(link("c", "Deleted", 2, 7), link("c", "Restored", 3, 8), link("d", "Deleted", 4, 9)),
        # Another's link of the same id, and an event whose link nobody knows.
        *(link("a", "Created", 0, 10, tenant="other"), link("a", "Deleted", 5, 11, tenant="other")),
        link("z", "Deleted", 5, 12),
    ]
    random.Random(5).shuffle(rows)
    one_by_one(store, rows)
    figures = totals(store, "tenant, total_links, completed_links, deleted_links")
    assert figures == [("default", 2, 1, 2), ("other", 0, 0, 1)]
    insert(store, link("b", "Restored", 6, 20))
    figures = totals(store, "tenant, total_links, completed_links, deleted_links")
    assert figures == [("default", 3, 2, 1), ("other", 0, 0, 1)]


@pytest.mark.requirement("LINK-04")
@pytest.mark.parametrize("seed", range(3))
def test_each_link_has_its_processing_with_times_and_error(store: Store, seed: int) -> None:
    rows = story()
    random.Random(seed).shuffle(rows)
    one_by_one(store, rows)

    def at(second: int) -> datetime:
        return NOON + timedelta(seconds=second)

    assert store.rows(
        "SELECT link, processing, started_at, completed_at, failed_at, error FROM links"
        " ORDER BY link"
    ) == [
        ("link:a", "completed", at(3), at(6), None, ""),
        ("link:b", "pending", at(9), None, at(8), "timed out"),
        ("link:c", "failed", at(10), None, at(11), "not found"),
    ]
    assert flags(store, "(url, domain, title, favicon)")["link:c"] == ("", "", "C", "icon")


@pytest.mark.requirement("LINK-08", "LINK-09", "LINK-10", "LINK-11", "LINK-12")
def test_processing_is_counted_and_timed(store: Store) -> None:
    rows = [*story(), link("c", "Deleted", 20, 20)]
    for number, seconds in enumerate((1, 2, 10), start=30):
        rows.append(link(f"n{number}", "ProcessingStarted", 30, 2 * number))
        rows.append(link(f"n{number}", "ProcessingCompleted", 30 + seconds, 2 * number + 1))
    # Never begun as far as anybody knows: it has no duration.
    rows.append(link("x", "ProcessingCompleted", 40, 90))
    one_by_one(store, rows)
    ((pending, failed, processed),) = totals(
        store, "pending_processing, failed_processing, processed"
    )
    assert (pending, failed, processed) == (1, 1, 6)
    ((rate, settled, average, slow),) = totals(store, "success_rate, settled_rate, avg_ms, p95_ms")
    assert rate == pytest.approx(4 / 6 * 100)
    assert settled == pytest.approx(4 / 5 * 100)
    assert average == 4000  # of 1, 2, 3 and 10 s
    assert slow == pytest.approx(8950)  # 0.85 of the way from 3 to 10 s


@pytest.mark.requirement("LINK-04", "LINK-08", "LINK-09")
def test_the_last_step_of_processing_is_its_state(store: Store) -> None:
    offsets = itertools.count()
    steps = ("Started", "Completed", "Failed")
    for order in itertools.permutations(steps):
        name = "-".join(order)
        rows = [
            link(name, f"Processing{step}", second, next(offsets))
            for second, step in enumerate(order)
        ]
        one_by_one(store, rows[::-1])
    found = flags(store, "processing")
    states = {"Started": "pending", "Completed": "completed", "Failed": "failed"}
    assert found == {
        f"link:{'-'.join(order)}": states[order[-1]] for order in itertools.permutations(steps)
    }
    assert totals(store, "pending_processing, failed_processing, processed") == [(2, 2, 6)]


def test_times_are_the_producers_where_it_names_them(store: Store) -> None:
    unix = int(NOON.timestamp() * 1000)
    rows = [
        link("a", "ProcessingStarted", 5, 0, attributes={"startedAt": str(unix)}),
        link("a", "ProcessingCompleted", 9, 1, attributes={"completedAt": str(unix + 250)}),
        link("b", "ProcessingStarted", 5, 2, attributes={"startedAt": "soon"}),
    ]
    insert(store, *rows)
    assert totals(store, "avg_ms, p95_ms, success_rate") == [(250, 250, 50)]
    assert flags(store, "started_at") == {"link:a": NOON, "link:b": NOON + timedelta(seconds=5)}


def test_nothing_processed_is_zero_and_no_nan(store: Store) -> None:
    insert(store, link("a", "Created", 0, 0))
    found = totals(store, "success_rate, settled_rate, avg_ms, p95_ms, processed")
    assert found == [(0, 0, 0, 0, 0)]
    insert(store, link("a", "ProcessingStarted", 1, 1))
    found = totals(store, "success_rate, settled_rate, avg_ms, p95_ms, processed")
    assert found == [(0, 0, 0, 0, 1)]


def test_a_repeated_range_changes_nothing(store: Store) -> None:
    for _ in range(3):
        insert(store, *story())
    assert store.rows("SELECT sum(events), uniqExact(entity) FROM lifecycles") == [(11, 3)]
    assert store.rows("SELECT first_at, events FROM entities WHERE entity = 'link:a'") == [
        (NOON, 3)
    ]


def test_only_what_happened_to_a_thing_is_kept(store: Store) -> None:
    gauge = Row(2, name="shop.queue", entity="shop:1", kind=2)
    insert(store, Row(0), Row(1, name="shop.order.paid", entity="order:7"), gauge)
    assert store.rows("SELECT entity_type, entity, name FROM lifecycles") == [
        ("order", "order:7", "shop.order.paid")
    ]


def test_what_was_stored_before_comes_in_once(empty_store: Store) -> None:
    migrate.apply(empty_store, retention=RETENTION)
    migrate.revert(empty_store, to=17)
    insert(empty_store, *story())
    migrate.apply(empty_store, retention=RETENTION)
    insert(empty_store, link("a", "Deleted", 60, 60))
    assert totals(empty_store, "total_links, deleted_links") == [(2, 1)]
    assert empty_store.rows("SELECT sum(events) FROM lifecycles") == [(12,)]
