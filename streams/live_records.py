"""The records of telemetry.live as bytes; schemas/window.py says what they mean.

Keys are JSON arrays: a live value's is its series and kind; a partition's own record, which says
how far it has come, has the key ``["partition", p]``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from millrace.schemas.moment import EPOCH
from millrace.streams.arbiter import microseconds
from millrace.streams.columns import KINDS
from millrace.streams.measured import Measured
from millrace.streams.record_batch import Integers
from millrace.streams.window_records import Head, Record, not_ours, own_key, read

_NAMES: Final = {code: name for name, code in KINDS.items()}

_TOPIC: Final = "telemetry.live"

Kind = Literal["counter", "gauge", "histogram", "summary"]

_encode = msgspec.json.Encoder().encode
_decode_key = msgspec.json.Decoder(tuple[str, str, str, dict[str, str], Kind]).decode


class LiveSeries(NamedTuple):
    """What has a live value of its own: a measured series, and the kind as its code."""

    measured: Measured
    kind: int


class _Tail(msgspec.Struct, omit_defaults=True, gc=False):
    """What changes in a live value from one record to the next."""

    through_offset: int
    value: float
    last_at: datetime
    expires_at: datetime
    observations: list[float] = []
    time_steps: list[int] = []


class StoredLive(_Tail, kw_only=True):
    """A live value's record as it was read back."""

    tenant: str
    name: str
    measurement: str
    tags: dict[str, str]
    log: str
    partition: int
    kind: Kind

    @property
    def series(self) -> LiveSeries:
        """Whose live value it is."""
        return _series(self.tenant, self.name, self.measurement, self.tags, self.kind)

    @property
    def last_microsecond(self) -> int:
        """When its latest event happened, in Unix microseconds."""
        return microseconds(self.last_at)

    @property
    def expires(self) -> int:
        """When it is over, in Unix milliseconds."""
        return microseconds(self.expires_at) // 1000

    @property
    def observed(self) -> Integers:
        """Its observations as :class:`millrace.streams.live_fold.Folded` has them."""
        times = np.cumsum(np.array(self.time_steps, np.int64))
        return pairs_of(times, np.array(self.observations, np.float64))


class _Progress(msgspec.Struct):
    log: str
    partition: int
    through_offset: int


_decode_live = msgspec.json.Decoder(StoredLive).decode
_decode_progress = msgspec.json.Decoder(_Progress).decode


def pairs_of(times: Integers, values: npt.NDArray[np.float64]) -> Integers:
    """Return event times and values as the two rows of one array; the values as their bits.

    One array costs half of what two do, and there are as many as there are series.
    """
    pairs = np.empty((2, len(times)), np.int64)
    pairs[0] = times
    pairs[1] = values.view(np.int64)
    return pairs


def heading(series: LiveSeries, log: str, partition: int) -> tuple[bytes, bytes]:
    """Return the key of a live value and the bytes that all of its records begin with."""
    head = Head(series.measured, log, partition)
    name = _encode(_NAMES[series.kind])
    return b"%b,%b]" % (head.key, name), b'%b,"kind":%b,' % (head.value, name)


def series_of(key: bytes) -> LiveSeries | None:
    """Return whose live value has this key; None when it is no key of a live value."""
    try:
        return _series(*_decode_key(key))
    except msgspec.DecodeError:
        return None


def live_value(
    head: bytes, through: int, value: float, last: int, expires: int, observed: Integers
) -> bytes:
    """Return a live value's record.

    ``last`` is in Unix microseconds, ``expires`` in milliseconds. With 10,000 observations, the
    most that the settings allow, it has less than 500,000 bytes.
    """
    tail = _Tail(
        through,
        value,
        EPOCH + timedelta(microseconds=last),
        EPOCH + timedelta(milliseconds=expires),
        observed[1].view(np.float64).tolist(),
        np.diff(observed[0], prepend=0).tolist(),
    )
    return head + _encode(tail)[1:]


def live_progress(log: str, partition: int, through: int) -> Record:
    """Return a partition's own record among its live values."""
    return own_key(partition), _encode(_Progress(log, partition, through))


def read_live(value: bytes, partition: int) -> StoredLive:
    """Return a live value's record; raises BrokerError when it is none of ours."""
    found = read(value, _decode_live, partition, _TOPIC)
    if len(found.observations) != len(found.time_steps):
        raise not_ours(_TOPIC, partition, "observations and time_steps are not equally many")
    return found


def read_progress(value: bytes | None, log: str, partition: int) -> int | None:
    """Return how far the live values of a log had come; None without a record of this log.

    Raises BrokerError when it cannot be read.
    """
    if value is None:
        return None
    found = read(value, _decode_progress, partition, _TOPIC)
    return found.through_offset if found.log == log else None


def _series(
    tenant: str, name: str, measurement: str, tags: dict[str, str], kind: Kind
) -> LiveSeries:
    pairs = tuple(sorted(tags.items()))
    return LiveSeries(Measured(tenant, name, measurement, pairs), KINDS[kind])
