"""The numbered steps from an empty database to today's tables, read from the .sql files here."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template
from typing import Final

from millrace.schemas.errors import ConfigurationError

_FILE: Final = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_CLUSTER: Final = re.compile(r"[A-Za-z0-9_-]{0,64}")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step with its way back; the text may be changed by nobody once it is released."""

    version: int
    name: str
    text: str
    down_text: str

    @property
    def checksum(self) -> str:
        """Identity of the text, kept in the store's ledger."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def label(self) -> str:
        """The file's name without its ending."""
        return f"{self.version:04d}_{self.name}"

    def up(self, cluster: str = "") -> list[str]:
        """Return the statements in order; HTTP takes one a request."""
        return _statements(self.text, cluster)

    def down(self, cluster: str = "") -> list[str]:
        """Return the statements that take the step back."""
        return _statements(self.down_text, cluster)


@cache
def all_migrations() -> tuple[Migration, ...]:
    """Return every migration in order; numbers are contiguous from 1."""
    folder = files(__package__)
    found = []
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        match = _FILE.fullmatch(entry.name)
        if match:
            down = folder.joinpath(f"{match[1]}_{match[2]}.down.sql")
            found.append(
                Migration(
                    int(match[1]),
                    match[2],
                    entry.read_text(encoding="utf-8"),
                    down.read_text(encoding="utf-8"),
                )
            )
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise ConfigurationError("The migrations are not numbered 1, 2, 3, ... without a gap")
    return tuple(found)


def render(text: str, cluster: str = "") -> str:
    """Fill in the only two things that vary between one node and a cluster."""
    if not _CLUSTER.fullmatch(cluster):
        raise ConfigurationError(f"{cluster!r} is not a cluster's name: use letters, digits, _, -")
    return Template(text).substitute(
        on_cluster=f"ON CLUSTER '{cluster}'" if cluster else "",
        engine_prefix="Replicated" if cluster else "",
    )


def _statements(text: str, cluster: str) -> list[str]:
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    rendered = render(code, cluster)
    return [part.strip() for part in re.split(r";[ \t]*(?:\n|$)", rendered) if part.strip()]
