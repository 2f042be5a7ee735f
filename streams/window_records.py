"""The records of telemetry.windows as bytes; schemas/window.py says what they mean.

Keys are JSON arrays: a window's is its series, size and start in Unix seconds; a partition's own
record, which says how far it has come, has the key ``["partition", p]``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

import msgspec

from millrace.schemas.errors import BrokerError
from millrace.streams.measured import Measured
from millrace.streams.window_fold import SECOND, Window

T = TypeVar("T")

#: A record's key and value; None takes the key away.
Record = tuple[bytes, bytes | None]

_encode = msgspec.json.Encoder().encode
_read_key = msgspec.json.Decoder(tuple[str, str, str, dict[str, str], int, int]).decode


class Standing(msgspec.Struct, frozen=True):
    """Where a partition stands at an offset; ``watermark`` in Unix microseconds."""

    through_offset: int
    watermark: int | None = None
    too_late: dict[int, int] = {}
    first_offsets: dict[int, int] = {}


class Head:
    """One measured series and the bytes that all of its records begin with."""

    __slots__ = ("key", "measured", "value")

    def __init__(self, measured: Measured, log: str, partition: int) -> None:
        tenant, name, measurement, pairs = measured
        tags = dict(pairs)
        self.measured = measured
        self.key = _encode([tenant, name, measurement, tags])[:-1]
        self.value = _encode(
            {
                "tenant": tenant,
                "name": name,
                "measurement": measurement,
                "tags": tags,
                "log": log,
                "partition": partition,
            }
        )[:-1]


class Bucket(NamedTuple):
    """The windows of one size that begin at one time, in Unix seconds."""

    size: int
    start: int

    @property
    def end(self) -> int:
        """The Unix microsecond at which they end."""
        return (self.start + self.size) * SECOND


class Writer:
    """Turns the windows of one bucket into records."""

    def __init__(self, bucket: Bucket) -> None:
        start = datetime.fromtimestamp(bucket.start, UTC)
        self._key = b",%d,%d]" % bucket
        self._value = b"," + _encode({"size": bucket.size, "start": start})[1:-1] + b","

    def key(self, head: Head) -> bytes:
        """Return the key of a series' window."""
        return head.key + self._key

    def record(self, head: Head, window: Window) -> Record:
        """Return a series' window as it is published."""
        return head.key + self._key, b"%b%b%b" % (head.value, self._value, _encode(window)[1:])


class Stored(Window, kw_only=True):
    """A window's record as it was read back; its key says whose it is."""

    log: str

    @property
    def window(self) -> Window:
        """Its value."""
        return Window(*msgspec.structs.astuple(self)[: len(Window.__struct_fields__)])


class _OwnRecord(msgspec.Struct):
    log: str
    partition: int
    now: Standing
    before: Standing


#: Decodes the value of a window's record.
decode_stored = msgspec.json.Decoder(Stored).decode
_decode_own = msgspec.json.Decoder(_OwnRecord).decode


def split_key(key: bytes) -> tuple[bytes, Bucket] | None:
    """Return what a window's key begins with, which is its head's, and its bucket.

    None for a key that cannot be a window's.
    """
    try:
        head, size, start = key[:-1].rsplit(b",", 2)
        return head, Bucket(int(size), int(start))
    except ValueError:
        return None


def read_key(key: bytes) -> tuple[Measured, Bucket] | None:
    """Return which window a key is of, None when it is none's."""
    try:
        tenant, name, measurement, tags, size, start = _read_key(key)
    except msgspec.DecodeError:
        return None
    pairs = tuple(sorted(tags.items()))
    return Measured(tenant, name, measurement, pairs), Bucket(size, start)


def own_key(partition: int) -> bytes:
    """Return the key of a partition's own record."""
    return _encode(["partition", partition])


def own_record(log: str, partition: int, now: Standing, before: Standing) -> Record:
    """Return a partition's own record."""
    return own_key(partition), _encode(_OwnRecord(log, partition, now, before))


def read_own(
    records: Mapping[bytes, bytes], log: str, partition: int
) -> tuple[Standing, Standing] | None:
    """Return where the partition stood and had stood before; None without a record of this log.

    Raises BrokerError when it cannot be read.
    """
    value = records.get(own_key(partition))
    if value is None:
        return None
    own = read(value, _decode_own, partition)
    return (own.now, own.before) if own.log == log else None


def read(
    value: bytes, decode: Callable[[bytes], T], partition: int, topic: str = "telemetry.windows"
) -> T:
    """Return a record's decoded value; raises BrokerError when it is none of ours."""
    try:
        return decode(value)
    except msgspec.DecodeError as error:
        raise not_ours(topic, partition, str(error)) from None


def not_ours(topic: str, partition: int, fault: str) -> BrokerError:
    """Return the error of a record in one of these topics that nobody of ours has written."""
    return BrokerError(
        f"Partition {partition} of {topic} holds a record that is not one of ours"
        f" ({fault}): delete the topic, it is made again from what follows"
    )
