from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from window_builders import (
    LOG,
    NOON,
    OTHER_LOG,
    FakeRecord,
    key,
    record,
    tombstone,
    window,
)

from millrace.schemas.window import Window
from millrace.streams.kept_windows import EVERYTHING, KeptWindows, Wanted, WindowKey

OWN = json.dumps(
    {
        "log": LOG,
        "partition": 0,
        "now": {"through_offset": 10, "watermark": None},
        "before": {"through_offset": 0, "watermark": None},
    }
).encode()


def key_of(one: Window) -> WindowKey:
    tags = tuple(sorted(one.tags.items()))
    start = int(one.start.timestamp())
    return WindowKey(one.tenant, one.name, one.measurement, tags, one.size, start)


def kept_of(*records: FakeRecord, wanted: Wanted = EVERYTHING) -> KeptWindows:
    kept = KeptWindows(wanted)
    for one in records:
        kept.take(one)
    return kept


def test_a_window_is_kept_as_it_was_published() -> None:
    one = window(tags={"region": "eu", "a": ""})
    kept = KeptWindows()
    assert kept.take(record(one)) == key_of(one)
    assert kept.windows(key_of(one)) == [one]
    assert (len(kept), list(kept)) == (1, [key_of(one)])


def test_of_one_log_the_record_with_the_higher_offset_counts() -> None:
    old, new = window(through_offset=10), window([1.0, 2.0, 3.0], through_offset=11)
    kept = kept_of(record(old), record(new))
    assert kept.windows(key_of(new)) == [new]
    assert kept.take(record(old)) is None
    assert kept.windows(key_of(new)) == [new]


def test_a_record_that_says_the_same_is_no_change() -> None:
    kept = kept_of(record(window()))
    assert kept.take(record(window())) is None


def test_a_window_that_the_clock_closed_has_the_same_offset() -> None:
    kept = kept_of(record(window()))
    closed = window(final=True)
    assert kept.take(record(closed)) == key_of(closed)
    assert kept.take(record(window())) is None
    assert kept.windows(key_of(closed)) == [closed]


def test_a_record_of_another_log_replaces_what_was_there() -> None:
    kept = kept_of(record(window(through_offset=1_000)))
    anew = window([7.0], through_offset=2, log=OTHER_LOG)
    assert kept.take(record(anew)) == key_of(anew)
    assert kept.windows(key_of(anew)) == [anew]


def test_each_partition_has_its_own_record_and_its_own_offsets() -> None:
    first, second = window(through_offset=500), window([3.0], partition=2, through_offset=4)
    kept = kept_of(record(second), record(first))
    assert kept.windows(key_of(first)) == [first, second]
    assert kept.take(tombstone(second)) == key_of(second)
    assert kept.windows(key_of(first)) == [first]


def test_a_tombstone_removes_and_what_follows_begins_anew() -> None:
    kept = kept_of(record(window(through_offset=10)), tombstone(window()))
    assert kept.windows(key_of(window())) == []
    assert len(kept) == 0
    assert kept.take(tombstone(window())) is None
    assert kept.take(record(window(through_offset=3))) == key_of(window())


def test_a_partitions_own_record_is_no_window_but_its_tenant_may_be_called_so() -> None:
    kept = KeptWindows()
    assert kept.take(FakeRecord(b'["partition",0]', OWN)) is None
    one = window(tenant="partition")
    assert kept.take(record(one)) == key_of(one)


def test_what_is_open_is_what_some_partition_has_open() -> None:
    final = window(start=NOON, final=True)
    half = window(start=NOON + timedelta(seconds=10), final=True)
    other_half = window(start=NOON + timedelta(seconds=10), partition=1)
    kept = kept_of(record(final), record(half), record(other_half))
    assert list(kept.open()) == [key_of(half)]


def test_the_longest_unchanged_comes_first() -> None:
    first, second = window(name="a"), window(name="b")
    kept = kept_of(record(first), record(second), record(window(name="a", through_offset=11)))
    assert [one.name for one in kept] == ["b", "a"]
    kept.take(record(window(name="b", partition=1)))
    assert [one.name for one in kept] == ["a", "b"]
    kept.take(record(window(name="a", partition=1)))
    assert [one.name for one in kept] == ["b", "a"]


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        pytest.param(EVERYTHING, True, id="everything"),
        pytest.param(Wanted(name="api.requests"), True, id="its name"),
        pytest.param(Wanted(name="api"), False, id="a part of its name"),
        pytest.param(Wanted(tenant="acme"), True, id="its tenant"),
        pytest.param(Wanted(tenant="other"), False, id="another tenant"),
        pytest.param(Wanted(tags=(("region", "eu"),)), True, id="one of its tags"),
        pytest.param(Wanted(tags=(("region", "us"),)), False, id="another value"),
        pytest.param(Wanted(tags=(("region", "eu"), ("a", "b"))), False, id="one of two tags"),
        pytest.param(Wanted(tags=(("a", ""),)), True, id="a tag that it has not"),
        pytest.param(Wanted(tags=(("region", ""),)), False, id="without a tag that it has"),
        pytest.param(Wanted(size=10), True, id="its size"),
        pytest.param(Wanted(size=60), False, id="another size"),
        pytest.param(Wanted("api.requests", "acme", (("region", "eu"),), 10), True, id="all"),
    ],
)
def test_only_what_is_wanted_is_kept(wanted: Wanted, taken: bool) -> None:
    one = window(tags={"region": "eu", "endpoint": "/"})
    assert len(kept_of(record(one), wanted=wanted)) == taken


GOOD = window()
MALFORMED = [
    pytest.param(FakeRecord(None, b"{}"), "no key", id="no key"),
    pytest.param(FakeRecord(b"acme", b"{}"), "malformed", id="a key that is no JSON"),
    pytest.param(FakeRecord(b"\xff", b"{}"), "malformed", id="a key that is no text"),
    pytest.param(FakeRecord(b'["partition","x"]', b"{}"), "Expected", id="a key of another form"),
    pytest.param(FakeRecord(b'["other",1]', b"{}"), "enum", id="a partition's record of whom"),
    pytest.param(FakeRecord(key(GOOD), b"{"), "Invalid JSON", id="no JSON"),
    pytest.param(FakeRecord(key(GOOD), b"\xff"), "Invalid JSON", id="no text"),
    pytest.param(FakeRecord(key(GOOD), b"{}"), "required", id="fields missing"),
    pytest.param(
        FakeRecord(key(GOOD), record(GOOD).value, partition=1), "another", id="another partition's"
    ),
    pytest.param(
        FakeRecord(key(window(name="other")), record(GOOD).value), "another", id="another's key"
    ),
    pytest.param(
        FakeRecord(key(GOOD), GOOD.model_dump_json().replace('"count":2', '"count":3').encode()),
        "as many values",
        id="one that does not add up",
    ),
]


@pytest.mark.parametrize(("bad", "fault"), MALFORMED)
def test_a_malformed_record_changes_nothing_and_is_named(
    bad: FakeRecord, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    kept = kept_of(record(GOOD))
    assert kept.take(bad) is None
    assert kept.windows(key_of(GOOD)) == [GOOD]
    (said,) = [entry.getMessage() for entry in caplog.records]
    assert said.startswith(
        f"Topic telemetry.windows, partition {bad.partition}: the record at offset 0 is no window"
    )
    assert fault in said


def test_only_the_first_malformed_record_of_a_partition_is_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = KeptWindows()
    for offset in range(3):
        kept.take(FakeRecord(b"x", b"{}", partition=0, offset=offset + 7))
        kept.take(FakeRecord(b"x", b"{}", partition=1, offset=offset))
    said = [entry.getMessage() for entry in caplog.records]
    assert [text.partition(" is no window")[0] for text in said] == [
        "Topic telemetry.windows, partition 0: the record at offset 7",
        "Topic telemetry.windows, partition 1: the record at offset 0",
    ]


def test_a_warning_holds_nothing_of_the_record(caplog: pytest.LogCaptureFixture) -> None:
    secret = GOOD.model_dump_json().replace('"final":false', '"final":"hunter2"').encode()
    kept_of(FakeRecord(key(GOOD), secret))
    assert "no window" in caplog.text
    assert "hunter2" not in caplog.text


def test_what_is_held_is_bounded_and_the_newest_stay(caplog: pytest.LogCaptureFixture) -> None:
    kept = KeptWindows(max_bytes=50_000)
    with caplog.at_level(logging.WARNING):
        for number in range(1_000):
            kept.take(record(window(start=NOON + timedelta(seconds=10 * number))))
    assert 20 < len(kept) < 50
    newest = int(NOON.timestamp()) + 10 * 999
    assert [one.start for one in kept][-1] == newest
    assert [one.start for one in kept] == [newest - 10 * n for n in range(len(kept))][::-1]
    assert len(caplog.records) == 1
    assert "ask for fewer" in caplog.text


def test_removed_windows_make_room() -> None:
    kept = KeptWindows(max_bytes=10_000)
    stays = window(name="stays")
    kept.take(record(stays))
    for number in range(1_000):
        passing = window(start=NOON + timedelta(seconds=10 * number))
        kept.take(record(passing))
        kept.take(tombstone(passing))
    assert list(kept) == [key_of(stays)]


versions = st.builds(
    lambda through, final, revision: window(
        [float(through), float(final), float(revision)],
        through_offset=through,
        final=final,
        revision=revision,
    ),
    st.integers(0, 5),
    st.booleans(),
    st.integers(0, 2),
)


@given(found=st.lists(versions, min_size=1, max_size=8), again=st.randoms(use_true_random=False))
def test_repeats_in_any_order_come_to_the_same(found: list[Window], again: object) -> None:
    once = kept_of(*map(record, found))
    repeated = [*found, *found]
    again.shuffle(repeated)  # type: ignore[attr-defined]
    assert kept_of(*map(record, repeated)).windows(key_of(GOOD)) == once.windows(key_of(GOOD))
