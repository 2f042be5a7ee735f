"""Redrive and purge on the real engine: whatever they die of, each event counts once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from catalogues import SMALL
from letter_log import (
    FIXED,
    NOW,
    Crash,
    CrashingStore,
    LetterLog,
    event,
    redrive_on,
    worker_on,
)
from workers import scalar

from millrace.clickhouse.client import Store
from millrace.streams import letter_jobs
from millrace.streams.letter_jobs import JobTaken, new_job
from millrace.streams.letters import Filters
from millrace.streams.purge import purge

pytestmark = pytest.mark.integration

ROLLUPS = ("rollup_1m", "rollup_5m", "rollup_1h", "rollup_1d")
ALL = Filters()


def records(tenant: str) -> list[bytes]:
    """Two good ones, three that a new catalogue accepts, a repeat of each kind, one hopeless."""
    return [
        event(1, tenant=tenant, name="game.login"),
        event(2, tenant=tenant),
        event(3, tenant=tenant, tags={"zone": "a", "secret": "x"}),
        event(1, tenant=tenant, value=50),  # the id is stored already
        event(4, tenant=tenant),
        event(4, tenant=tenant, value=70),  # a repeat of a letter
        b"{",
        event(5, tenant=tenant, name="game.login"),
    ]


def marks(store: Store, partition: int) -> dict[str, list[int]]:
    rows = store.rows(
        "SELECT mark, groupArray(offset) FROM (SELECT mark, offset FROM letter_marks"
        f" WHERE partition = {partition} ORDER BY offset) GROUP BY mark"
    )
    return {str(mark): list(offsets) for mark, offsets in rows}


def assert_exact(store: Store, partition: int, tenant: str) -> None:
    """Each letter that can be stored is stored once, in raw and in every rollup, and marked."""
    offsets = store.rows(f"SELECT offset FROM events WHERE partition = {partition} ORDER BY offset")
    assert [row[0] for row in offsets] == [5, 6, 7, 9, 12]
    for rollup in ROLLUPS:
        found = store.rows(f"SELECT sum(events), sum(sum) FROM {rollup} WHERE tenant = '{tenant}'")
        assert found == [(5, 1 + 2 + 3 + 4 + 5)], rollup
    assert marks(store, partition) == {"redriven": [6, 7, 9], "duplicate": [8, 10], "refused": [11]}
    assert scalar(store, f"SELECT sum(dropped) FROM dropped_keys WHERE tenant = '{tenant}'") == 1
    assert letter_jobs.open_jobs(store) == []


def test_dies_at_every_step_and_is_finished_by_the_next_run(store: Store) -> None:
    plain = LetterLog(records("plain"), partition=1000)
    plain.ingest(store)
    whole = CrashingStore(store)
    summary = redrive_on(whole, plain).run(ALL)
    assert whole.writes == [
        "insert letter_jobs",
        "insert events",
        "insert dropped_keys",
        "insert letter_marks",
        "insert letter_jobs",
    ]
    assert summary.as_dict() == {
        "redriven": 3,
        "duplicate": 2,
        "refused": {"malformed_json": 1},
        "gone": 0,
        "recreated": 0,
        "repeated": 0,
        "jobs": 1,
    }
    assert_exact(store, 1000, "plain")
    for step in range(len(whole.writes)):
        for after in (False, True):
            partition = 2 * step + after
            log = LetterLog(records(f"t{partition}"), partition=partition)
            log.ingest(store)
            with pytest.raises(Crash):
                redrive_on(CrashingStore(store, step, after=after), log).run(ALL)
            if letter_jobs.open_jobs(store):
                with pytest.raises(Crash):  # the repeat dies too
                    redrive_on(CrashingStore(store, 1, after=after), log).run(ALL)
            redrive_on(store, log).run(ALL)
            assert_exact(store, partition, f"t{partition}")
            again = redrive_on(store, log).run(ALL)
            assert (again.redriven, again.duplicate, again.jobs) == (0, 0, 0)
            assert_exact(store, partition, f"t{partition}")


def test_two_who_plan_from_the_same_state(store: Store) -> None:
    log = LetterLog(records("t"))
    log.ingest(store)
    number = letter_jobs.next_number(store)
    slow = new_job(number, log.place, redriven=(6, 7), catalogue="fixed")
    redrive_on(store, log).run(ALL)
    # Whoever slept over that comes with a plan for a number that is taken.
    with pytest.raises(JobTaken):
        worker_on(store, log).do(slow, log.records)
    assert_exact(store, 0, "t")


def test_one_who_slept_in_the_middle_of_a_job_changes_nothing(store: Store) -> None:
    log = LetterLog(records("t"))
    log.ingest(store)
    woken: list[int] = []

    class Sleeping(CrashingStore):
        def insert(self, table: str, batch: Any, token: str) -> None:
            if table == "events" and "_probe_" not in table and not woken:
                woken.append(redrive_on(store, log).run(ALL).repeated)
            super().insert(table, batch, token)

    redrive_on(Sleeping(store), log).run(ALL)
    assert woken == [1]
    assert_exact(store, 0, "t")


def test_what_cannot_be_repeated_exactly_is_given_up_and_left_alone(store: Store) -> None:
    logs = [LetterLog(records(f"t{n}"), partition=n) for n in range(2)]
    for log, step in zip(logs, (1, 2), strict=True):  # before and after the rows were stored
        log.ingest(store)
        with pytest.raises(Crash):
            redrive_on(CrashingStore(store, step), log).run(ALL)
        log.start = 7  # Kafka has forgotten one of the records meanwhile
        # Dying while giving up changes nothing either.
        with pytest.raises(Crash):
            redrive_on(CrashingStore(store, 1 if step == 2 else 0), log).run(ALL)
        redrive_on(store, log).run(ALL)
        assert letter_jobs.open_jobs(store) == []
    assert marks(store, 0) == {"duplicate": [8, 10], "refused": [11]}
    assert marks(store, 1) == {"redriven": [6, 7, 9], "duplicate": [8, 10], "refused": [11]}
    assert redrive_on(store, logs[0]).run(ALL).redriven == 0
    assert scalar(store, "SELECT count() FROM events WHERE partition = 0") == 2
    assert scalar(store, "SELECT count() FROM events WHERE partition = 1") == 5


def test_a_token_that_the_store_may_have_forgotten_is_not_trusted(store: Store) -> None:
    log = LetterLog(records("t"))
    log.ingest(store)
    ahead = letter_jobs.blocks(store) + 1  # as after the loss of a part
    old = new_job(1, log.place, redriven=(6, 7), catalogue="fixed", block=ahead)
    letter_jobs.begin(store, old, NOW)
    summary = redrive_on(store, log).run(ALL)
    assert summary.repeated == 1
    assert marks(store, 0)["redriven"] == [9]


def test_many_days_and_small_jobs(store: Store) -> None:
    many = [
        event(n, tenant="far", value=1, occurred_at=(NOW - timedelta(hours=20 * n)).isoformat())
        for n in range(105)
    ]
    log = LetterLog(many)
    log.ingest(store)
    summary = redrive_on(store, log).run(ALL)
    assert summary.redriven == 105
    assert scalar(store, "SELECT sum(events) FROM rollup_1d") == 105
    log = LetterLog([event(n, tenant="small") for n in range(25)], partition=1)
    log.ingest(store)
    summary = redrive_on(store, log, chunk=4).run(ALL, limit=10)
    assert (summary.redriven, summary.jobs) == (10, 3)
    assert redrive_on(store, log, chunk=4).run(ALL).redriven == 15


def test_a_dry_run_changes_nothing(store: Store) -> None:
    log = LetterLog(records("t"))
    log.ingest(store)
    summary = redrive_on(store, log, dry_run=True).run(ALL)
    assert (summary.redriven, summary.duplicate, summary.jobs) == (3, 2, 0)
    assert scalar(store, "SELECT count() FROM letter_jobs") == 0
    assert scalar(store, "SELECT count() FROM events") == 2


def test_what_is_gone_recreated_or_another_record(store: Store) -> None:
    log = LetterLog(records("t"))
    log.ingest(store)
    log.start = 7
    assert redrive_on(store, log, current=False).run(ALL).recreated == 6
    other = LetterLog(records("t"), step=11)
    assert redrive_on(store, other).run(ALL).gone == 6
    summary = redrive_on(store, log).run(ALL)
    assert (summary.gone, summary.redriven) == (1, 2)


def test_a_refused_letter_may_be_tried_again_and_is_marked_once(store: Store) -> None:
    log = LetterLog(records("t"))
    log.ingest(store)
    for _ in range(2):
        summary = redrive_on(store, log, catalogue=SMALL).run(ALL)
        assert summary.refused == {"unknown_name": 5, "malformed_json": 1}
    assert marks(store, 0) == {"refused": [6, 7, 8, 9, 10, 11]}
    assert redrive_on(store, log, catalogue=FIXED).run(ALL).redriven == 3


def test_a_purge_dies_at_every_step_and_marks_each_letter_once(store: Store) -> None:
    whole = CrashingStore(store)
    log = LetterLog(records("t"), partition=1000)
    log.ingest(store)
    assert purge(whole, worker_on(whole, log), ALL) == 6
    assert whole.writes == [
        "insert letter_jobs",
        "insert letter_marks",
        "ALTER TABLE dead_letters",
        "insert letter_jobs",
    ]
    for step in range(len(whole.writes)):
        for after in (False, True):
            partition = 2 * step + after
            log = LetterLog(records("t"), partition=partition)
            log.ingest(store)
            crashing = CrashingStore(store, step, after=after)
            with pytest.raises(Crash):
                purge(crashing, worker_on(crashing, log), ALL, chunk=4)
            purge(store, worker_on(store, log), ALL, chunk=4)
            assert purge(store, worker_on(store, log), ALL) == 0
            where = f"WHERE partition = {partition}"
            assert scalar(store, f"SELECT count() FROM dead_letters {where}") == 0
            assert marks(store, partition) == {"purged": [6, 7, 8, 9, 10, 11]}
            assert redrive_on(store, log).run(ALL).redriven == 0


def test_hostile_filters_choose_nothing(store: Store) -> None:
    hostile = "' OR 1 = 1; DROP TABLE dead_letters; --"
    log = LetterLog([event(2, tags={"zone": hostile}), event(3, name=hostile)])
    log.ingest(store)
    for filters in (
        Filters(reason=hostile),
        Filters(field=hostile),
        Filters(tenant=hostile),
        Filters(topic=hostile),
    ):
        assert purge(store, worker_on(store, log), filters) == 0
        assert redrive_on(store, log).run(filters).jobs == 0
    assert redrive_on(store, log, dry_run=True).run(Filters(name=hostile)).refused.total() == 1
    assert redrive_on(store, log).run(Filters(name="game.quest")).redriven == 1
    assert scalar(store, "SELECT count() FROM dead_letters") == 2
