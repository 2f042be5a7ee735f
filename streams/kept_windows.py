"""What a reader of telemetry.windows holds: for each window the newest record of each partition.

The rules are those of schemas/window.py. They are applied here to one record after another, without
a broker.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol

import msgspec
from pydantic import ValidationError

from millrace.schemas.window import Window
from millrace.streams.sanitize import Pairs

logger = logging.getLogger(__name__)

#: Bytes of records that are held at once, unless told otherwise.
MAX_BYTES: Final = 64 * 1024 * 1024
#: What a record costs beside its value's bytes: the parsed key and the places in two dicts.
_OVERHEAD: Final = 1_000


class WindowKey(NamedTuple):
    """Which window of which series; ``start`` in Unix seconds, tags sorted by key."""

    tenant: str
    name: str
    measurement: str
    tags: Pairs
    size: int
    start: int

    @property
    def series(self) -> tuple[str, str, str, Pairs, int]:
        """What its windows of other times have in common with it."""
        return self[:5]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which windows are held; what is left out does not choose.

    A tag that is wanted empty is also met by a series without it.
    """

    name: str = ""
    tenant: str = ""
    tags: Pairs = ()
    size: int | None = None

    def takes(self, key: WindowKey) -> bool:
        """Tell whether the window is one of them."""
        if self.size not in (None, key.size) or self.name not in ("", key.name):
            return False
        if self.tenant not in ("", key.tenant):
            return False
        own = dict(key.tags)
        return all(own.get(tag, "") == value for tag, value in self.tags)


EVERYTHING: Final = Wanted()


class Record(Protocol):
    """What Kafka hands over, as far as it is looked at."""

    @property
    def topic(self) -> str:
        """The topic that it is of."""

    @property
    def partition(self) -> int:
        """Its partition."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def key(self) -> bytes | None:
        """What it is about."""

    @property
    def value(self) -> bytes | None:
        """What it says; None takes its key away."""


class _Held(NamedTuple):
    log: str
    through: int
    final: bool
    revision: int
    value: bytes

    @property
    def standing(self) -> tuple[int, bool, int]:
        """Of two records of one log the higher one counts.

        A window that is closed by the clock alone has the offset that it had when it was open.
        """
        return self.through, self.final, self.revision


class KeptWindows:
    """The wanted windows. When they are more than ``max_bytes``, the longest unchanged ones go.

    Values are held as they came and parsed when they are asked for: a parsed histogram takes ten
    times the room.
    """

    def __init__(self, wanted: Wanted = EVERYTHING, *, max_bytes: int = MAX_BYTES) -> None:
        self._wanted = wanted
        self._max_bytes = max_bytes
        self._windows: dict[WindowKey, dict[int, _Held]] = {}
        self._bytes = 0
        self._malformed: set[int] = set()
        self._full = False

    def __len__(self) -> int:
        """Return how many windows are held, those of several partitions once."""
        return len(self._windows)

    def __iter__(self) -> Iterator[WindowKey]:
        """Yield every window, the longest unchanged first."""
        return iter(self._windows)

    def open(self) -> Iterator[WindowKey]:
        """Yield the windows that are not final in every partition, the longest unchanged first."""
        for key, parts in self._windows.items():
            if not all(held.final for held in parts.values()):
                yield key

    def take(self, record: Record) -> WindowKey | None:
        """Take a record in; returns the window that it has changed or removed, None for none.

        Records of one partition must come in the order of the log. One that is not as
        schemas/window.py says changes nothing; the first one of a partition is logged.
        """
        try:
            key = _key(record.key)
            if key is None or not self._wanted.takes(key):
                return None
            if record.value is None:
                return self._remove(key, record.partition)
            held = _held(key, record.partition, record.value)
        except ValueError as error:
            self._warn(record, error)
            return None
        return self._put(key, record.partition, held)

    def windows(self, key: WindowKey) -> list[Window]:
        """Return what each partition has of a window, by partition; nothing once it is removed."""
        parts = sorted(self._windows.get(key, {}).items())
        return [Window.model_validate_json(held.value) for _, held in parts]

    def _put(self, key: WindowKey, partition: int, held: _Held) -> WindowKey | None:
        known = self._windows.get(key, {}).get(partition)
        if known is not None and known.log == held.log and known.standing >= held.standing:
            return None
        self._remove(key, partition)
        # Taken out and put back at the end: the order is that of the last change.
        parts = self._windows.pop(key, {})
        parts[partition] = held
        self._windows[key] = parts
        self._bytes += _size(held)
        self._make_room()
        return key

    def _remove(self, key: WindowKey, partition: int) -> WindowKey | None:
        parts = self._windows.get(key, {})
        held = parts.pop(partition, None)
        if held is None:
            return None
        self._bytes -= _size(held)
        if not parts:
            del self._windows[key]
        return key

    def _make_room(self) -> None:
        while self._bytes > self._max_bytes and len(self._windows) > 1:
            oldest = next(iter(self._windows))
            self._bytes -= sum(map(_size, self._windows.pop(oldest).values()))
            if not self._full:
                self._full = True
                logger.warning(
                    "More windows are wanted than fit into %d MB; the longest unchanged ones are "
                    "left out: ask for fewer, by name, tenant or tag.",
                    self._max_bytes // (1024 * 1024),
                )

    def _warn(self, record: Record, error: ValueError) -> None:
        if record.partition in self._malformed:
            return
        self._malformed.add(record.partition)
        logger.warning(
            "Topic %s, partition %d: the record at offset %d is no window (%s); it is passed over, "
            "and so are others like it.",
            record.topic,
            record.partition,
            record.offset,
            _fault(error),
        )


_decode_key: Final = msgspec.json.Decoder(tuple[str, str, str, dict[str, str], int, int]).decode
_decode_own_key: Final = msgspec.json.Decoder(tuple[Literal["partition"], int]).decode


def _key(raw: bytes | None) -> WindowKey | None:
    """Return the window that a record is of, None for a partition's own record."""
    if raw is None:
        raise ValueError("it has no key")
    try:
        tenant, name, measurement, tags, size, start = _decode_key(raw)
    except msgspec.ValidationError:
        # A tenant may be called like the key of a partition's own record, so this comes second.
        _decode_own_key(raw)
        return None
    return WindowKey(tenant, name, measurement, tuple(sorted(tags.items())), size, start)


def _held(key: WindowKey, partition: int, value: bytes) -> _Held:
    window = Window.model_validate_json(value)
    tags = tuple(sorted(window.tags.items()))
    start = int(window.start.timestamp())
    found = WindowKey(window.tenant, window.name, window.measurement, tags, window.size, start)
    if (found, window.partition) != (key, partition):
        raise ValueError("its key or its partition is that of another window")
    return _Held(window.log, window.through_offset, window.final, window.revision, value)


def _size(held: _Held) -> int:
    return len(held.value) + _OVERHEAD


def _fault(error: ValueError) -> str:
    # The whole text of a validation error repeats its input, which may be anything.
    return error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
