from __future__ import annotations

import pytest

from millrace.streams.partition_key import Keys


@pytest.mark.parametrize(
    ("line", "key"),
    [
        pytest.param(b'{"name":"a.b","tenant":"t"}', b"t|a.b", id="tenant and name"),
        pytest.param(b'{"name":"a.b"}', b"default|a.b", id="no tenant"),
        pytest.param(b'{"name":"a","tenant":null}', b"default|a", id="null tenant"),
        pytest.param(b'{"name":7}', None, id="a name that is no text"),
        pytest.param(b'{"name":"a"', None, id="cut"),
        pytest.param(b'["name"]', None, id="a list"),
        pytest.param(b'{"name":"caf\xe9"}', None, id="not UTF-8"),
        pytest.param(b'{"value":NaN,"name":"a"}', None, id="NaN"),
        pytest.param(b"\x00", None, id="a NUL byte"),
        pytest.param(b'{"name":"%s"}' % (b"x" * 256), None, id="a name too long"),
        pytest.param(rb'{"name":"\ud800"}', None, id="a lone surrogate"),
    ],
)
def test_keys(line: bytes, key: bytes | None) -> None:
    assert Keys(4).key(line) == key


def test_a_key_stays_where_it_is_and_keyless_records_spread() -> None:
    keys = Keys(4)
    assert len({keys.partition(b"t|a") for _ in range(10)}) == 1
    assert {keys.partition(None) for _ in range(8)} == {0, 1, 2, 3}


def test_partitions_are_those_of_other_kafka_clients() -> None:
    # Values of Kafka's own murmur2, from its tests.
    assert Keys(1000).partition(b"21") == (-973932308 & 0x7FFFFFFF) % 1000
    assert Keys(1000).partition(b"foobar") == (-790332482 & 0x7FFFFFFF) % 1000


def test_names_from_outside_do_not_grow_it_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("millrace.streams.partition_key._KEPT", 10)
    keys = Keys(4)
    first = keys.partition(b"t|0")
    for number in range(100):
        keys.partition(b"t|%d" % number)
    assert keys.partition(b"t|0") == first
