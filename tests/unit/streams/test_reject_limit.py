"""The limit against a deploy that would drain a topic into dead letters."""

from __future__ import annotations

import pytest
from catalogues import SMALL
from hypothesis import given
from hypothesis import strategies as st
from ingest_doubles import fetched, good

from millrace.streams.batch import EventBatch
from millrace.streams.decode import Decoder
from millrace.streams.reject_limit import RejectLimit
from millrace.streams.settings import RefusalSettings

DECODER = Decoder(SMALL, b"key")


def batch(first: int, verdicts: list[bool]) -> EventBatch:
    records = [good(first + n) if fine else b"{" for n, fine in enumerate(verdicts)]
    return DECODER.decode(fetched(first, records).records, "log")


def longest_run(verdicts: list[bool]) -> int:
    longest = run = 0
    for fine in verdicts:
        run = 0 if fine else run + 1
        longest = max(longest, run)
    return longest


@given(st.lists(st.booleans(), max_size=60), st.lists(st.integers(1, 12), max_size=12))
def test_a_run_is_as_long_wherever_ranges_are_cut(verdicts: list[bool], cuts: list[int]) -> None:
    settings = RefusalSettings(window=10**6, max_consecutive=5)
    limit, start, reached = RejectLimit(settings), 0, False
    for size in [*cuts, len(verdicts)]:
        part = batch(start, verdicts[start : start + size])
        reached = reached or bool(limit.reached(part))
        limit.note(part)
        start += size
    assert reached == (longest_run(verdicts) >= 5)


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_one_range_alone_is_judged_by_its_share(verdicts: list[bool]) -> None:
    settings = RefusalSettings(window=10, max_consecutive=0, max_ratio=0.5)
    refused = verdicts.count(False)
    expected = len(verdicts) >= 10 and refused > 0.5 * len(verdicts)
    assert bool(RejectLimit(settings).reached(batch(0, verdicts))) == expected


def test_a_few_records_are_too_few_to_judge_by() -> None:
    assert not RejectLimit(RefusalSettings(window=10)).reached(batch(0, [False] * 9))


def test_small_ranges_are_judged_together() -> None:
    limit = RejectLimit(RefusalSettings(window=10, max_consecutive=0))
    for start in range(0, 9, 3):
        part = batch(start, [False] * 3)
        assert not limit.reached(part)
        limit.note(part)
    assert "10 of the last 10" in limit.reached(batch(9, [False] * 3))


def test_what_was_long_ago_does_not_count() -> None:
    limit = RejectLimit(RefusalSettings(window=10, max_consecutive=0))
    limit.note(batch(0, [True] * 1000))
    assert limit.reached(batch(1000, [False] * 10))
    limit.note(batch(1000, [False] * 9))
    limit.note(batch(1009, [True] * 30))
    assert not limit.reached(batch(1039, [False] * 5))
    assert limit.reached(batch(1039, [False] * 6))


@pytest.mark.parametrize("count", [10, 10_000])
def test_a_limit_that_is_off_never_stops_anything(count: int) -> None:
    settings = RefusalSettings(window=1, max_ratio=1.0, max_consecutive=0)
    assert not RejectLimit(settings).reached(batch(0, [False] * count))


def test_after_a_look_counting_begins_anew() -> None:
    limit = RejectLimit(RefusalSettings(window=10, max_consecutive=8))
    limit.note(batch(0, [False] * 7))
    assert limit.reached(batch(7, [False]))
    limit.forget()
    assert not limit.reached(batch(7, [False]))
