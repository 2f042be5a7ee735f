from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from catalogues import FORGIVING, OPEN, SMALL
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.schemas.catalogue import Catalogue, Namespace, OverBudget
from millrace.streams.batch import EventBatch
from millrace.streams.budgets import OVERFLOW, Budgets
from millrace.streams.decode import Decoder
from millrace.streams.record_batch import RecordBatch, record_batch
from millrace.streams.series import read_series

START = 1_800_000_000_000
BUDGET = 3


def with_budget(budget: int, **policy: OverBudget) -> Catalogue:
    """Return SMALL with a budget; its open namespace refuses, its closed ones overflow."""

    def changed(namespace: Namespace, usual: OverBudget) -> Namespace:
        mode = policy.get(namespace.name, usual)
        return replace(namespace, series_budget=budget, over_budget=mode)

    changes = {
        "default": changed(OPEN, OverBudget.REFUSE),
        "game": changed(FORGIVING, OverBudget.OVERFLOW),
        "web": changed(SMALL.namespaces["web"], OverBudget.OVERFLOW),
    }
    return Catalogue(namespaces=changes, fingerprint=f"budget {budget} {policy}")


CATALOGUE = with_budget(BUDGET)
DECODER = Decoder(CATALOGUE, b"k")


def event(name: str = "game.login", tenant: str = "default", **tags: str) -> bytes:
    document = {
        "tenant": tenant,
        "name": name,
        "occurred_at": "2027-01-15T08:00:00Z",
        "value": 1,
        "tags": tags,
    }
    return json.dumps(document).encode()


def records_of(events: Sequence[bytes], first: int = 0, step: int = 10) -> RecordBatch:
    offsets = range(first, first + len(events))
    times = [START + step * offset for offset in offsets]
    return record_batch("t", 0, first, offsets, times, events)


def judged(budgets: Budgets, records: RecordBatch, decoder: Decoder = DECODER) -> EventBatch:
    return budgets.judge(decoder.decode(records, "log"), records, decoder.catalogue)


def taken_in(budgets: Budgets, *events: bytes, first: int = 0) -> EventBatch:
    batch = judged(budgets, records_of(events, first))
    budgets.learn(batch)
    return batch


def tags_of(batch: EventBatch) -> list[dict[str, str]]:
    return [dict(tags) for tags in batch.rows.column("tags").to_pylist()]


def refused_of(batch: EventBatch) -> list[tuple[int, str, str]]:
    return [(one.offset, one.reason, one.field) for one in batch.refusals]


@pytest.mark.requirement("METRIC-10")
def test_the_value_that_would_pass_the_bound_is_refused_and_known_ones_go_on_working() -> None:
    budgets = Budgets()
    batch = taken_in(budgets, *(event("m", country=value) for value in ("a", "b", "c", "d", "a")))
    assert tags_of(batch) == [{"country": value} for value in ("a", "b", "c", "a")]
    assert refused_of(batch) == [(3, "tag_values_exceeded", "tags.country")]
    assert "Maximum 3 unique values per tag" in batch.refusals[0].message
    assert [one.value for one in batch.tag_values] == ["a", "b", "c"]
    again = taken_in(budgets, event("m", country="b"), event("m", country="e"), first=5)
    assert tags_of(again) == [{"country": "b"}]
    assert refused_of(again) == [(6, "tag_values_exceeded", "tags.country")]


@pytest.mark.requirement("METRIC-10")
def test_in_a_closed_namespace_the_value_is_stored_as_overflow() -> None:
    batch = taken_in(Budgets(), *(event(zone=f"z{n}", success="true") for n in range(5)))
    assert tags_of(batch) == [
        {"success": "true", "zone": zone} for zone in ("z0", "z1", "z2", OVERFLOW, OVERFLOW)
    ]
    assert (batch.refusals, batch.delivered) == ((), 5)
    (counted,) = batch.overflows.items()
    assert counted[0]._asdict() == {
        "minute": START // 60_000 * 60,
        "tenant": "default",
        "namespace": "game",
        "name": "game.login",
        "key": "zone",
        "refused": False,
    }
    assert counted[1] == 2


def test_budgets_are_per_tenant_name_and_key() -> None:
    batch = taken_in(
        Budgets(),
        *(event("m", tenant, **{key: f"{n}"}) for n in range(3) for tenant in "ab" for key in "xy"),
        *(event("n", tenant="a", x=f"{n}") for n in range(3)),
    )
    assert batch.refusals == ()
    assert len(batch.tag_values) == 15


def test_what_is_named_overflow_takes_no_room() -> None:
    budgets = Budgets()
    batch = taken_in(budgets, *(event("m", k=v) for v in (OVERFLOW, "a", "b", "c", OVERFLOW, "d")))
    assert batch.stored == 5
    assert [one.value for one in batch.tag_values] == ["a", "b", "c"]


def test_a_refused_event_takes_no_room_for_its_other_tags() -> None:
    budgets = Budgets()
    taken_in(budgets, *(event("m", full=f"{n}") for n in range(3)))
    batch = taken_in(
        budgets,
        event("m", full="9", other="no"),
        *(event("m", other=f"{n}") for n in range(3)),
        event("m", full="9", other="no"),
        first=3,
    )
    # By the last one both are used up; the key that comes first is named.
    assert refused_of(batch) == [
        (3, "tag_values_exceeded", "tags.full"),
        (7, "tag_values_exceeded", "tags.full"),
    ]
    assert [one.value for one in batch.tag_values] == ["0", "1", "2"]


def test_a_letter_names_the_tag_that_was_too_much_at_its_own_place() -> None:
    budgets = Budgets()
    taken_in(budgets, *(event("m", zone=f"{n}") for n in range(3)))
    over = event("m", zone="9", other="no")
    batch = taken_in(budgets, over, *(event("m", other=f"{n}") for n in range(3)), over, first=3)
    # Only by the second time the other one, which comes first, is used up as well.
    assert [field for _, _, field in refused_of(batch)] == ["tags.zone", "tags.other"]


def test_what_only_the_arbiter_is_sure_of_has_its_place_in_the_order() -> None:
    slow = event(zone="slow").replace(b'"slow"', b"1.5")
    sure = [event(zone=f"{n}") for n in range(3)]
    batch = taken_in(Budgets(), sure[0], slow, *sure[1:])
    assert [tags["zone"] for tags in tags_of(batch)] == ["0", "1.5", "1", OVERFLOW]


def test_a_dead_letter_keeps_what_the_catalogue_allows_and_drops_no_key_twice() -> None:
    budgets = Budgets()
    taken_in(budgets, *(event("m", k=f"{n}") for n in range(3)))
    batch = taken_in(
        budgets, event("m", k="9", email="secret"), event("m", k="1", email="secret"), first=3
    )
    (refusal,) = batch.refusals
    assert json.loads(refusal.payload)["tags"] == {"k": "9"}
    assert (refusal.namespace, refusal.name, refusal.size > 0) == ("default", "m", True)
    assert list(batch.dropped.values()) == [1]


def test_rows_and_series_agree_when_overflowing_series_fall_together() -> None:
    batch = taken_in(Budgets(), *(event(zone=f"{n}") for n in range(8)))
    known, read = batch.known_series, read_series(batch.rows)
    assert known is not None
    assert [known.series[code] for code in known.codes] == [read.series[c] for c in read.codes]
    assert len(set(known.series)) == len(known.series)


def test_judging_changes_nothing_until_the_range_is_stored() -> None:
    budgets = Budgets()
    one, other = records_of([event("m", k="a")]), records_of([event("m", k="b")])
    first = judged(budgets, one)
    for _ in range(5):
        judged(budgets, other)
        assert judged(budgets, one).tag_values == first.tag_values
    budgets.learn(first)
    assert judged(budgets, one).tag_values == ()


def test_a_batch_of_known_series_comes_back_as_it_is() -> None:
    budgets = Budgets()
    records = records_of([event("m", k="a"), event("m")])
    taken_in(budgets, event("m", k="a"))
    for _ in range(2):  # looked up, then remembered
        batch = DECODER.decode(records, "log")
        assert budgets.judge(batch, records, CATALOGUE) is batch


def test_a_larger_budget_has_room_again_and_a_smaller_one_forgets_nothing() -> None:
    budgets = Budgets()
    taken_in(budgets, *(event("m", k=f"{n}") for n in range(3)))
    more, fewer = Decoder(with_budget(4), b"k"), Decoder(with_budget(1), b"k")
    records = records_of([event("m", k="3"), event("m", k="4"), event("m", k="2")], 3)
    assert [one[0] for one in refused_of(judged(budgets, records, more))] == [4]
    assert [one[0] for one in refused_of(judged(budgets, records, fewer))] == [3, 4]


def test_the_setting_turns_the_policy_round() -> None:
    turned = with_budget(1, default=OverBudget.OVERFLOW, game=OverBudget.REFUSE)
    events = [event(name, **tag) for name in ("m", "game.login") for tag in ({"zone": "1"},)]
    events += [event("m", zone="2"), event("game.login", zone="2")]
    batch = judged(Budgets(), records_of(events), Decoder(turned, b"k"))
    assert tags_of(batch) == [{"zone": "1"}, {"zone": "1"}, {"zone": OVERFLOW}]
    assert refused_of(batch) == [(3, "tag_values_exceeded", "tags.zone")]


def test_a_catalogue_from_before_the_budgets_is_judged_as_it_was_then() -> None:
    budgets = Budgets()
    events = [event(name, zone=f"{n}") for n in range(150) for name in ("m", "game.login")]
    batch = judged(budgets, records_of(events), Decoder(SMALL, b"k"))
    assert (batch.stored, batch.tag_values, dict(batch.overflows)) == (300, (), {})


def test_what_is_found_to_be_a_duplicate_or_unstorable_leaves_the_values_alone() -> None:
    batch = taken_in(Budgets(), *(event(zone=f"{n}") for n in range(5)))
    for less in (batch.keep(np.arange(batch.stored) > 2), batch.refuse([0, 4])):
        assert less.tag_values == batch.tag_values
        assert less.new_tag_values().equals(batch.new_tag_values())
        assert less.tag_overflows().equals(batch.tag_overflows())


def test_refusals_of_the_decoder_and_the_budgets_are_in_the_order_of_the_log() -> None:
    values = [f"{n}" for n in range(5)]
    events = [event("m", k=v) for v in values]
    batch = taken_in(Budgets(), *events[:4], b"{", *events[4:], b"[]")
    assert [one.offset for one in batch.refusals] == [3, 4, 5, 6]
    assert batch.delivered == batch.stored + len(batch.refusals)


@dataclass
class Reference:
    """One event after the other, with a dictionary of sets."""

    known: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)
    rows: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    overflowed: Counter[tuple[int, str, str, str]] = field(default_factory=Counter)
    beyond: Counter[tuple[int, str, str, str]] = field(default_factory=Counter)
    brought: list[tuple[str, str, str, str, int]] = field(default_factory=list)

    def take(self, offset: int, minute: int, document: dict[str, Any]) -> None:
        tenant, name = document["tenant"], document["name"]
        tags = dict(sorted(document["tags"].items()))
        over = []
        for key, value in tags.items():
            have = self.known.get((tenant, name, key), set())
            if value != "__overflow__" and value not in have and len(have) >= BUDGET:
                over.append(key)
        if over and not name.startswith("game."):
            self.refused.append((offset, f"tags.{over[0]}"))
            self.beyond[minute, tenant, name, over[0]] += 1
            return
        for key, value in tags.items():
            if key in over:
                tags[key] = "__overflow__"
                self.overflowed[minute, tenant, name, key] += 1
            elif value != "__overflow__":
                have = self.known.setdefault((tenant, name, key), set())
                if value not in have:
                    have.add(value)
                    self.brought.append((tenant, name, key, value, offset))
        self.rows.append((offset, tags))


VALUES = st.sampled_from(["a", "b", "c", "d", "e", "f", "__overflow__", ""])
EVENTS = st.builds(
    lambda name, tenant, tags: {"name": name, "tenant": tenant, "tags": tags},
    st.sampled_from(["m", "game.login"]),
    st.sampled_from(["default", "t"]),
    st.dictionaries(st.sampled_from(["success", "zone"]), VALUES, max_size=2),
)


@pytest.mark.requirement("METRIC-10")
@settings(deadline=None, max_examples=300)
@given(documents=st.lists(EVENTS, max_size=60), cuts=st.sets(st.integers(1, 59), max_size=8))
def test_agrees_with_one_event_after_the_other_wherever_ranges_are_cut(
    documents: list[dict[str, Any]], cuts: set[int]
) -> None:
    reference = Reference()
    step = 7_000
    for offset, document in enumerate(documents):
        reference.take(offset, (START + step * offset) // 60_000 * 60, document)
    raw = [event(one["name"], one["tenant"], **one["tags"]) for one in documents]
    budgets, batches = Budgets(), []
    whole = records_of(raw, step=step)
    places = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    for first, end in pairwise(places):
        part = whole.since(first).until(end)
        batch = judged(budgets, part)
        assert judged(budgets, part).rows.equals(batch.rows)  # put back and decoded again
        budgets.learn(batch)
        batches.append(batch)
    rows = [
        (offset, tags)
        for batch in batches
        for offset, tags in zip(
            batch.rows.column("offset").to_pylist(), tags_of(batch), strict=True
        )
    ]
    assert rows == reference.rows
    assert [(r.offset, r.field) for b in batches for r in b.refusals] == reference.refused
    assert [
        (v.tenant, v.name, v.key, v.value, v.offset) for b in batches for v in b.tag_values
    ] == reference.brought
    counted: dict[bool, Counter[tuple[int, str, str, str]]] = {True: Counter(), False: Counter()}
    for batch in batches:
        for key, count in batch.overflows.items():
            counted[key.refused][key.minute, key.tenant, key.name, key.key] += count
        assert batch.delivered == batch.stored + len(batch.refusals)
    assert (counted[False], counted[True]) == (reference.overflowed, reference.beyond)


def test_more_series_than_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("millrace.streams.budgets._SERIES", 2)
    budgets = Budgets()
    events = [event("m", a=f"{n % 3}", b=f"{n // 3}") for n in range(9)]
    taken_in(budgets, *events)
    for _ in range(2):
        assert taken_in(budgets, *events).tag_values == ()
