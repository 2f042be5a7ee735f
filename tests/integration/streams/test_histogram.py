"""Percentiles of windows against the engine's own quantilesBFloat16, as the rollups feed it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from millrace.clickhouse.client import Store
from millrace.streams.histogram import bits_of, quantile

pytestmark = pytest.mark.integration

LEVELS = (0.5, 0.9, 0.95, 0.99)
EXTREMES = (0.0, -0.0, 1e-300, -1e-300, 1e-45, 1.2e-38, 1e38, -1e38, 255.5, 256.0, 257.0)

# The rounding of migration 0002_rollup_1m.
_SQL = """
SELECT quantilesBFloat16(0.5, 0.9, 0.95, 0.99)(
    reinterpretAsFloat32(reinterpretAsUInt32(toFloat32(value)) + 0x8000)
) FROM (%s)
"""
_GIVEN = "SELECT arrayJoin({values:Array(Float64)}) AS value"
#: Values over ten powers of ten, a third of them negative.
_MANY = """
SELECT if(modulo(number, 3) = 0, -1, 1) * exp(23 * sipHash64(number) / pow(2, 64)) AS value
FROM numbers(100000)
"""

values = st.one_of(
    st.sampled_from(EXTREMES),
    st.floats(min_value=-1e38, max_value=1e38),
    st.floats(min_value=-1_000, max_value=1_000),
    st.integers(min_value=-300, max_value=300).map(float),
)


def engines(store: Store, source: str, found: Sequence[float] = ()) -> list[float]:
    ((answer,),) = store.rows(_SQL % source, {"values": found})
    return [float(value) for value in answer]


def ours(found: Sequence[float]) -> list[float]:
    histogram = dict(Counter(bits_of(np.array(found)).tolist()))
    return [quantile(histogram, level) for level in LEVELS]


@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(found=st.lists(values, min_size=1, max_size=120))
@example(found=[-0.0])
@example(found=[1e-300])
@example(found=[1e38])
@example(found=[-1e38, 1e38])
@example(found=[-0.0, 0.0, -1e-300, 1e-300])
@example(found=[float(number) for number in range(100)])
def test_percentiles_are_those_of_the_engine(empty_store: Store, found: list[float]) -> None:
    assert ours(found) == engines(empty_store, _GIVEN, found)


def test_percentiles_of_many_values_are_those_of_the_engine(empty_store: Store) -> None:
    found = [float(value) for (value,) in empty_store.rows(_MANY)]
    assert len(set(found)) == 100_000
    assert ours(found) == engines(empty_store, _MANY)
