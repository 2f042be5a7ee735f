from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.streams.histogram import bits_of, quantile

LEVELS = (0.0, 0.5, 0.9, 0.95, 0.99, 1.0)
#: What the rollups keep of a number, at most; below the smallest normal one accuracy fades.
ERROR = 1 / 256
SMALLEST = 1.2e-38

magnitudes = st.floats(min_value=SMALLEST, max_value=1e38)
values = st.one_of(magnitudes, magnitudes.map(lambda value: -value), st.just(0.0))


def histogram_of(found: list[float]) -> dict[int, int]:
    return dict(Counter(bits_of(np.array(found)).tolist()))


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        pytest.param(0.0, 0x0000, id="zero"),
        pytest.param(-0.0, 0x8000, id="minus zero"),
        pytest.param(1.0, 0x3F80, id="one"),
        pytest.param(-1.0, 0xBF80, id="minus one"),
        pytest.param(256.0, 0x4380, id="the largest of the exact whole numbers"),
        pytest.param(257.0, 0x4381, id="halfway, rounded away from zero"),
        pytest.param(-257.0, 0xC381, id="halfway below zero"),
        pytest.param(256.9, 0x4380, id="below halfway"),
        pytest.param(1e38, 0x7E96, id="the largest"),
        pytest.param(1e-300, 0x0000, id="too small for a single"),
    ],
)
def test_a_value_counts_under_its_upper_bits_rounded(value: float, bits: int) -> None:
    assert bits_of(np.array([value])).tolist() == [bits]


def test_nothing_has_no_percentile() -> None:
    assert math.isnan(quantile({}, 0.5))


@given(found=st.lists(values, min_size=1, max_size=40), level=st.sampled_from(LEVELS))
def test_a_percentile_is_the_value_of_the_same_rank(found: list[float], level: float) -> None:
    exact = sorted(found)[max(1, math.ceil(level * len(found))) - 1]
    assert quantile(histogram_of(found), level) == pytest.approx(exact, rel=ERROR, abs=SMALLEST)


@given(found=st.lists(values, min_size=1, max_size=20), level=st.sampled_from(LEVELS))
def test_the_order_of_the_counts_means_nothing(found: list[float], level: float) -> None:
    histogram = histogram_of(found)
    assert quantile(dict(reversed(histogram.items())), level) == quantile(histogram, level)
