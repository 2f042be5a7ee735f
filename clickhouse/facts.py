"""What the log says, and what the store was found to hold: the two sides of reconcile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from millrace.schemas.errors import ConfigurationError

#: How far two sums may be apart, as a share of their magnitude: they are added in another order.
TOLERANCE: Final = 1e-9


@dataclass(frozen=True, slots=True, order=True)
class Slice:
    """Events of one name that expire together."""

    day: date
    retention_class: str
    name: str

    def __str__(self) -> str:
        return f"{self.day} {self.name} (class {self.retention_class})"


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


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A partition of one life of a topic."""

    log: str
    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic} partition {self.partition}"

    @property
    def condition(self) -> str:
        """SQL that is true for the rows of this partition."""
        topic = f"log = {literal(self.log)} AND topic = {literal(self.topic)}"
        return f"{topic} AND partition = {self.partition:d}"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The offsets ``first`` to ``end``, exclusive, of one partition."""

    place: Place
    first: int
    end: int

    def __len__(self) -> int:
        return max(0, self.end - self.first)

    def __str__(self) -> str:
        return f"{self.place}, offsets {self.first} to {self.end}"

    @property
    def condition(self) -> str:
        """SQL that is true for the rows of these offsets."""
        return f"{self.place.condition} AND offset >= {self.first:d} AND offset < {self.end:d}"


@dataclass(frozen=True, slots=True)
class PartitionFacts:
    """What re-reading one partition of the log gives; both ends are ends of ledger ranges.

    ``redriven`` letters were refused and stored later: they are among the rejected, and in the
    slices beside what was stored. ``offsets`` is the sum of the offsets of all these rows.
    """

    span: Span
    delivered: int = 0
    stored: int = 0
    rejected: int = 0
    duplicate: int = 0
    redriven: int = 0
    offsets: int = 0
    slices: Mapping[Slice, Amount] = field(default_factory=dict)


LogFacts = tuple[PartitionFacts, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that does not agree, named as closely as it could be.

    ``place`` says where without any figure, so that the same difference is known again when it is
    looked for a second time. ``span`` are the offsets at fault, where they are known.
    """

    place: str
    text: str
    span: Span | None = None

    @property
    def table(self) -> str:
        """The table at fault."""
        return self.place.split(",")[0]


@dataclass(slots=True)
class Report:
    """What was compared and what did not agree.

    ``moving`` counts series that workers were writing to at every look: only their bounds were
    compared. ``gaps`` are offsets of the ledger at which the log held no record: marks of
    transactions, what compaction took away, or records that Kafka deleted too soon. ``reread`` of
    ``records`` offsets of the log were read again.
    """

    checks: int = 0
    found: list[Difference] = field(default_factory=list)
    moving: int = 0
    gaps: int = 0
    reread: int = 0
    records: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything agrees."""
        return not self.found

    @property
    def differences(self) -> list[str]:
        """What does not agree, a sentence each."""
        return [difference.text for difference in self.found]

    def compare(
        self,
        place: str,
        expected: object,
        found: object,
        *,
        note: str = "",
        span: Span | None = None,
    ) -> bool:
        """Count one comparison and keep what differs; returns whether it agrees."""
        self.checks += 1
        if expected != found:
            self.add(place, f"expected {expected}, found {found}{note}", span)
        return expected == found

    def add(self, place: str, what: str, span: Span | None = None) -> None:
        """Keep a difference."""
        self.found.append(Difference(place, f"{place}: {what}", span))

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON can hold it."""
        return {
            "ok": self.ok,
            "checks": self.checks,
            "differences": self.differences,
            "moving": self.moving,
            "gaps": self.gaps,
            "records_read_again": self.reread,
            "records": self.records,
        }


def same_total(expected: float, found: float, magnitude: float) -> bool:
    """Tell whether two sums are equal but for the order in which they were added."""
    return abs(expected - found) <= TOLERANCE * max(magnitude, abs(expected), abs(found))


def literal(text: str) -> str:
    """Return a name as SQL text; raises ConfigurationError for what no topic or log is called."""
    if not text or len(text) > 255 or not all(c.isalnum() or c in "._-" for c in text):
        raise ConfigurationError(f"{text!r} is not the name of a topic or of its log")
    return f"'{text}'"
