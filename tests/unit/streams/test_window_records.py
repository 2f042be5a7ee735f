from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.schemas.errors import BrokerError
from millrace.schemas.window import Window as Model
from millrace.schemas.window import WindowProgress
from millrace.streams.measured import Measured
from millrace.streams.window_fold import Window
from millrace.streams.window_records import (
    Bucket,
    Head,
    Standing,
    Writer,
    decode_stored,
    own_key,
    own_record,
    read,
    read_key,
    read_own,
    split_key,
)

MEASURED = Measured("acme", "api.requests", "value", (("endpoint", '/a"b\\ü'), ("z", "")))
START = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp())
BUCKET = Bucket(60, START)
WINDOW = Window(
    through_offset=7,
    count=2,
    sum=0.1 + 0.2,
    min=0.1,
    max=0.2,
    last=0.2,
    last_at="2026-11-20T12:00:59.999999Z",
    late=1,
    histogram={16256: 1, 0: 1},
    final=True,
    revision=3,
)


def test_a_record_says_what_the_model_says() -> None:
    key, value = Writer(BUCKET).record(Head(MEASURED, "log", 3), WINDOW)
    assert value is not None
    found = Model.model_validate_json(value)
    assert found.model_dump() == {
        "tenant": "acme",
        "name": "api.requests",
        "measurement": "value",
        "tags": {"endpoint": '/a"b\\ü', "z": ""},
        "log": "log",
        "partition": 3,
        "through_offset": 7,
        "size": 60,
        "start": datetime(2026, 11, 20, 12, tzinfo=UTC),
        "count": 2,
        "sum": 0.1 + 0.2,
        "min": 0.1,
        "max": 0.2,
        "last": 0.2,
        "last_at": datetime(2026, 11, 20, 12, 0, 59, 999_999, UTC),
        "histogram": {16256: 1, 0: 1},
        "final": True,
        "revision": 3,
        "late": 1,
    }
    assert json.loads(key) == ["acme", "api.requests", "value", found.tags, 60, START]


def test_a_record_is_read_back_as_it_was() -> None:
    key, value = Writer(BUCKET).record(Head(MEASURED, "log", 3), WINDOW)
    assert value is not None
    stored = read(value, decode_stored, 3)
    assert (stored.log, stored.window) == ("log", WINDOW)
    assert type(stored.window) is Window
    assert split_key(key) == (Head(MEASURED, "log", 3).key, BUCKET)
    assert read_key(key) == (MEASURED, BUCKET)


@pytest.mark.parametrize("key", [b"", b"[]", b'["partition",3]', b'["a","b","c",{},"counter"]'])
def test_other_keys_are_of_no_window(key: bytes) -> None:
    assert read_key(key) is None
    assert split_key(key) is None


@given(
    st.none() | st.integers(-(2**60), 2**60),
    st.dictionaries(st.integers(1, 86_400), st.integers(0)),
)
def test_the_partitions_own_record(watermark: int | None, late: dict[int, int]) -> None:
    now, before = Standing(9, watermark, late), Standing(3)
    key, value = own_record("log", 3, now, before)
    assert key == own_key(3)
    assert value is not None
    model = WindowProgress.model_validate_json(value)
    assert (model.now.watermark, model.now.too_late) == (watermark, late)
    assert read_own({key: value}, "log", 3) == (now, before)
    assert read_own({key: value}, "another", 3) is None
    assert read_own({}, "log", 3) is None


def test_what_is_not_ours_is_named() -> None:
    with pytest.raises(BrokerError, match=r"Partition 3 of telemetry\.windows"):
        read(b"{}", decode_stored, 3)
