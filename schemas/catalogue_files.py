"""Reads the catalogue: one TOML file a namespace, and the user's own files after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from millrace.schemas.catalogue import (
    DEFAULT_NAMESPACE,
    Catalogue,
    Declaration,
    Namespace,
    OverBudget,
    Undeclared,
)
from millrace.schemas.catalogue_checks import Source, check_file, check_namespace, check_owners
from millrace.schemas.catalogue_tables import EventTable, read_file
from millrace.schemas.catalogue_text import assemble, canonical, parse_canonical
from millrace.schemas.event import Kind

__all__ = ["SHIPPED", "canonical", "load_catalogue", "parse_canonical"]

#: The files that come with the package.
SHIPPED: Final = Path(__file__).parent / "catalogue"

#: What a further file of a namespace may say in [namespace]; the rest would be a second policy.
_ADDED: Final = frozenset({"name", "prefixes", "untracked"})
_ADJUSTED: Final = frozenset({"retention_class", "tenants"})


def load_catalogue(extra: Sequence[Path] = ()) -> Catalogue:
    """Read the shipped files, then the extra ones in their order.

    An extra file brings a new namespace, or adds to one that exists: events, aliases, prefixes and
    untracked names; it may also set that namespace's tenants, retention class and limits. Anything
    else is a conflict. Raises CatalogueError naming file, table and key.
    """
    sources = [Source(path.name, read_file(path)) for path in sorted(SHIPPED.glob("*.toml"))]
    sources += [Source(str(path), read_file(path)) for path in extra]
    for source in sources:
        check_file(source)
    groups: dict[str, list[Source]] = {}
    for source in sources:
        groups.setdefault(source.contents.namespace.name, []).append(source)
    common = frozenset(groups[DEFAULT_NAMESPACE][0].contents.namespace.deny)
    namespaces = [_namespace(group, common) for group in groups.values()]
    check_owners(namespaces, sources)
    return assemble(namespaces)


def _namespace(group: Sequence[Source], common_deny: frozenset[str]) -> Namespace:
    first = group[0].contents
    policy = first.namespace.model_dump(exclude={"untracked"}) | first.limits.model_dump()
    for source in group[1:]:
        policy |= _adjusted(source, group[0])
    prefixes = [prefix for source in group for prefix in source.contents.namespace.prefixes]
    events = _events(group)
    aliases = {alias: name for source in group for alias, name in source.contents.aliases.items()}
    policy |= {key: frozenset(policy[key]) for key in ("tenants", "deny", "personal")}
    if policy["undeclared"] is Undeclared.OPEN:
        policy["deny"] |= common_deny  # a new open namespace lets no more through than default
    usual = OverBudget.REFUSE if policy["undeclared"] is Undeclared.OPEN else OverBudget.OVERFLOW
    policy["over_budget"] = OverBudget(policy["over_budget"] or usual)
    policy |= {"prefixes": tuple(sorted(set(prefixes))), "names": frozenset({*events, *aliases})}
    namespace = Namespace(
        **policy, events=MappingProxyType(events), aliases=MappingProxyType(aliases)
    )
    for source in group:
        check_namespace(source, namespace)
    return namespace


def _adjusted(source: Source, first: Source) -> dict[str, object]:
    given = source.contents.namespace
    for key in sorted(given.model_fields_set - _ADDED - _ADJUSTED):
        raise source.fault(
            "namespace", key, f"{given.name} has its policy from {first.path}; leave this out"
        )
    adjusted = given.model_dump(include=given.model_fields_set & _ADJUSTED)
    return adjusted | source.contents.limits.model_dump(exclude_unset=True)


def _events(group: Sequence[Source]) -> dict[str, Declaration]:
    untracked = {name for source in group for name in source.contents.namespace.untracked}
    events: dict[str, Declaration] = {}
    origin: dict[str, str] = {}
    for source in group:
        for name, table in source.contents.events.items():
            if name in events:
                text = f"this name is already declared in {origin[name]}"
                raise source.fault(f'events."{name}"', "name", text)
            origin[name] = source.path
            events[name] = _declaration(source, name, table, name not in untracked)
    return events


def _declaration(source: Source, name: str, table: EventTable, tracked: bool) -> Declaration:
    shared = source.contents.every_event
    return Declaration(
        name=name,
        kind=table.kind,
        measurements=MappingProxyType(_measurements(table)),
        tags=frozenset({*table.tags, *shared.tags}),
        attributes=frozenset({*table.attributes, *shared.attributes}),
        distinct=frozenset(table.distinct),
        tracked=table.tracked and tracked,
        status=table.status,
        description=table.description,
    )


def _measurements(table: EventTable) -> Mapping[str, str]:
    if table.measurements is not None:
        return dict(table.measurements)
    if table.kind in (Kind.EVENT, Kind.COUNTER):
        return {"count": table.unit or "count"}
    return {"value": table.unit or ""}
