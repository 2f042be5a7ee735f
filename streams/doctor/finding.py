"""What a check found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    NOTE = "note"  # worth knowing; nothing is wrong
    WARNING = "warning"  # works now, may not for long
    FAULT = "fault"  # a promise cannot be kept


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one thing, and what to do about it when it is not well."""

    area: str
    level: Level
    text: str
    fix: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return it for JSON."""
        return {key: str(value) for key, value in asdict(self).items()}
