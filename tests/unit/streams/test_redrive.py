from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from letter_doubles import MemoryStore
from letter_log import START, Crash, LetterLog, event, redrive_on, worker_on

from millrace.clickhouse.lease import LeaseHeld
from millrace.schemas.errors import StoreError
from millrace.streams import letter_jobs
from millrace.streams.letters import Filters
from millrace.streams.purge import purge

ALL = Filters()
#: A good one, three that a new catalogue accepts, a repeat of each kind, one hopeless.
RECORDS = [
    event(1, name="game.login"),
    event(2),
    event(3),
    event(1, value=50),  # the id is stored already
    event(4),
    event(4, value=70),  # a repeat of a letter
    b"{",
]


def setting(records: list[bytes] | None = None, **log: Any) -> tuple[MemoryStore, LetterLog]:
    store, kept = MemoryStore(), LetterLog(RECORDS if records is None else records, **log)
    kept.ingest(store)
    store.effects.clear()
    return store, kept


def offsets(store: MemoryStore, table: str) -> list[int]:
    return sorted(row["offset"] for row in store.of(table))


def assert_exact(store: MemoryStore) -> None:
    for table in ("events", "rollup"):
        assert offsets(store, table) == [5, 6, 7, 9]
    assert store.marks() == {"redriven": [6, 7, 9], "duplicate": [8, 10], "refused": [11]}
    assert letter_jobs.open_jobs(store) == []


def test_the_job_is_written_down_first_and_the_marks_come_after_the_rows() -> None:
    store, log = setting()
    redrive_on(store, log).run(ALL)
    assert store.effects == ["letter_jobs", "events", "rollup", "letter_marks", "letter_jobs"]
    assert_exact(store)


@pytest.mark.requirement("GAME-24")
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(deaths=st.lists(st.integers(0, 7), max_size=6), chunk=st.integers(1, 7))
def test_however_often_it_dies_each_letter_is_stored_once(deaths: list[int], chunk: int) -> None:
    store, log = setting()
    for death in deaths:
        store.dies_after = death
        with suppress(Crash):
            redrive_on(store, log, chunk=chunk).run(ALL)
    store.dies_after = -1
    redrive_on(store, log, chunk=chunk).run(ALL)
    assert_exact(store)
    before = list(store.effects)
    redrive_on(store, log, chunk=chunk).run(ALL)
    assert store.effects == before


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(
    deaths=st.lists(st.tuples(st.booleans(), st.integers(0, 6)), max_size=6),
    chunk=st.integers(1, 7),
)
def test_redrives_and_purges_that_die_by_turns(deaths: list[tuple[bool, int]], chunk: int) -> None:
    store, log = setting()

    def act(purging: bool) -> None:
        if purging:
            purge(store, worker_on(store, log), ALL, chunk=chunk)
        else:
            redrive_on(store, log, chunk=chunk).run(ALL)

    for purging, death in deaths:
        store.dies_after = death
        with suppress(Crash):
            act(purging)
    store.dies_after = -1
    act(False)
    act(True)
    marks = store.marks()
    assert marks["purged"] == [6, 7, 8, 9, 10, 11]  # each once
    assert store.of("dead_letters") == []
    redriven = marks.get("redriven", [])
    assert len(redriven) == len(set(redriven))
    for table in ("events", "rollup"):
        assert offsets(store, table) == sorted([5, *redriven])


def test_a_repeat_does_what_was_decided_whatever_has_come_since() -> None:
    store, log = setting()
    store.dies_after = 1
    with pytest.raises(Crash):
        redrive_on(store, log).run(ALL)
    store.dies_after = -1
    # Meanwhile the worker has stored an event with the id of a letter.
    store.tables["events"].append({**store.of("events")[0], "id": bytes(15) + b"\2", "offset": 99})
    redrive_on(store, log).run(ALL)
    assert store.marks()["redriven"] == [6, 7, 9]


def test_whoever_has_lost_the_lease_writes_nothing_more() -> None:
    store, log = setting()

    def lost() -> None:
        if "letter_jobs" in store.effects:
            raise LeaseHeld("somebody else has it")

    with pytest.raises(LeaseHeld):
        redrive_on(store, log, renew=lost).run(ALL)
    assert store.effects == ["letter_jobs"]
    assert redrive_on(store, log).run(ALL).repeated == 1
    assert_exact(store)


def test_ids_are_compared_within_the_time_that_the_worker_compares_them() -> None:
    step = 400_000  # milliseconds; two steps are more than ten minutes
    store, log = setting(
        [event(1), event(1, name="game.login"), event(2), event(1), event(1)], step=step
    )
    redrive_on(store, log).run(ALL)
    # The first is near the stored one, the fourth near enough to nothing, the fifth to the fourth.
    assert store.marks() == {"redriven": [7, 8], "duplicate": [5, 9]}
    assert {int(row["received_at"].timestamp() * 1000) for row in store.of("events")} == {
        START + place * step for place in (1, 2, 3)
    }


def test_memory_is_bounded_by_the_size_of_the_records() -> None:
    store, log = setting([event(n) for n in range(20)])
    sizes = [row["size"] for row in store.of("dead_letters")]
    summary = redrive_on(store, log, max_bytes=3 * max(sizes)).run(ALL)
    assert summary.redriven == 20
    assert 6 <= summary.jobs <= 7
    store, log = setting([event(n) for n in range(20)])
    assert redrive_on(store, log, max_bytes=1).run(ALL).jobs == 20


def test_what_the_store_cannot_take_after_all_does_not_stand_in_the_way() -> None:
    store, log = setting()
    real = store.insert

    def refusing(table: str, batch: Any, token: str) -> None:
        if table == "events":
            raise StoreError("Type mismatch", 53)
        real(table, batch, token)

    store.insert = refusing  # type: ignore[method-assign]
    with pytest.raises(StoreError, match="Type mismatch"):
        redrive_on(store, log).run(ALL)
    assert letter_jobs.open_jobs(store) == []
    store.insert = real  # type: ignore[method-assign]
    redrive_on(store, log).run(ALL)
    assert_exact(store)


def test_a_failure_that_passes_leaves_the_job_to_be_repeated() -> None:
    store, log = setting()
    real = store.insert

    def away(table: str, batch: Any, token: str) -> None:
        real(table, batch, token)
        if table == "events":
            raise StoreError("no answer")

    store.insert = away  # type: ignore[method-assign]
    with pytest.raises(StoreError):
        redrive_on(store, log).run(ALL)
    store.insert = real  # type: ignore[method-assign]
    assert redrive_on(store, log).run(ALL).repeated == 1
    assert_exact(store)
