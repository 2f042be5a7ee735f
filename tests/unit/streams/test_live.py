"""What each kind of live value is, how long it lives, and what is published of it."""

from __future__ import annotations

import pytest
from live_facts import FAR, LIFE, OWN, SETTINGS, START, deliver, live, one, only, published, values

from millrace.schemas.errors import BrokerError
from millrace.schemas.window import LiveProgress, LiveValue
from millrace.streams.live import GRACE, Live
from millrace.streams.settings import WindowSettings


@pytest.mark.requirement("METRIC-15")
def test_a_counter_is_the_running_sum_with_fractions() -> None:
    state = live(one(0, "counter", 0.5), one(1, "counter", 0.25))
    state.add(values([one(2, "counter", -0.125)]), 3)
    found = only(state)
    assert (found.value, found.observations) == (0.625, [])


@pytest.mark.requirement("METRIC-16")
def test_a_gauge_is_the_latest_by_event_time_then_by_offset() -> None:
    late = one(1, "gauge", 2.0, occurred=START * 1000 - 5)
    assert only(live(one(0, "gauge", 1.0), late)).value == 1.0
    same = one(1, "gauge", 3.0, occurred=START * 1000)
    assert only(live(one(0, "gauge", 1.0), same)).value == 3.0
    state = live(one(0, "gauge", 1.0))
    state.add(values([same]), 2)
    assert only(state).value == 3.0, "in a later range too"
    assert only(live(one(0, "gauge", 1.0), one(1, "gauge", 0.0))).value == 0.0


@pytest.mark.requirement("METRIC-17")
@pytest.mark.parametrize("kind", ["histogram", "summary"])
def test_the_newest_observations_stay_and_equal_ones_count_separately(kind: str) -> None:
    late = one(4, kind, 7.0, occurred=START * 1000 - 5)
    state = live(*(one(offset, kind, 5.0) for offset in range(4)), late)
    found = only(state)
    assert found.observations == [5.0, 5.0, 5.0]
    assert found.times == [(START + offset * 1000) * 1000 for offset in (1, 2, 3)]
    assert found.value == 5.0


@pytest.mark.requirement("METRIC-17")
def test_observations_of_several_ranges_are_in_order_the_later_in_the_log_last() -> None:
    state = live(settings=WindowSettings(observations=4))
    for offset, step in enumerate([5, 1, 3, 3, 9, 3, 0]):
        late = one(offset, "histogram", offset, occurred=START * 1000 + step)
        state.publish(offset, FAR)
        state.add(values([late]), offset + 1)
    found = only(state)
    assert found.observations == [3.0, 5.0, 0.0, 4.0]
    assert found.times == [START * 1000 + step for step in (3, 3, 5, 9)]


@pytest.mark.requirement("METRIC-17")
def test_a_thousand_observations_stay_unless_told_otherwise() -> None:
    facts = [one(offset, "histogram", offset) for offset in range(1_005)]
    found = only(live(*facts, settings=WindowSettings()))
    assert found.observations == [float(number) for number in range(5, 1_005)]


@pytest.mark.requirement("METRIC-18")
def test_each_tag_set_and_kind_has_a_value_of_its_own() -> None:
    others = [one(1, "counter", 1.0, series=1), one(2, "gauge", 1.0), one(3, "event", 1.0)]
    topic = published(live(one(0, "counter", 1.0), *others))
    assert list(topic) == [
        b'["t","a.b0","m0",{},"counter"]',
        '["t","a.b0","m0",{"k":"é","z":"1"},"counter"]'.encode(),
        b'["t","a.b0","m0",{},"gauge"]',
        OWN,
    ]


@pytest.mark.requirement("METRIC-18")
@pytest.mark.parametrize("cut", [pytest.param(False, id="in one range"), True])
@pytest.mark.parametrize(("after", "value"), [(LIFE, 3.0), (LIFE + 1, 2.0)])
def test_each_write_renews_the_life_and_what_is_over_begins_anew(
    cut: bool, after: int, value: float
) -> None:
    first, second = one(0, "counter", 1.0), one(1, "counter", 2.0, received=START + after)
    state = live(first) if cut else live(first, second)
    if cut:
        state.add(values([second]), 2)
    found = only(state)
    assert found.value == value
    assert found.expires_at.timestamp() * 1000 == START + after + LIFE


@pytest.mark.requirement("METRIC-18")
def test_what_is_over_is_taken_away_after_a_minute_more() -> None:
    state = live(one(0, "counter", 1.0))
    topic = published(state)
    late = one(1, "counter", 1.0, series=1, received=START + LIFE + GRACE)
    state.add(values([late]), 2)
    deliver(topic, state.publish(2, FAR))
    assert len(topic) == 3
    state.add(values([late._replace(offset=2, received=START + LIFE + GRACE + 1)]), 3)
    records = state.publish(3, FAR)
    assert [key for key, value in records if value is None] == [b'["t","a.b0","m0",{},"counter"]']
    assert records[-1][0] == OWN
    assert len(state) == 1


def test_while_nothing_comes_the_clock_of_the_log_goes_on() -> None:
    state = live(one(0, "counter", 1.0))
    published(state, through=1)
    assert not state.over(FAR, LIFE + GRACE)
    assert state.over(FAR, LIFE + GRACE + 1)
    assert not state.over(START, LIFE + GRACE + 1)
    assert not state.changed
    records = state.publish(1, FAR, LIFE + GRACE + 1)
    assert [key for key, value in records if value is None] == [b'["t","a.b0","m0",{},"counter"]']
    assert not state.over(FAR, LIFE + GRACE + 1)


def test_a_renewed_value_does_not_keep_others() -> None:
    state = live(one(0, "counter", 1.0), one(1, "counter", 1.0, series=2, received=START))
    state.add(values([one(2, "counter", 1.0, received=START + LIFE)]), 3)
    state.add(values([one(3, "gauge", 1.0, received=START + LIFE + GRACE + 1)]), 4)
    assert [key for key, value in state.publish(4, FAR) if value is None] == [
        b'["t","a.b0","m1",{},"counter"]'
    ]


@pytest.mark.requirement("METRIC-18")
@pytest.mark.parametrize(("after", "value"), [(LIFE, 3.0), (LIFE + 1, 2.0)])
def test_a_life_goes_on_or_ends_across_a_takeover(after: int, value: float) -> None:
    state = Live(SETTINGS, "log", 2)
    state.load(published(live(one(0, "counter", 1.0)), through=1))
    state.add(values([one(1, "counter", 2.0, received=START + after)]), 2)
    assert only(state).value == value


def test_a_worker_that_is_behind_forgets_nothing() -> None:
    state = live(one(0, "counter", 1.0))
    published(state, now=START + 100 * LIFE)
    state.add(values([one(1, "counter", 2.0)]), 2)
    assert only(state).value == 3.0


def test_a_log_that_is_ahead_of_the_clock_takes_nothing_away() -> None:
    ahead = one(1, "counter", 1.0, series=1, received=START + 100 * LIFE)
    assert len(published(live(one(0, "counter", 1.0), ahead), now=START)) == 3


def test_records_of_another_log_are_taken_away_unless_they_live_again() -> None:
    topic = published(live(one(0, "counter", 5.0), one(1, "counter", 5.0, series=1)))
    state = Live(SETTINGS, "new", 2)
    assert state.load(topic) is None
    assert state.changed
    state.add(values([one(0, "counter", 1.0)]), 1)
    records = dict(state.publish(1, FAR))
    assert [key for key, value in records.items() if value is None] == [
        '["t","a.b0","m0",{"k":"é","z":"1"},"counter"]'.encode()
    ]
    kept = records[b'["t","a.b0","m0",{},"counter"]']
    assert kept
    assert LiveValue.model_validate_json(kept).value == 1.0
    assert not state.changed


def test_there_is_something_to_publish_once_events_were_added() -> None:
    state = live()
    assert not state.changed
    state.add(values([one(0, "event", 1.0)]), 1)
    assert state.changed, "whoever takes over need not read the range again"
    records = state.publish(1, FAR)
    assert [key for key, _ in records] == [OWN]
    assert LiveProgress.model_validate_json(records[0][1] or b"").through_offset == 1
    assert not state.changed
    assert state.publish(1, FAR) == records
    after = Live(SETTINGS, "log", 2)
    assert after.load({OWN: records[0][1] or b""}) == 1
    assert not after.changed


def test_what_changed_is_published_once() -> None:
    state = live(one(0, "counter", 1.0), one(1, "gauge", 1.0))
    assert len(published(state)) == 3
    state.add(values([one(2, "gauge", 2.0)]), 3)
    assert [key for key, _ in state.publish(3, FAR)] == [b'["t","a.b0","m0",{},"gauge"]', OWN]


def test_the_record_says_how_far_it_has_come() -> None:
    state = live(one(0, "counter", 1.0))
    assert only(state).through_offset == 99


def test_a_loaded_value_takes_in_only_what_it_does_not_have() -> None:
    topic = published(live(one(0, "counter", 1.0), one(5, "counter", 2.0)), through=6)
    state = Live(SETTINGS, "log", 2)
    assert state.load(topic) == 6
    both = [one(5, "counter", 2.0), one(6, "counter", 4.0), one(6, "gauge", 1.0, series=2)]
    state.add(values([*both[:1], one(5, "gauge", 9.0, series=2), *both[1:]]), 7)
    found = {key: value for key, value in state.publish(7, FAR) if value and key != OWN}
    assert {LiveValue.model_validate_json(value).value for value in found.values()} == {7.0, 1.0}


def test_a_shorter_list_of_observations_holds_from_the_next_write() -> None:
    topic = published(live(*(one(offset, "summary", offset) for offset in range(3))))
    state = Live(WindowSettings(observations=2), "log", 2)
    state.load(topic)
    state.add(values([one(99, "summary", 9.0)]), 100)
    assert only(state).observations == [2.0, 9.0]


def test_a_record_that_is_none_of_ours_is_an_error() -> None:
    with pytest.raises(BrokerError, match=r"Partition 2 of telemetry\.live holds a record"):
        Live(SETTINGS, "log", 2).load({b"[]": b"{}"})


def test_a_life_without_end_is_one() -> None:
    state = live(one(0, "gauge", 1.0), settings=WindowSettings(live_life=float("inf")))
    assert only(state).expires_at.year > 2050
