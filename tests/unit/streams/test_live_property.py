"""Live values are what one event after the other gives, wherever the log is cut or interrupted."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from live_facts import (
    FAR,
    KINDS,
    LIFE,
    OWN,
    START,
    Fact,
    Topic,
    deliver,
    live,
    published,
    series,
    values,
)

from millrace.schemas.moment import EPOCH
from millrace.schemas.window import LiveValue
from millrace.streams.live import GRACE, Live
from millrace.streams.measured import Measured, Values
from millrace.streams.settings import WindowSettings

ABOUT_A_LIFE = [LIFE - 1, LIFE, LIFE + 1, LIFE + GRACE, 4 * LIFE]


def reference(facts: Sequence[Fact], most: int) -> dict[tuple[int, str], dict[str, Any]]:
    """One fact after the other, with plain numbers and lists."""
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for fact in facts:
        if fact.kind == "event":
            continue
        place = (fact.series, fact.kind)
        state = found.get(place)
        if state is None or fact.received > state["received"] + LIFE:
            found.pop(place, None)
            state = {"received": fact.received, "sum": 0.0, "seen": []}
            found[place] = state
        state["received"] = max(state["received"], fact.received)
        state["sum"] += fact.value
        state["seen"].append((fact.occurred, fact.offset, fact.value))
    answers = {}
    for place, state in found.items():
        seen = sorted(state["seen"])
        keeps = place[1] in {"histogram", "summary"}
        answers[place] = {
            "value": state["sum"] if place[1] == "counter" else seen[-1][2],
            "last_at": seen[-1][0],
            "expires_at": state["received"] + LIFE,
            "observations": [value for _, _, value in seen[-most:]] if keeps else [],
            "times": [occurred for occurred, _, _ in seen[-most:]] if keeps else [],
        }
    return answers


def facts_of(draws: Sequence[tuple[Any, ...]]) -> list[Fact]:
    """Return facts with steps of received time that lie about a life, a little out of order."""
    facts: list[Fact] = []
    now, offset = START, 0
    for number, kind, value, occurred, step, jitter, apart in draws:
        now += step
        offset += apart
        same = offset == facts[-1].offset if facts else False
        if same and any(f.offset == offset and f.series == number for f in facts):
            offset += 1  # an event has a measurement once
        received = now - jitter
        facts.append(Fact(offset, number, kind, value, occurred, received))
    return facts


# Few series and mostly short steps, so that most facts meet earlier ones of their series.
FACTS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0, 1, 2]),
        st.sampled_from(["histogram", "histogram", *KINDS]),
        st.floats(-1e38, 1e38),
        st.integers(0, 9).map(lambda step: START * 1000 + step),
        st.sampled_from([0, 0, 0, 0, 0, 0, 0, 500, 500, 30_000, 30_000, *ABOUT_A_LIFE]),
        st.sampled_from([0, 0, 1, 2_000]),
        st.sampled_from([0, 1, 1, 3]),
    ),
    max_size=40,
).map(facts_of)


def assert_reference(topic: Mapping[bytes, bytes], facts: Sequence[Fact], most: int) -> None:
    """The topic holds what the reference says, and nothing else that lives."""
    newest = max((fact.received for fact in facts), default=START)
    expected = {
        (series(number), kind): answer
        for (number, kind), answer in reference(facts, most).items()
        if answer["expires_at"] + GRACE >= newest
    }
    found: dict[tuple[Measured, str], dict[str, Any]] = {}
    for key, text in topic.items():
        if key == OWN:
            continue
        value = LiveValue.model_validate_json(text)
        place = Measured(value.tenant, value.name, value.measurement, tuple(value.tags.items()))
        expires = (value.expires_at - EPOCH) // timedelta(milliseconds=1)
        answer = {
            "value": value.value,
            "last_at": (value.last_at - EPOCH) // timedelta(microseconds=1),
            "expires_at": expires,
            "observations": value.observations,
            "times": value.times,
        }
        if (place, str(value.kind)) in expected or expires + GRACE >= newest:
            found[place, str(value.kind)] = answer
    assert found == expected


@pytest.mark.requirement("METRIC-15", "METRIC-16", "METRIC-17", "METRIC-18")
@given(FACTS, st.lists(st.integers(0, 60), max_size=6), st.integers(1, 6), st.booleans())
def test_values_are_the_references_wherever_ranges_are_cut(
    facts: list[Fact], cuts: list[int], most: int, between: bool
) -> None:
    settings = WindowSettings(live_life=LIFE / 1000, observations=most)
    state, topic = Live(settings, "log", 2), Topic()
    first, last = 0, facts[-1].offset + 1 if facts else 0
    for end in sorted({last, *(cut for cut in cuts if cut < last)}):
        part = [fact for fact in facts if first <= fact.offset < end]
        state.add(values(part), end)
        if between:
            deliver(topic, state.publish(end, FAR))
        first = end
    deliver(topic, state.publish(last, FAR))
    assert_reference(topic, facts, most)


@given(FACTS, st.integers(0, 1 << 32), st.integers(1, 6))
def test_values_are_the_references_whatever_was_published_before_a_crash(
    facts: list[Fact], seed: int, most: int
) -> None:
    chance = random.Random(seed)
    settings = WindowSettings(live_life=LIFE / 1000, observations=most)
    state, topic = Live(settings, "log", 2), Topic()
    position, last = 0, facts[-1].offset + 1 if facts else 0

    def part(first: int, end: int) -> Values:
        return values([fact for fact in facts if first <= fact.offset < end])

    while position < last:
        end = chance.randint(position + 1, last)
        state.add(part(position, end), end)
        records = state.publish(end, FAR) if chance.random() < 0.5 else []
        if chance.random() < 0.5:
            deliver(topic, records)
            position = end
            continue
        # Some got out, the own record after all the others; then the commit may have, too.
        got_out = [record for record in records[:-1] if chance.random() < 0.5]
        deliver(topic, records if chance.random() < 0.3 else got_out)
        position = chance.choice([position, end])
        state = Live(settings, "log", 2)
        through = state.load(topic) or 0
        if through < position:
            state.add(part(through, position), position)
    deliver(topic, state.publish(last, FAR))
    assert_reference(topic, facts, most)


@given(FACTS)
def test_a_repeated_range_changes_nothing(facts: list[Fact]) -> None:
    once, twice = live(*facts), live(*facts)
    if facts:
        middle = facts[len(facts) // 2].offset
        twice.add(values([fact for fact in facts if fact.offset >= middle]), facts[-1].offset + 1)
    assert published(once) == published(twice)


@given(FACTS)
def test_current_records_are_the_published_ones(facts: list[Fact]) -> None:
    state = live(*facts)
    topic = published(state)
    gone = b'["t","gone","m",{},"counter"]'
    asked = [*topic, gone, b"{", b'["t"]', b'["t","a","m",{},"event"]']
    assert state.current(asked) == {**dict.fromkeys(asked), **topic}
    assert live().current([OWN]) == {OWN: None}
