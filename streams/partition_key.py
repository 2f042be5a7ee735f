"""The key of an event's record: ``tenant|name``, so that a series stays in one partition."""

from __future__ import annotations

from typing import Final

import msgspec
from aiokafka.partitioner import murmur2

from millrace.schemas.limits import NAME_LENGTH

_KEPT: Final = 50_000


class _Identity(msgspec.Struct):
    name: str
    tenant: str | None = None


class Keys:
    """Finds keys and their partitions, as Kafka's own default partitioner places them."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._places: dict[bytes, int] = {}
        self._keyless = 0
        self._decode = msgspec.json.Decoder(_Identity).decode

    def key(self, line: bytes) -> bytes | None:
        """Return the line's key, or None when it has no readable name. Reads nothing else."""
        try:
            identity = self._decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        if len(identity.name) > NAME_LENGTH:
            return None
        return f"{identity.tenant or 'default'}|{identity.name}".encode()

    def partition(self, key: bytes | None) -> int:
        """Return the partition of a key; keyless records take turns."""
        if key is None:
            self._keyless += 1
            return self._keyless % self._partitions
        place = self._places.get(key)
        if place is None:
            if len(self._places) >= _KEPT:  # names from outside never grow our state for good
                self._places.clear()
            place = (murmur2(key) & 0x7FFFFFFF) % self._partitions
            self._places[key] = place
        return place
