"""Our own events: what they say, and that the catalogue knows every one of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from catalogues import SMALL
from faust.types import TP

from millrace.schemas.catalogue_files import load_catalogue
from millrace.streams.arbiter import Accepted, judge
from millrace.streams.decode import Decoder
from millrace.streams.record_batch import record_batch
from millrace.streams.tag_values import TagOverflow
from millrace.streams.telemetry import Telemetry, encode

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TIMESTAMP = int(NOW.timestamp() * 1000)


class StoppedClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


def gathered() -> list[dict[str, Any]]:
    telemetry = Telemetry(StoppedClock(), "host-1")
    good = b'{"name":"a.b","occurred_at":"2026-11-20T11:59:00Z","tags":{"email":"x"}}'
    records = [good, good, b"{"]
    batch = Decoder(SMALL, b"k").decode(
        record_batch("events", 2, 10, [10, 11, 12], [TIMESTAMP - 4000] * 3, records), "log"
    )
    beyond = TagOverflow(0, "t", "default", "a.b", "k", refused=False)
    batch = replace(batch, overflows={beyond: 3, beyond._replace(key="l", refused=True): 1})
    telemetry.stored(batch, 0.25)
    telemetry.retried("events", 241)
    return [
        telemetry.worker("started"),
        *telemetry.events({TP("events", 2): 20}),
        telemetry.worker("stopped"),
    ]


def measured(name: str) -> dict[str, float]:
    (event,) = [event for event in gathered() if event["name"] == name]
    return dict(event["measurements"])


def test_says_what_was_stored_how_long_it_took_and_how_far_behind_it_is() -> None:
    assert measured("millrace.ingest.delivered") == {"count": 3}
    assert measured("millrace.ingest.stored") == {"count": 2}
    assert measured("millrace.ingest.rejected") == {"count": 1}
    assert measured("millrace.ingest.dropped_keys") == {"count": 2}
    assert measured("millrace.ingest.tag_overflows") == {"count": 4}
    assert measured("millrace.ingest.retries") == {"count": 1}
    assert measured("millrace.ingest.flush") == {"rows": 2, "seconds": 0.25}
    assert measured("millrace.ingest.delay") == {"seconds": 4.0}
    assert measured("millrace.ingest.lag") == {"records": 7, "seconds": 4.0}
    assert measured("millrace.ingest.watermark") == {"age_seconds": 60.0}
    assert measured("millrace.worker.memory")["rss_bytes"] > 1_000_000


@pytest.mark.requirement("GAME-59")
def test_every_event_of_ours_is_declared_and_loses_nothing() -> None:
    catalogue = load_catalogue()
    for event in gathered():
        _, value = encode(event)
        verdict = judge(value, TIMESTAMP, catalogue)
        assert isinstance(verdict, Accepted), event["name"]
        assert verdict.namespace.name == "millrace"
        assert verdict.dropped == ()
        assert verdict.event.measurements == json.loads(value)["measurements"]


def test_counts_are_given_out_once() -> None:
    telemetry = Telemetry(StoppedClock(), "host-1")
    telemetry.retried("events", 0)
    telemetry.events({})
    assert [event["name"] for event in telemetry.events({})] == ["millrace.worker.memory"]
