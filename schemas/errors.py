"""Every error that Millrace raises on purpose.

MillraceError
├── ConfigurationError      a setting, a catalogue or a migration that cannot be used as it is
│   └── CatalogueError      a catalogue file with a fault; names file, table and key
├── InvalidEvent            an event that can never be stored: dead-letter it, do not retry
├── StoreError              ClickHouse refused or could not be reached; carries the server's code
├── BrokerError             Kafka refused or could not be reached
└── DifferenceFound         the log, the store and the rollups do not agree
"""

from __future__ import annotations


class MillraceError(Exception):
    """Root of every error raised on purpose; its text is one sentence fit for a user."""


class ConfigurationError(MillraceError):
    """A setting, a catalogue or a migration cannot be used as it is."""


class CatalogueError(ConfigurationError):
    """A catalogue file has a fault. The text names file, table and key."""


class InvalidEvent(MillraceError):
    """An event that can never be stored.

    ``reason`` is one of :class:`millrace.schemas.reasons.Reason`; ``field`` is the event field at
    fault, or an empty string when the whole record is.
    """

    def __init__(self, reason: str, field: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.field = field
        self.message = message


class StoreError(MillraceError):
    """ClickHouse refused a statement or could not be reached.

    ``code`` is the server's error code, or 0 when the request never got an answer.
    """

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class BrokerError(MillraceError):
    """Kafka refused a request or could not be reached."""


class DifferenceFound(MillraceError):
    """The log, the store and the rollups do not agree."""
