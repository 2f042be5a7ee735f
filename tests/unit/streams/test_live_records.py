"""Records of live values are small enough, valid, and read back as they were written."""

from __future__ import annotations

import numpy as np
import pytest

from millrace.schemas import limits
from millrace.schemas.errors import BrokerError
from millrace.schemas.window import LiveProgress, LiveValue
from millrace.streams.columns import KINDS
from millrace.streams.live_records import (
    LiveSeries,
    heading,
    live_progress,
    live_value,
    pairs_of,
    read_live,
    read_progress,
    series_of,
)
from millrace.streams.measured import Measured

NOON = 1_795_176_000_000
SERIES = LiveSeries(Measured("t", "a.b", "ms", (("k", 'q"é'), ("z", ""))), KINDS["histogram"])


def pairs(times: list[int], values: list[float]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return pairs_of(np.array(times, np.int64), np.array(values, np.float64))


def test_a_record_is_valid_and_reads_back_exactly() -> None:
    key, head = heading(SERIES, "log", 3)
    observed = pairs([NOON * 1000 - 1, NOON * 1000 + 123_456], [-0.0, 0.1 + 0.2])
    text = live_value(head, 9, 0.1 + 0.2, NOON * 1000 + 123_456, NOON + 789, observed)
    found = LiveValue.model_validate_json(text)
    assert (found.log, found.partition, found.through_offset) == ("log", 3, 9)
    assert (found.tags, found.kind) == (dict(SERIES.measured.tags), "histogram")
    back = read_live(text, 3)
    assert back.series == series_of(key) == SERIES
    assert (back.value, back.last_microsecond) == (0.1 + 0.2, NOON * 1000 + 123_456)
    assert back.expires == NOON + 789
    assert (back.observed == observed).all(), "the bits too"


def test_the_largest_record_that_settings_allow_is_far_below_what_kafka_takes() -> None:
    tags = tuple(
        (f"{place:02}".ljust(limits.TAG_KEY_LENGTH, "\x01"), "\x01" * limits.TAG_VALUE_LENGTH)
        for place in range(limits.TAGS)
    )
    name, measurement = "a" * limits.NAME_LENGTH, "\x01" * limits.MEASUREMENT_KEY_LENGTH
    measured = Measured("t" * 64, name, measurement, tags)
    key, head = heading(LiveSeries(measured, KINDS["summary"]), "l" * 64, 1_000)
    # As long as a float is written: sign, 17 digits, point, exponent.
    observed = pairs([NOON * 1000 + 111_111] * 10_000, [-1.2345678901234567e-300] * 10_000)
    text = live_value(head, 1 << 62, -1.2345678901234567e-300, NOON * 1000 + 1, NOON + 1, observed)
    assert len(LiveValue.model_validate_json(text).observations) == 10_000
    assert len(key) + len(text) < 500_000


def test_progress_reads_back_for_its_own_log_only() -> None:
    key, value = live_progress("log", 3, 12)
    assert key == b'["partition",3]'
    assert value
    assert LiveProgress.model_validate_json(value).through_offset == 12
    assert read_progress(value, "log", 3) == 12
    assert read_progress(value, "new", 3) is None
    assert read_progress(None, "log", 3) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"{", id="no JSON"),
        pytest.param(b"[]", id="no object"),
        pytest.param(b'{"log":"log"}', id="fields missing"),
    ],
)
def test_what_cannot_be_read_is_named(text: bytes) -> None:
    with pytest.raises(BrokerError, match=r"Partition 3 of telemetry\.live .*delete the topic"):
        read_live(text, 3)
    with pytest.raises(BrokerError, match=r"Partition 3 of telemetry\.live .*delete the topic"):
        read_progress(text, "log", 3)


def test_observations_without_times_are_none_of_ours() -> None:
    head = heading(SERIES, "log", 3)[1]
    text = live_value(head, 9, 1.0, NOON * 1000, NOON, pairs([NOON], [1.0]))
    with pytest.raises(BrokerError, match="not equally many"):
        read_live(text.replace(b'"time_steps":[%d]' % NOON, b'"time_steps":[]'), 3)
