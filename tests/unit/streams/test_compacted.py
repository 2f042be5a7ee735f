from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from millrace.streams.compacted import Held, Pair


def value(log: str, through: int) -> bytes:
    return b'{"log":"%b","through_offset":%d}' % (log.encode(), through)


def held(*pairs: Pair) -> dict[bytes, bytes]:
    found = Held()
    found.add(pairs)
    return found.records


def test_of_one_life_the_record_that_has_come_further_is_kept() -> None:
    assert held((b"k", value("a", 2)), (b"k", value("a", 1))) == {b"k": value("a", 2)}
    assert held((b"k", value("a", 1)), (b"k", value("a", 2))) == {b"k": value("a", 2)}


def test_another_life_replaces_whatever_was_there() -> None:
    assert held((b"k", value("a", 9)), (b"k", value("b", 1))) == {b"k": value("b", 1)}


def test_without_a_value_the_key_is_gone() -> None:
    assert held((b"k", value("a", 9)), (b"k", None), (b"none", None)) == {}


def test_what_has_no_key_or_cannot_be_read_does_no_harm() -> None:
    assert held((None, b"x"), (b"k", value("a", 9)), (b"k", b"{")) == {b"k": b"{"}


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b"]), st.integers(0, 5)), max_size=20))
def test_reading_in_parts_makes_no_difference(found: list[tuple[bytes, int]]) -> None:
    pairs = [(key, value("log", through)) for key, through in found]
    whole, parts = Held(), Held()
    whole.add(pairs)
    for pair in pairs:
        parts.add([pair])
    assert parts.records == whole.records
    most = {key: max(t for k, t in found if k == key) for key, _ in found}
    assert whole.records == {key: value("log", through) for key, through in most.items()}
