"""What repeats from event to event, decided once.

An event's envelope (tenant, name, kind, unit ...), its tag set and its measurement names come from
small vocabularies. Each distinct one is decided by the arbiter's own functions and remembered, so
that the decoder looks up what it would otherwise have to work out again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

import msgspec

from millrace.schemas import limits
from millrace.schemas.catalogue import Catalogue, Declaration, Namespace
from millrace.schemas.errors import InvalidEvent
from millrace.schemas.event import Event
from millrace.streams.arbiter import Accepted, judge
from millrace.streams.identities import Pseudonyms
from millrace.streams.sanitize import Keys, keep_keys, keep_measurement, key_name

#: A tag set takes about a kilobyte: a vocabulary without end must not fill the memory.
_ENTRIES: Final = 20_000
_TIME: Final = "2000-01-01T00:00:00Z"
_TIMESTAMP: Final = 946_684_800_000
_ENVELOPE: Final = (
    "schema_version",
    "tenant",
    "name",
    "kind",
    "unit",
    "source",
    "aggregation",
    "label",
)

K = TypeVar("K")
V = TypeVar("V")
Envelope = tuple[Any, ...]
_MISSING: Final[Any] = object()
#: The only values that both parsers turn into the same Python object for certain.
_decode_keys: Final = msgspec.json.Decoder(dict[str, str | int | bool | None]).decode


class Unsure(Exception):
    """The memo cannot decide; the arbiter must."""


@dataclass(frozen=True, slots=True)
class Form:
    """What to do with one tuple of measurement names: which to keep, in which order."""

    names: tuple[str, ...]
    positions: tuple[int, ...]
    dropped: tuple[str, ...]
    as_sent: bool


@dataclass(frozen=True, eq=False)
class Plan:
    """One envelope, decided: its stored columns and how its keys are treated."""

    event: Event
    namespace: Namespace
    declaration: Declaration | None
    source: str
    forms: dict[tuple[str, ...], Form | None] = field(default_factory=dict)

    def form(self, names: tuple[str, ...]) -> Form | None:
        """Return what to do with measurements of these names; None leaves it to the arbiter."""
        if names not in self.forms:
            if len(self.forms) >= _ENTRIES:
                self.forms.clear()
            self.forms[names] = _form(self.declaration, names)
        return self.forms[names]


class Memo:
    """The plans and tag sets of one catalogue.

    Bounded: a vocabulary that outgrows it is forgotten and learnt again, never refused.
    """

    def __init__(self, catalogue: Catalogue, pseudonyms: Pseudonyms) -> None:
        self.catalogue = catalogue
        self.pseudonyms = pseudonyms
        self._plans: dict[Envelope, Plan | None] = {}
        self._keys: dict[tuple[int, bytes], Keys | None] = {}

    def plans(self, envelopes: list[Envelope]) -> list[Plan | None]:
        """Return the plan of each envelope; None leaves the event to the arbiter."""
        if len(self._plans) > _ENTRIES:
            self._plans.clear()
            self._keys.clear()  # they are keyed by plans that may now be freed
        return _look_up(self._plans, envelopes, self._plan)

    def keys(self, plans: list[Plan], tags: list[Any]) -> list[Keys | None]:
        """Return what each event keeps of its tags; None leaves the event to the arbiter."""
        if len(self._keys) > _ENTRIES:
            self._keys.clear()
        wanted = [(id(plan), bytes(raw)) for plan, raw in zip(plans, tags, strict=True)]
        by_id = {id(plan): plan for plan in plans}
        return _look_up(self._keys, wanted, partial(self._keep_tags, by_id))

    def keep(self, plan: Plan, tags: Any, attributes: Any) -> Keys | None:
        """Return what one event keeps of its tags and attributes, which hardly ever repeat."""
        try:
            return keep_keys(
                plan.namespace, plan.declaration, _read(bytes(tags)), _read(bytes(attributes))
            )
        except (InvalidEvent, Unsure):
            return None

    def _keep_tags(self, plans: dict[int, Plan], wanted: tuple[int, bytes]) -> Keys | None:
        number, raw = wanted
        return self.keep(plans[number], raw, b"")

    def _plan(self, envelope: Envelope) -> Plan | None:
        fields = {
            name: value
            for name, value in zip(_ENVELOPE, envelope, strict=True)
            if value is not None
        }
        document = msgspec.json.encode({**fields, "occurred_at": _TIME, "value": 0.0})
        verdict = judge(document, _TIMESTAMP, self.catalogue)
        if not isinstance(verdict, Accepted):
            return None
        event = verdict.event
        _, declaration = self.catalogue.resolve(event.tenant, fields["name"])
        source = self.pseudonyms.typed(verdict.namespace, event.source or "")
        return Plan(event, verdict.namespace, declaration, source)


def _look_up(known: dict[K, V], wanted: list[K], decide: Callable[[K], V]) -> list[V]:
    found = [known.get(key, _MISSING) for key in wanted]
    if _MISSING in found:
        for position, value in enumerate(found):
            if value is _MISSING:
                key = wanted[position]
                if key not in known:
                    known[key] = decide(key)
                found[position] = known[key]
    return found


def _read(raw: bytes) -> Any:
    if not raw:
        return None
    try:
        return _decode_keys(raw)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise Unsure from None


def _form(declaration: Declaration | None, names: tuple[str, ...]) -> Form | None:
    if len(names) > limits.MEASUREMENTS or not all(
        0 < len(name) <= limits.MEASUREMENT_KEY_LENGTH for name in names
    ):
        return None
    order = sorted(range(len(names)), key=names.__getitem__)
    positions = tuple(p for p in order if keep_measurement(declaration, names[p]))
    if not positions:
        return None
    return Form(
        names=tuple(names[p] for p in positions),
        positions=positions,
        dropped=tuple(key_name(name) for name in names if not keep_measurement(declaration, name)),
        as_sent=positions == tuple(range(len(names))),
    )
