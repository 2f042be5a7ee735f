"""What the log says, and what the store was found to hold: the two sides of reconcile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Slice:
    """Events of one name that expire together."""

    day: date
    retention_class: str
    name: str


@dataclass(frozen=True, slots=True)
class Amount:
    """How much a slice holds: its events, their measurement values and the sum of these."""

    events: int = 0
    values: int = 0
    total: float = 0.0

    def __add__(self, other: Amount) -> Amount:
        return Amount(
            self.events + other.events, self.values + other.values, self.total + other.total
        )


@dataclass(frozen=True, slots=True)
class PartitionFacts:
    """What re-reading one partition of the log from ``start`` to ``end`` gives."""

    topic: str
    partition: int
    start: int
    end: int
    delivered: int
    stored: int
    rejected: int
    duplicate: int
    slices: Mapping[Slice, Amount]


@dataclass(frozen=True, slots=True)
class LogFacts:
    """The whole log: each topic's generation and its partitions."""

    log: Mapping[str, str]
    partitions: tuple[PartitionFacts, ...]


@dataclass(slots=True)
class Report:
    """What was compared and what did not agree."""

    checks: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything agrees."""
        return not self.differences

    def compare(self, where: str, expected: object, found: object) -> None:
        """Count one comparison and keep what differs as a sentence."""
        self.checks += 1
        if expected != found:
            self.differences.append(f"{where}: expected {expected}, found {found}")

    def compare_total(self, where: str, expected: float, found: float, magnitude: float) -> None:
        """Like compare for sums, which are equal within 1e-9 of the summed magnitudes."""
        self.checks += 1
        if not abs(expected - found) <= 1e-9 * max(magnitude, abs(expected), abs(found)):
            self.differences.append(f"{where}: expected the sum {expected!r}, found {found!r}")

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON can hold it."""
        return {"ok": self.ok, "checks": self.checks, "differences": list(self.differences)}
