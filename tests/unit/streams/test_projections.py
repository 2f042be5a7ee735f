from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ingest_doubles import SteppedClock
from topic_doubles import LIVE, SOURCE, WINDOWS, Topics, event_batch

from millrace.schemas.errors import BrokerError
from millrace.schemas.window import LiveProgress, LiveValue, Window, WindowProgress
from millrace.streams import projections as module
from millrace.streams.batch import EventBatch
from millrace.streams.projections import Projections, Source
from millrace.streams.transport_thread import Fenced

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
RECEIVED = int(NOON.timestamp() * 1000) + 60_000


def events(first: int, *seconds: float, **fields: Any) -> EventBatch:
    """Events of value 1, so many seconds after noon."""
    found: list[Mapping[str, Any]] = [
        {"occurred_at": (NOON + timedelta(seconds=at)).isoformat(), "value": 1, **fields}
        for at in seconds
    ]
    return event_batch(first, found, RECEIVED)


def counts(topics: Topics, size: int = 10) -> dict[str, tuple[int, bool]]:
    """The count of each window and whether it is final, by start."""
    return {
        one["start"][11:19]: (one["count"], one["final"])
        for one in topics.held(WINDOWS).values()
        if one.get("size") == size
    }


def live_sums(topics: Topics) -> list[float]:
    return [one["value"] for one in topics.held(LIVE).values() if "value" in one]


async def started(
    topics: Topics, clock: SteppedClock, position: int = 0, **settings: Any
) -> Projections:
    found = topics.projections(clock, **settings)
    await found.take_over(position)
    return found


async def free() -> None:
    """A fence that lets everything pass."""


async def test_a_range_is_published_as_windows_live_values_and_progress() -> None:
    topics, clock = Topics(), SteppedClock()
    ours = await started(topics, clock)
    await ours.advance(events(0, 1, 2, 30, tags={"zone": "b"}))
    assert counts(topics) == {"12:00:00": (2, True), "12:00:30": (1, False)}
    assert counts(topics, 60) == {"12:00:00": (3, False)}
    assert live_sums(topics) == [3.0]
    for key, value in dict(topics.logs[WINDOWS] + topics.logs[LIVE]).items():
        own = json.loads(key)[0] == "partition"
        models = {True: (WindowProgress, LiveProgress), False: (Window, LiveValue)}[own]
        assert value is not None
        assert sum(_fits(model, value) for model in models) == 1


def _fits(model: Any, value: bytes) -> bool:
    try:
        model.model_validate_json(value)
    except ValueError:
        return False
    return True


async def test_whoever_takes_over_goes_on_from_what_was_published() -> None:
    topics, clock = Topics(), SteppedClock()
    await (await started(topics, clock)).advance(events(0, 1, 2))
    await (await started(topics, clock, 2)).advance(events(2, 3, 4))
    assert counts(topics) == {"12:00:00": (4, False)}
    assert live_sums(topics) == [4.0]


@pytest.mark.parametrize("topic", [WINDOWS, LIVE])
@pytest.mark.parametrize("sent", range(4))
async def test_a_range_that_was_published_in_part_is_repeated_to_the_same(
    topic: str, sent: int
) -> None:
    whole, broken, clock = Topics(), Topics(), SteppedClock()
    batches = events(0, 1, 11), events(2, 2, 12, 40)
    undisturbed = await started(whole, clock, live_seconds=0.001)
    for batch in batches:
        await undisturbed.advance(batch)
        clock.seconds += 1
    ours = await started(broken, clock)
    await ours.advance(batches[0])
    clock.seconds += 1
    await ours.advance(batches[1])
    # It died after so many records of the second range had reached this topic.
    first = next(place for place, (key, _) in enumerate(broken.logs[topic]) if b"partition" in key)
    del broken.logs[topic][first + 1 + sent :]
    broken.stored = [batches[0]]
    await (await started(broken, clock, 2)).advance(batches[1])
    assert broken.held(topic) == whole.held(topic)


async def test_live_values_wait_their_second_and_come_from_the_store_after_a_crash() -> None:
    topics, clock = Topics(), SteppedClock()
    ours = await started(topics, clock)
    await ours.advance(events(0, 1))
    clock.seconds += 0.4
    second = events(1, 2, 3)
    await ours.advance(second)
    assert live_sums(topics) == [1.0]
    await ours.idle(free)
    assert live_sums(topics) == [1.0]
    topics.stored = [events(0, 1), second]
    clock.seconds += 0.6
    heir = await started(topics, clock, 3)
    await ours.idle(free)
    assert live_sums(topics) == [3.0]  # his own
    topics.logs[LIVE] = topics.logs[LIVE][:2]
    heir = await started(topics, clock, 3)
    await heir.idle(free)
    assert live_sums(topics) == [3.0]


async def test_the_clock_closes_the_last_window_after_the_fence() -> None:
    topics, clock, fenced = Topics(), SteppedClock(), list[int]()
    ours = await started(topics, clock, idle=30)

    async def fence() -> None:
        fenced.append(len(topics.logs[WINDOWS]))

    await ours.advance(events(0, 1))
    clock.seconds += 29
    await ours.idle(fence)
    published = len(topics.logs[WINDOWS])
    assert counts(topics) == {"12:00:00": (1, False)}
    clock.seconds += 2
    await ours.idle(fence)
    assert counts(topics) == {"12:00:00": (1, True)}
    assert fenced[-1] == published
    before = len(fenced)
    await ours.idle(fence)
    assert len(fenced) == before, "nothing changed, so nobody has to be asked"


@pytest.mark.requirement("METRIC-18")
async def test_live_values_end_by_the_clock_when_nothing_comes() -> None:
    topics, clock = Topics(), SteppedClock()
    ours = await started(topics, clock)
    await ours.advance(events(0, 1))
    clock.seconds += 3600
    await ours.idle(free)
    assert live_sums(topics) == [1.0]
    clock.seconds += 61
    await ours.idle(free)
    assert live_sums(topics) == []


async def test_whoever_lost_the_partition_publishes_nothing() -> None:
    topics, clock = Topics(), SteppedClock()
    ours = await started(topics, clock)
    await ours.advance(events(0, 1))
    clock.seconds += 100
    published = list(topics.logs[WINDOWS])

    async def fence() -> None:
        raise Fenced("it is another's")

    with pytest.raises(Fenced):
        await ours.idle(fence)
    assert topics.logs[WINDOWS] == published


async def test_records_of_a_worker_that_woke_up_are_put_right(
    caplog: pytest.LogCaptureFixture,
) -> None:
    topics, clock = Topics(), SteppedClock()
    await (await started(topics, clock)).advance(events(0, 1))
    old = dict(topics.logs[WINDOWS])
    heir = await started(topics, clock, 1)
    await heir.advance(events(1, 2))
    # The one before sends what he had, and takes away what he thinks is over.
    stranger = json.dumps(["t", "gone", "value", {}, 10, 1_700_000_000]).encode()
    some = next(key for key in old if b",60," in key)
    topics.logs[WINDOWS] += [*((k, v) for k, v in old.items() if k != some), (some, None)]
    topics.logs[WINDOWS].append((stranger, b'{"log":"log"}'))
    with caplog.at_level(logging.WARNING):
        await heir.advance(events(2, 3))
    assert counts(topics) == {"12:00:00": (3, False)}
    assert counts(topics, 60) == {"12:00:00": (3, False)}
    assert stranger not in topics.held(WINDOWS)
    assert "somebody else" in caplog.text
    await heir.advance(events(3, 4))
    assert caplog.text.count("somebody else") == 1


async def test_a_topic_made_anew_begins_with_empty_windows() -> None:
    topics, clock = Topics(), SteppedClock()
    await (await started(topics, clock)).advance(events(0, 1, 2, 3))
    later = topics.projections(clock, Source("another log", SOURCE.topic, SOURCE.partition))
    await later.take_over(0)
    await later.advance(events(0, 4))
    assert counts(topics) == {"12:00:00": (1, False)}
    assert {one["log"] for one in topics.held(WINDOWS).values()} == {"another log"}
    assert live_sums(topics) == [1.0]


async def test_what_lags_too_far_behind_the_store_begins_anew(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MOST_BEHIND", 5)
    topics, clock = Topics(), SteppedClock()
    await (await started(topics, clock)).advance(events(0, 1, 2))
    with caplog.at_level(logging.WARNING):
        heir = await started(topics, clock, 9)
    assert "begins anew" in caplog.text
    await heir.advance(events(9, 21))
    assert counts(topics) == {"12:00:20": (1, False)}
    assert live_sums(topics) == [1.0]


async def test_windows_that_were_off_for_a_while_are_made_up_from_the_store() -> None:
    topics, clock = Topics(), SteppedClock()
    await (await started(topics, clock)).advance(events(0, 1))
    topics.stored = [events(0, 1), events(1, 2, 12)]
    await (await started(topics, clock, 3)).advance(events(3, 3))
    assert counts(topics) == {"12:00:00": (3, False), "12:00:10": (1, False)}


async def test_what_is_made_up_from_the_store_respects_what_was_published_in_part() -> None:
    topics, clock = Topics(), SteppedClock()
    ours = await started(topics, clock)
    await ours.advance(events(0, 1))
    before = len(topics.logs[WINDOWS])
    await ours.advance(events(1, 2, 12))
    # Of this range one window got out; then nothing was published up to offset 5.
    del topics.logs[WINDOWS][before + 1 :]
    topics.stored = [events(0, 1, 2, 12, 3, 13)]
    await (await started(topics, clock, 5)).advance(events(5, 4))
    assert counts(topics) == {"12:00:00": (4, False), "12:00:10": (2, False)}
    assert counts(topics, 60) == {"12:00:00": (6, False)}


async def test_values_too_late_are_told_by_name_and_size() -> None:
    topics, clock = Topics(), SteppedClock()
    ours = await started(topics, clock, correction=20)
    await ours.advance(events(0, 59, 1))
    assert topics.too_late == {("a.b", 10): 1}


async def test_a_record_that_is_not_ours_stops_with_what_to_do() -> None:
    topics, clock = Topics(), SteppedClock()
    topics.logs[WINDOWS] = [(b"key", b"no JSON")]
    with pytest.raises(BrokerError, match="not one of ours"):
        await started(topics, clock)
