"""What a batch comes to by day, class and name, against a count of one event at a time."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from catalogues import SMALL
from hypothesis import given
from hypothesis import strategies as st

from millrace.clickhouse.facts import Slice
from millrace.streams.decode import Decoder
from millrace.streams.log_facts import amounts
from millrace.streams.record_batch import record_batch

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TIMESTAMP = int(NOW.timestamp() * 1000)
CLASSES = {"a": "default", "b": "default", "game.login": "game", "web.request": "web"}

sent = st.fixed_dictionaries(
    {
        "name": st.sampled_from(sorted(CLASSES)),
        "minutes": st.integers(0, 60 * 24 * 5),
        "values": st.lists(st.floats(-1e6, 1e6), max_size=2),
    }
)


@given(st.lists(sent, max_size=20))
def test_amounts_are_those_of_the_events_one_by_one(found: list[dict[str, Any]]) -> None:
    records = []
    expected: dict[Slice, list[float]] = defaultdict(lambda: [0, 0, 0.0])
    for event in found:
        at = NOW - timedelta(minutes=event["minutes"])
        numbers = dict(zip(("value", "count"), event["values"], strict=False)) or {"count": 1.0}
        document = {
            "name": event["name"],
            "occurred_at": at.isoformat().replace("+00:00", "Z"),
            "measurements": numbers,
        }
        records.append(json.dumps(document).encode())
        amount = expected[Slice(at.date(), CLASSES[event["name"]], event["name"])]
        amount[0] += 1
        amount[1] += len(numbers)
        amount[2] += sum(numbers.values())
    offsets = range(len(records))
    batch = Decoder(SMALL, b"k").decode(
        record_batch("t", 0, 0, offsets, [TIMESTAMP] * len(records), records), "log"
    )
    counted = dict(amounts(batch))
    assert set(counted) == set(expected)
    for place, found_amount in counted.items():
        events, values, total = expected[place]
        assert (found_amount.events, found_amount.values) == (events, values)
        assert found_amount.total == pytest.approx(total, rel=1e-9, abs=1e-6)
