"""The decoder agrees with the arbiter on every record, whatever is thrown at it."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from catalogues import SMALL
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.schemas.catalogue import Namespace
from millrace.streams.arbiter import Accepted, judge, microseconds
from millrace.streams.batch import EventBatch
from millrace.streams.columns import KINDS
from millrace.streams.decode import Decoder
from millrace.streams.identities import Pseudonyms, coordinate_id
from millrace.streams.record_batch import record_batch

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TIMESTAMP = int(NOW.timestamp() * 1000)
KEY = b"a key for tests"


def decode(*records: bytes | None, first: int = 100) -> EventBatch:
    offsets = range(first, first + len(records))
    batch = record_batch("events", 3, first, offsets, [TIMESTAMP] * len(records), records)
    return Decoder(SMALL, KEY).decode(batch, "log")


def event(**fields: Any) -> bytes:
    return json.dumps({"name": "a.b", "occurred_at": "2026-11-20T11:59:00Z", **fields}).encode()


def expected_row(verdict: Accepted, offset: int) -> dict[str, Any]:
    """The stored row of an accepted event, worked out one value at a time."""
    found, pseudonyms = verdict.event, Pseudonyms(KEY)

    def typed(value: str | None, namespace: Namespace) -> str:
        kind, colon, identity = (value or "").partition(":")
        if kind.lower() in namespace.personal:
            return kind + colon + pseudonyms.of(identity)
        return value or ""

    return {
        "log": "log",
        "topic": "events",
        "partition": 3,
        "offset": offset,
        "received_at": NOW,
        "retention_class": verdict.namespace.retention_class,
        "schema_version": 1,
        "id": found.id.bytes if found.id else coordinate_id("log", "events", 3, offset),
        "tenant": found.tenant,
        "name": found.name,
        "kind": KINDS[found.kind],
        "occurred_at": found.occurred_at,
        "measurements": list(found.measurements.items()),
        "tags": list(found.tags.items()),
        "attributes": list(found.attributes.items()),
        "unit": found.unit or "",
        "source": typed(found.source, verdict.namespace),
        "entity": typed(found.entity, verdict.namespace),
        "actor": pseudonyms.of(found.actor or ""),
        "aggregation": found.aggregation or "",
        "traceparent": found.traceparent or "",
        "label": found.label or "",
    }


def assert_agrees(records: list[bytes | None]) -> None:
    batch = decode(*records)
    verdicts = [judge(record, TIMESTAMP, SMALL) for record in records]
    rows, refusals = [], []
    lost: dict[tuple[str, str], int] = {}
    for offset, verdict in enumerate(verdicts, 100):
        if isinstance(verdict, Accepted):
            rows.append(expected_row(verdict, offset))
            for key in verdict.dropped:
                lost[verdict.event.name, key] = lost.get((verdict.event.name, key), 0) + 1
        else:
            refusals.append((offset, verdict.reason, verdict.field, verdict.payload))
    assert batch.rows.to_pylist() == rows
    assert [(r.offset, r.reason, r.field, r.payload) for r in batch.refusals] == refusals
    assert {(k.name, k.key): count for k, count in batch.dropped.items()} == lost
    assert batch.delivered == len(records) == batch.stored + len(batch.refusals)


times = st.one_of(
    st.integers(-93 * 86_400 * 1_000_000, 600 * 1_000_000).map(
        lambda us: (NOW + timedelta(microseconds=us)).isoformat().replace("+00:00", "Z")
    ),
    st.sampled_from(
        [
            "2026-11-20T11:00:00.123456789Z",
            "2026-11-20T11:00:00.999999999999+00:00",
            "2026-11-20T11:00:00+00:00",
            "2026-11-20T11:00:00.5-00:30",
            "2026-11-20T11:00:00+24:00",
            "2026-11-20T11:00:00-00:60",
            "2026-11-20T13:00:00+02:00",
            "2026-11-20t11:00:00z",
            "2026-11-20 11:00:00Z",
            "2026-11-20T11:00:00",
            "2026-02-30T11:00:00Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20T11:00:60Z",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59-23:59",
            "2026-11-20T11:00:00.Z",
            "2026-11-20T11:00:00Z\n",
            1_795_000_000,
            None,
        ]
    ),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["x" * 101, "é", "é", " padded ", "a\x00b", "<b>'; DROP TABLE", "\u2028"]),
    st.lists(st.integers(), max_size=2),
)
keys = st.one_of(
    st.sampled_from(
        ["success", "zone", "account_id", "method", "status", "url", "email", "Email", "route"]
    ),
    st.text(max_size=4),
    st.just("k" * 51),
)
numbers = st.one_of(st.floats(), st.integers(), scalars, st.sampled_from([1e38, 1.1e38, 10**400]))
measurements = st.dictionaries(
    st.sampled_from(["duration_ms", "bytes", "response_time_ms", "value", "count", "other", ""]),
    numbers,
    max_size=3,
)
documents = st.fixed_dictionaries(
    {
        "name": st.sampled_from(
            [
                *("a.b", "game.login", "game.retired", "game.nope", "game.LOGIN", "web.request"),
                *("web.req", "webRequest", "1a", "", "a b", "n" * 256, "a\n", None, 7),
            ]
        ),
        "occurred_at": times,
    },
    optional={
        "schema_version": st.sampled_from([1, 1.0, True, 2, None, "1"]),
        "id": st.one_of(
            st.uuids().map(str),
            st.uuids().map(lambda u: str(u).upper()),
            st.sampled_from(["", "x", "{" + "0" * 34 + "}", None, "é" * 36, "g" * 36]),
        ),
        "tenant": st.sampled_from(["t-1", "", None, "a b", "t" * 65, "t\n"]),
        "kind": st.sampled_from(["counter", "gauge", "Counter", None, 1]),
        "value": numbers,
        "measurements": st.one_of(measurements, scalars),
        "tags": st.one_of(st.dictionaries(keys, scalars, max_size=4), scalars),
        "attributes": st.one_of(st.dictionaries(keys, scalars, max_size=3), scalars),
        "unit": st.sampled_from(["ms", "u" * 51, None, 3]),
        "source": st.sampled_from(["service:api", "user:42", "User:42", "nope", None]),
        "entity": st.sampled_from(["account:7", "link:7", "link:", "link:a\x00", None, 5]),
        "actor": st.sampled_from(["ann", "", "a" * 256, None, 5]),
        "aggregation": st.sampled_from(["P95", "p95", None]),
        "traceparent": st.sampled_from(["00-" + "a" * 32 + "-" + "b" * 16 + "-01", "00-x", None]),
        "label": st.sampled_from(["batch", "l" * 101, None]),
        "surprise": scalars,
    },
)


def spoil(raw: bytes, at: int, byte: int) -> bytes:
    at %= len(raw)
    return raw[:at] + bytes([byte]) + raw[at + 1 :]


records = st.one_of(
    documents.map(lambda d: json.dumps(d).encode()),
    documents.map(lambda d: json.dumps(d, ensure_ascii=False).encode("utf-8", "surrogatepass")),
    st.builds(
        spoil,
        documents.map(lambda d: json.dumps(d).encode()),
        st.integers(0, 10_000),
        st.integers(0, 255),
    ),
    st.binary(max_size=8),
    st.none(),
)


@pytest.mark.requirement("GAME-03", "METRIC-05", "METRIC-06", "METRIC-08", "METRIC-11", "IDENT-07")
@given(st.lists(records, max_size=8))
@settings(max_examples=400, deadline=None)
def test_agrees_with_the_arbiter(given_records: list[bytes | None]) -> None:
    assert_agrees(given_records)


@given(st.lists(documents, min_size=1, max_size=12), st.data())
@settings(max_examples=60, deadline=None)
def test_does_not_depend_on_how_a_range_is_fetched(
    found: list[dict[str, Any]], data: st.DataObject
) -> None:
    raw = [json.dumps(document).encode() for document in found]
    whole = decode(*raw)
    cut = data.draw(st.integers(0, len(raw)))
    decoder = Decoder(SMALL, KEY)
    parts = [
        decoder.decode(
            record_batch("events", 3, 0, range(100 + a, 100 + b), [TIMESTAMP] * (b - a), raw[a:b]),
            "log",
        )
        for a, b in ((0, cut), (cut, len(raw)))
    ]
    assert whole.rows.to_pylist() == [row for part in parts for row in part.rows.to_pylist()]


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(b"{", id="malformed"),
        pytest.param(b'{"name":"a.b"},{"name":"a.b"}', id="two documents"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[1]", id="an array"),
        pytest.param(b'{"name":"\xff","occurred_at":"2026-11-20T11:59:00Z"}', id="not UTF-8"),
        pytest.param(
            b'{"name":"a","occurred_at":"2026-11-20T11:59:00Z","tags":{"a":"\xff"}}',
            id="not UTF-8 in a tag",
        ),
        pytest.param(event(value=math.nan), id="NaN"),
        pytest.param(event(value=math.inf), id="Infinity"),
        pytest.param(event(tags={str(n): "x" for n in range(21)}), id="21 tags"),
        pytest.param(event(tags={"a": "x" * 101}), id="a tag value of 101 characters"),
        pytest.param(event(name="game.login", tags={"zone": "x" * 10_000}), id="a value to cut"),
        pytest.param(
            b'{"name":"a","occurred_at":"2026-11-20T11:59:00Z","value":1,"value":2}',
            id="duplicate keys",
        ),
        pytest.param(event(tags={"a": "x" * 1_000_000}), id="almost a megabyte"),
        pytest.param(b"[" * 50_000, id="deep"),
        pytest.param(
            b'{"name":"a","occurred_at":"2026-11-20T11:59:00Z","tags":'
            + b'{"a":' * 400
            + b"1"
            + b"}" * 401,
            id="deep in a tag",
        ),
    ],
)
def test_bad_input_does_not_harm_the_events_beside_it(record: bytes) -> None:
    assert_agrees([event(value=1), record, event(value=2, tags={"route": "/"})])


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        pytest.param(timedelta(minutes=-6), "in_future", id="six minutes ahead"),
        pytest.param(timedelta(minutes=-5), None, id="five minutes ahead"),
        pytest.param(timedelta(minutes=-5, microseconds=-1), "in_future", id="a microsecond more"),
        pytest.param(timedelta(days=90), None, id="90 days old"),
        pytest.param(timedelta(days=90, microseconds=1), "too_old", id="a microsecond older"),
        pytest.param(timedelta(days=91), "too_old", id="91 days old"),
    ],
)
def test_age_is_measured_against_the_log(age: timedelta, reason: str | None) -> None:
    batch = decode(event(occurred_at=(NOW - age).isoformat().replace("+00:00", "Z")))
    assert [r.reason for r in batch.refusals] == ([reason] if reason else [])


def test_ten_thousand_distinct_tag_values_are_stored() -> None:
    batch = decode(*(event(tags={"shard": str(n)}) for n in range(10_000)))
    assert batch.stored == 10_000
    assert len({row["tags"][0][1] for row in batch.rows.to_pylist()}) == 10_000


def test_an_empty_range_decodes_to_nothing() -> None:
    batch = decode()
    assert (batch.stored, batch.delivered, batch.refusals) == (0, 0, ())


def test_rows_come_in_offset_order_whichever_path_they_took() -> None:
    odd_time = event(occurred_at="2026-11-20T13:00:00+02:00")
    batch = decode(event(), odd_time, event(), odd_time)
    assert batch.rows.column("offset").to_pylist() == [100, 101, 102, 103]
    assert microseconds(NOW - timedelta(minutes=1)) == batch.occurred[0]
