"""What a catalogue consists of, and how the owner of a name is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from millrace.schemas import limits
from millrace.schemas.event import Kind
from millrace.schemas.name_pattern import fits

DEFAULT_NAMESPACE: Final = "default"


class Undeclared(StrEnum):
    """What a namespace does with names and tags that it does not declare."""

    CLOSED = "closed"  # undeclared names are refused, undeclared keys dropped and counted
    OPEN = "open"  # any valid name and tag, within the limits and the deny list


class LongValues(StrEnum):
    """What a namespace does with a tag or attribute value that is too long."""

    CUT = "cut"
    REFUSE = "refuse"


class Scalars(StrEnum):
    """What a namespace does with numbers, booleans and null where text is asked for.

    ``COERCE`` also reads a null measurement as 0 and tags that are not a map as no tags.
    """

    COERCE = "coerce"
    REFUSE = "refuse"


class OverBudget(StrEnum):
    """What a namespace does with a tag's new value when its budget is used up."""

    OVERFLOW = "overflow"  # the event is stored, the value becomes ``__overflow__``
    REFUSE = "refuse"
    #: Of catalogues from before there were budgets, which no file can say: a range that was begun
    #: by one of them is repeated, and read again, without any.
    IGNORE = "ignore"


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One known event.

    ``measurements`` maps each declared measurement to its unit, the leading one first.
    ``distinct`` names the tag keys
    for which distinct actors are kept. ``status`` says how far the event has come (live,
    derived, missing, blocked, optional); it is for readers and refuses nothing. An event that is
    not ``tracked`` is refused like an undeclared one.
    """

    name: str
    kind: Kind
    measurements: Mapping[str, str]
    tags: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    distinct: frozenset[str] = frozenset()
    tracked: bool = True
    status: str = "live"
    description: str = ""

    @property
    def leading(self) -> str:
        """The measurement that a chart of this event shows unless told otherwise."""
        return next(iter(self.measurements), "count")


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """One owner of names and its policy."""

    name: str
    description: str = ""
    names: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    tenants: frozenset[str] = frozenset()  # empty: every tenant
    name_pattern: str = ""  # stricter than the contract's; empty: the contract's
    undeclared: Undeclared = Undeclared.OPEN
    long_values: LongValues = LongValues.REFUSE
    scalars: Scalars = Scalars.REFUSE
    deny: frozenset[str] = frozenset()  # lower-case keys that no tag may have
    personal: frozenset[str] = frozenset()  # entity types whose id is hashed
    retention_class: str = "default"
    series_budget: int = 100  # distinct values of one tag key of one name and tenant
    over_budget: OverBudget = OverBudget.IGNORE
    tags: int = limits.TAGS  # at most this many
    tag_value_length: int = limits.TAG_VALUE_LENGTH
    attribute_length: int = limits.ATTRIBUTE_LENGTH
    aliases: Mapping[str, str] = field(default_factory=_nothing)  # other spelling -> declared name
    events: Mapping[str, Declaration] = field(default_factory=_nothing)

    def accepts_name(self, name: str) -> bool:
        """Tell whether the name fits this namespace's own pattern (whole string)."""
        return not self.name_pattern or fits(self.name_pattern, name)


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Every namespace, ready for look-ups.

    ``fingerprint`` identifies the contents: two catalogues with equal fingerprints sanitize every
    event alike.
    """

    namespaces: Mapping[str, Namespace]
    fingerprint: str

    @property
    def declarations(self) -> Iterator[tuple[Namespace, Declaration]]:
        """Every declaration with its namespace, sorted by namespace and name."""
        for _, namespace in sorted(self.namespaces.items()):
            for _, declaration in sorted(namespace.events.items()):
                yield namespace, declaration

    @cached_property
    def _owners(self) -> tuple[dict[str, list[Namespace]], list[tuple[str, Namespace]]]:
        exact: dict[str, list[Namespace]] = {}
        prefixes: list[tuple[str, Namespace]] = []
        for namespace in self.namespaces.values():
            for name in namespace.names:
                exact.setdefault(name, []).append(namespace)
            prefixes += [(prefix, namespace) for prefix in namespace.prefixes]
        prefixes.sort(key=lambda pair: -len(pair[0]))
        return exact, prefixes

    def owner(self, tenant: str, name: str) -> Namespace:
        """Return the namespace that owns ``name`` for ``tenant``.

        A namespace that lists the tenant goes before one that serves every tenant.
        """
        exact, prefixes = self._owners
        candidates = exact.get(name) or []
        for only_listed in (True, False):
            for namespace in candidates:
                if (tenant in namespace.tenants) if only_listed else not namespace.tenants:
                    return namespace
        longest = -1
        found: Namespace | None = None
        for prefix, namespace in prefixes:
            if len(prefix) < longest:
                break
            if name.startswith(prefix) and (not namespace.tenants or tenant in namespace.tenants):
                if found is None or (namespace.tenants and not found.tenants):
                    found = namespace
                longest = len(prefix)
        return found or self.namespaces[DEFAULT_NAMESPACE]

    def resolve(self, tenant: str, name: str) -> tuple[Namespace, Declaration | None]:
        """Return the owner of ``name`` and its declaration, if it has one (aliases followed)."""
        namespace = self.owner(tenant, name)
        return namespace, namespace.events.get(namespace.aliases.get(name, name))
