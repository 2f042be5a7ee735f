"""The memo learns vocabularies, forgets them when they outgrow it, and never changes a verdict."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from catalogues import SMALL

from millrace.streams import memo
from millrace.streams.decode import Decoder
from millrace.streams.record_batch import record_batch

TIMESTAMP = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp() * 1000)


def records(start: int, count: int) -> list[bytes]:
    return [
        json.dumps(
            {
                "name": f"n{number % 40}.x",
                "occurred_at": "2026-11-20T11:59:00Z",
                "measurements": {f"m{number}": number},
                "tags": {"shard": str(number), "email": "x"},
                "unit": f"u{number % 30}",
            }
        ).encode()
        for number in range(start, start + count)
    ]


@pytest.mark.requirement("GAME-06")
def test_a_vocabulary_without_end_is_forgotten_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memo, "_ENTRIES", 10)
    seasoned = Decoder(SMALL, b"k")
    for start in (0, 50, 100, 0):
        found = records(start, 50)
        batch = record_batch("t", 0, start, range(start, start + 50), [TIMESTAMP] * 50, found)
        fresh = Decoder(SMALL, b"k").decode(batch, "log")
        again = seasoned.decode(batch, "log")
        assert again.rows.to_pylist() == fresh.rows.to_pylist()
        assert again.dropped == fresh.dropped
    held = seasoned._memo
    assert len(held._plans) <= 10 + 50
    assert len(held._keys) <= 10 + 50
