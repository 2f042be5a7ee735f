"""The group-by of live values agrees with one value after the other."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from millrace.streams.live_fold import NEVER, fold, grouped
from millrace.streams.measured import Measured, Values

LIFE = 10
A, B = (Measured("t", name, "m", ()) for name in "ab")


def values(
    codes: list[int], numbers: list[float], received: list[int], occurred: list[int] | None = None
) -> Values:
    def whole(found: list[int]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        return np.array(found, np.int64)

    return Values(
        [A, B],
        whole(codes),
        np.array(numbers, np.float64),
        whole(occurred or received),
        whole(received),
        whole(list(range(len(codes)))),
        whole([1] * len(codes)),
    )


def test_a_group_is_a_series_and_a_kind() -> None:
    found = values([1, 0, 1, 1], [1.0] * 4, [0] * 4)
    found.kinds[:] = [2, 1, 4, 2]
    groups, series = grouped(found)
    assert groups.tolist() == [0, 1, 2, 0]
    assert series == [(B, 2), (A, 1), (B, 4)]


def test_sums_go_on_from_the_past_in_offset_order() -> None:
    numbers = [0.1] * 10 + [1e16, 1.0, -1e16]
    found = values([0] * 13, numbers, [5] * 13)
    folded = fold(found.codes, found, np.array([0]), np.array([0.7]), LIFE)
    expected = 0.7
    for number in numbers:
        expected += number
    assert folded.sums.tolist() == [expected]


def test_pairs_are_by_group_and_event_time_the_later_in_the_log_last() -> None:
    found = values([1, 0, 1, 1], [1.0, 2.0, 3.0, 4.0], [0, 0, 0, 0], [7, 9, 6, 7])
    folded = fold(found.codes, found, np.array([NEVER, NEVER]), np.zeros(2), LIFE)
    assert folded.pairs[0].tolist() == [9, 6, 7, 7]
    assert folded.pairs[1].view(np.float64).tolist() == [2.0, 3.0, 1.0, 4.0]
    assert folded.ends.tolist() == [1, 4]


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60)), min_size=1, max_size=30),
    st.lists(st.one_of(st.just(NEVER), st.integers(0, 60)), min_size=3, max_size=3),
)
def test_lives_are_the_definitions(draws: list[tuple[int, int]], before: list[int]) -> None:
    order = list(dict.fromkeys(code for code, _ in draws))
    groups = np.array([order.index(code) for code, _ in draws])
    received = [at for _, at in draws]
    found = values(groups.tolist(), [1.0] * len(draws), received)
    past = np.array([before[code] for code in order])
    folded = fold(groups, found, past, np.full(len(order), 100.0), LIFE)
    for place, code in enumerate(order):
        last, total, anew = before[code], 100.0, False
        for at in (at for one, at in draws if one == code):
            if at > last + LIFE:
                total, anew = 0.0, True
            last, total = max(last, at), total + 1.0
        assert folded.sums[place] == total
        assert folded.anew[place] == anew
        assert folded.received[place] == last
