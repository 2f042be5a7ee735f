from __future__ import annotations

import json
import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from window_builders import NOON, window

from millrace.schemas.window import Window
from millrace.streams.window_merge import State, merge

#: Whole and half numbers: sums of them are exact, so they can be compared exactly.
numbers = st.integers(min_value=-1_000, max_value=1_000).map(lambda number: number / 2)


@st.composite
def events(draw: st.DrawFn) -> list[tuple[int, int, float]]:
    """Draw the events of one window: partition, microseconds after its start, value."""
    event = st.tuples(st.integers(0, 3), st.integers(0, 9_999_999), numbers)
    return draw(st.lists(event, min_size=1, max_size=30))


def parts_of(found: list[tuple[int, int, float]]) -> list[Window]:
    """Return what each partition would publish; of equal times the later in the list is last."""
    parts = []
    for partition in sorted({one[0] for one in found}):
        own = [one for one in found if one[0] == partition]
        newest = max(enumerate(own), key=lambda place: (place[1][1], place[0]))[1]
        parts.append(
            window(
                [value for _, _, value in own],
                partition=partition,
                last=newest[2],
                last_at=NOON + timedelta(microseconds=newest[1]),
            )
        )
    return parts


@given(found=events(), order=st.randoms(use_true_random=False))
def test_it_is_what_one_partition_would_have_of_all_events(
    found: list[tuple[int, int, float]], order: object
) -> None:
    parts = parts_of(found)
    order.shuffle(parts)  # type: ignore[attr-defined]
    merged = merge(parts)
    values = sorted(value for _, _, value in found)
    assert merged.count == len(values)
    assert merged.sum == sum(values)
    assert (merged.min, merged.max) == (values[0], values[-1])
    assert merged.average == sum(values) / len(values)
    assert merged.per_second == len(values) / 10
    # By time, then by partition, then by place in the log: as the rollups have it.
    newest = max(enumerate(found), key=lambda place: (place[1][1], place[1][0], place[0]))[1]
    assert (merged.last, merged.last_at) == (newest[2], NOON + timedelta(microseconds=newest[1]))
    for name, level in {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}.items():
        exact = values[max(1, math.ceil(level * len(values))) - 1]
        assert merged.percentile(name) == pytest.approx(exact, rel=1 / 256)


@given(found=events())
def test_the_order_of_the_partitions_means_nothing(found: list[tuple[int, int, float]]) -> None:
    parts = parts_of(found)
    assert merge(parts) == merge(parts[::-1])


def test_sums_do_not_depend_on_the_order() -> None:
    parts = [
        window([1.0], partition=number, sum=total)
        for number, total in enumerate([1e16, 1.0, -1e16, 1e-3])
    ]
    assert merge(parts).sum == merge(parts[::-1]).sum == 1.001


def test_one_partition_alone_is_the_whole() -> None:
    one = window([1.0, 5.0, 2.0], final=True, revision=2, late=1)
    merged = merge([one])
    for field in ("tenant", "name", "tags", "start", "count", "sum", "histogram", "late"):
        assert getattr(merged, field) == getattr(one, field)


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        pytest.param([(False, 0)], State.OPEN, id="open"),
        pytest.param([(True, 0)], State.FINAL, id="final"),
        pytest.param([(True, 1)], State.CORRECTED, id="corrected"),
        pytest.param([(True, 0), (False, 0)], State.OPEN, id="open in one partition"),
        pytest.param([(True, 2), (False, 0)], State.OPEN, id="corrected in one, open in another"),
        pytest.param([(True, 0), (True, 1)], State.CORRECTED, id="corrected in one partition"),
    ],
)
def test_it_is_as_sure_as_its_least_sure_partition(
    parts: list[tuple[bool, int]], state: State
) -> None:
    merged = merge(
        [
            window(partition=number, final=final, revision=revision, late=revision)
            for number, (final, revision) in enumerate(parts)
        ]
    )
    assert merged.state is state
    assert merged.revision == merged.late == sum(revision for _, revision in parts)


def test_as_json_it_has_percentiles_and_no_histogram() -> None:
    merged = merge([window([1.0, 2.0, 3.0, 4.0], tags={"region": "eu"})])
    assert json.loads(json.dumps(merged.as_dict())) == {
        "tenant": "acme",
        "name": "api.requests",
        "measurement": "value",
        "tags": {"region": "eu"},
        "size": 10,
        "start": "2026-03-01T12:00:00Z",
        "state": "open",
        "revision": 0,
        "late": 0,
        "count": 4,
        "per_second": 0.4,
        "sum": 10.0,
        "avg": 2.5,
        "min": 1.0,
        "max": 4.0,
        "last": 4.0,
        "last_at": "2026-03-01T12:00:05Z",
        "p50": 2.0,
        "p90": 4.0,
        "p95": 4.0,
        "p99": 4.0,
    }
