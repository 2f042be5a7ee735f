"""Pseudonyms: a person is stored only as a keyed hash, the same for the same key and person."""

from __future__ import annotations

import hmac
from hashlib import sha1
from typing import Final
from uuid import UUID

from millrace.schemas.catalogue import Namespace

#: Namespace of the ids that are made from a coordinate (a random UUID, fixed for ever).
COORDINATES: Final = UUID("5f0f7c8e-6a0b-4b7e-9d5f-2f5a2f6f9b1d")
_CACHE: Final = 100_000


class Pseudonyms:
    """HMAC-SHA-256 of an identity, cut to 128 bits, as 32 hex characters."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: dict[str, str] = {}

    def of(self, identity: str) -> str:
        """Return the pseudonym of an identity; no identity has none."""
        if not identity:
            return ""
        found = self._known.get(identity)
        if found is None:
            if len(self._known) >= _CACHE:
                self._known.clear()
            digest = hmac.digest(self._key, identity.encode(), "sha256")
            found = self._known[identity] = digest[:16].hex()
        return found

    def typed(self, namespace: Namespace, typed_id: str) -> str:
        """Return ``type:id`` with the id hashed when the type is personal."""
        kind, _, identity = typed_id.partition(":")
        if kind.lower() in namespace.personal:
            return f"{kind}:{self.of(identity)}"
        return typed_id


def coordinate_id(log: str, topic: str, partition: int, offset: int) -> bytes:
    """Return the 16 bytes of the UUID (version 5) that stands for a coordinate of the log."""
    name = f"{log}:{topic}:{partition}:{offset}".encode()
    digest = bytearray(sha1(COORDINATES.bytes + name, usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return bytes(digest)
