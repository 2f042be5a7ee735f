"""The intent: a range that a worker is about to store, kept in Kafka's own commit metadata.

Whoever gets the partition next reads it back and repeats exactly that range, so that the store
recognises the repeat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from millrace.schemas.errors import ConfigurationError

#: Version 2 is version 1 with ``refused``; an intent without any is still written as version 1,
#: so that a worker of the release before can finish it.
VERSION: Final = 2


class _Form(msgspec.Struct, frozen=True, omit_defaults=True):
    v: int
    end: int
    catalogue: str
    log: str
    refused: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Intent:
    """The range [committed offset, ``end``) was begun by a catalogue, under a log generation.

    ``refused`` are the offsets of rows that the store could not take; a repeat leaves them out too.
    """

    end: int
    catalogue: str
    log: str
    refused: tuple[int, ...] = ()

    def metadata(self) -> str:
        """Return the text that is committed beside the range's first offset."""
        version = VERSION if self.refused else 1
        form = _Form(version, self.end, self.catalogue, self.log, self.refused)
        return msgspec.json.encode(form).decode()


def parse_intent(metadata: str) -> Intent | None:
    """Return the intent of a commit's metadata, None when there is none.

    Raises ConfigurationError when it cannot be read or is newer than this code: whoever wrote it
    must finish the range.
    """
    if not metadata:
        return None
    try:
        form = msgspec.json.decode(metadata, type=_Form)
    except msgspec.DecodeError:
        raise ConfigurationError(
            f"The intent {metadata[:100]!r} in the group's offsets cannot be read; "
            "run the version of the worker that wrote it until its range is stored"
        ) from None
    if not 1 <= form.v <= VERSION:
        raise ConfigurationError(
            f"The intent in the group's offsets has version {form.v}, this worker knows {VERSION}; "
            "run the newer worker until its range is stored"
        )
    return Intent(form.end, form.catalogue, form.log, form.refused)
