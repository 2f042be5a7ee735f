"""Letters refused for a tag's value: stored once its partition knows it, or has room for it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import letter_log
import pytest
from catalogues import SMALL
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from letter_doubles import MemoryStore
from letter_log import Crash, LetterLog, event, redrive_on

from millrace.schemas.catalogue import Catalogue, OverBudget
from millrace.streams import letter_jobs
from millrace.streams.batch import EventBatch
from millrace.streams.budgets import OVERFLOW, Budgets
from millrace.streams.decode import Decoder
from millrace.streams.letters import Filters

ALL = Filters()
POLICIES = {"default": OverBudget.REFUSE, "game": OverBudget.OVERFLOW, "web": OverBudget.OVERFLOW}


def with_budget(budget: int) -> Catalogue:
    return replace(
        SMALL,
        namespaces={
            name: replace(SMALL.namespaces[name], series_budget=budget, over_budget=policy)
            for name, policy in POLICIES.items()
        },
        fingerprint=f"budget {budget}",
    )


TIGHT, ROOMY = with_budget(2), with_budget(4)
#: Known at first: a and b. Then four letters with three new values, and a repeat of one's id.
RECORDS = [
    event(n, name="m", tags={"k": value})
    for n, value in ((1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "c"), (6, "e"), (3, "f"))
]


class BudgetLog(LetterLog):
    """A log that was taken in by a tight catalogue."""

    def ingest(self, store: Any) -> None:
        store_batch(store, self.judged())

    def judged(self) -> EventBatch:
        batch = Decoder(TIGHT, b"key").decode(self.records, self.place.log)
        return Budgets().judge(batch, self.records, TIGHT)


def store_batch(store: Any, batch: EventBatch) -> None:
    store.insert("events", batch.rows, batch.token)
    store.insert("dead_letters", batch.dead_letters()[0], batch.token)
    store.insert("tag_values", batch.new_tag_values(), batch.token)
    store.insert("ingest_ledger", batch.ledger(TIGHT.fingerprint, letter_log.START), batch.token)


@pytest.fixture(autouse=True, scope="module")
def decoders() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        for one in (TIGHT, ROOMY):
            patch.setitem(letter_log.DECODERS, one.fingerprint, Decoder(one, b"key"))
        yield


def setting(records: list[bytes] | None = None) -> tuple[MemoryStore, LetterLog]:
    store, log = MemoryStore(), BudgetLog(RECORDS if records is None else records)
    log.ingest(store)
    return store, log


def values_of(store: MemoryStore, tag: str = "k") -> dict[int, str]:
    return {row["offset"]: dict(row["tags"])[tag] for row in store.of("events")}


def test_without_room_nothing_is_stored_and_with_room_as_much_as_fits() -> None:
    store, log = setting()
    known = list(store.of("tag_values"))
    assert redrive_on(store, log, catalogue=TIGHT).run(ALL).refused == {"tag_values_exceeded": 5}
    assert values_of(store) == {5: "a", 6: "b"}
    summary = redrive_on(store, log, catalogue=ROOMY).run(ALL)
    # Two values more: c and d. The repeat of an id has a value for which there is no room either.
    assert (summary.redriven, summary.refused) == (3, {"tag_values_exceeded": 2})
    assert values_of(store) == {5: "a", 6: "b", 7: "c", 8: "d", 9: "c"}
    assert store.of("tag_values") == known  # what workers knew as of an offset stays


def test_a_value_that_is_known_by_now_needs_no_room() -> None:
    store, log = setting()
    store.tables["tag_values"].append({**store.of("tag_values")[0], "value": "e", "offset": 99})
    summary = redrive_on(store, log, catalogue=TIGHT).run(ALL)
    assert (summary.redriven, values_of(store)[10]) == (1, "e")


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(
    deaths=st.lists(st.tuples(st.integers(0, 7), st.booleans()), max_size=6),
    chunk=st.integers(2, 7),
)
def test_a_repeat_is_judged_as_its_job_was_planned(
    deaths: list[tuple[int, bool]], chunk: int
) -> None:
    store, log = setting()
    for number, (death, meanwhile) in enumerate(deaths):
        store.dies_after = death
        with suppress(Crash):
            redrive_on(store, log, catalogue=ROOMY, chunk=chunk).run(ALL)
        store.dies_after = -1
        if meanwhile:  # workers go on and take up the room
            more = {"value": f"w{number}", "offset": 100 + number}
            store.tables["tag_values"].append({**store.of("tag_values")[0], **more})
    redrive_on(store, log, catalogue=ROOMY, chunk=chunk).run(ALL)
    assert letter_jobs.open_jobs(store) == []
    offsets = [row["offset"] for row in store.of("events")]
    assert sorted(offsets) == sorted(row["offset"] for row in store.of("rollup"))
    assert len(set(offsets)) == len(offsets)
    assert sorted(offsets) == [5, 6, *store.marks().get("redriven", [])]


def test_what_overflows_in_a_redrive_overflows_in_its_repeat(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    declared = replace(
        letter_log.FIXED,
        namespaces={
            name: replace(one, series_budget=2, over_budget=POLICIES[name])
            for name, one in letter_log.FIXED.namespaces.items()
        },
        fingerprint="declared",
    )
    monkeypatch.setitem(letter_log.DECODERS, "declared", Decoder(declared, b"key"))
    quests = [event(n, tags={"zone": f"z{n}"}) for n in range(4)]  # TIGHT does not declare them
    store, log = setting(quests)
    store.dies_after = 1
    with pytest.raises(Crash):
        redrive_on(store, log, catalogue=declared).run(ALL)
    store.dies_after = -1
    # Meanwhile workers with the new catalogue have used up the budget.
    for offset in (20, 21):
        row = {"tenant": "default", "name": "game.quest", "key": "zone", "value": f"w{offset}"}
        store.tables.setdefault("tag_values", []).append({**row, "offset": offset})
    assert redrive_on(store, log, catalogue=declared).run(ALL).repeated == 1
    assert values_of(store, "zone") == {5: "z0", 6: "z1", 7: OVERFLOW, 8: OVERFLOW}
    assert [row["overflowed"] for row in store.of("tag_overflows")] == [2]
