"""Faults of a catalogue that no single key shows: overlaps, conflicts, names that do not fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from millrace.schemas.catalogue import DEFAULT_NAMESPACE, Namespace
from millrace.schemas.catalogue_tables import CatalogueFile, EventTable
from millrace.schemas.errors import CatalogueError
from millrace.schemas.event import Kind
from millrace.schemas.name_pattern import fits


@dataclass(frozen=True, slots=True)
class Source:
    """A file's contents and how its faults name it."""

    path: str
    contents: CatalogueFile

    def fault(self, table: str, key: str, text: str) -> CatalogueError:
        """Return an error naming file, table and key."""
        return CatalogueError(f"{self.path}: [{table}] {key}: {text}")


def check_file(source: Source) -> None:
    """Check what one file says about itself."""
    own = source.contents.namespace
    _check_repeats(source, "namespace", own.model_dump(exclude={"name", "description"}))
    _check_repeats(source, "every_event", source.contents.every_event.model_dump())
    for prefix in own.prefixes:
        if not prefix[0].isalpha() or not fits(r"[a-zA-Z0-9._-]+", prefix):
            raise source.fault("namespace", "prefixes", f"no name can begin with {prefix!r}")
    if own.name == DEFAULT_NAMESPACE and (own.prefixes or own.tenants):
        raise source.fault("namespace", "name", "default takes what no other namespace owns")
    for key in own.deny:
        if key != key.lower():
            raise source.fault("namespace", "deny", f"write {key!r} in lower case")
    for name, event in source.contents.events.items():
        _check_event(source, name, event)


def _check_event(source: Source, name: str, event: EventTable) -> None:
    table = f'events."{name}"'
    _check_repeats(source, table, event.model_dump())
    if event.unit is not None and event.measurements is not None:
        raise source.fault(table, "unit", "give unit or measurements, not both")
    needs_unit = event.kind not in (Kind.EVENT, Kind.COUNTER)
    if needs_unit and event.unit is None and event.measurements is None:
        raise source.fault(table, "unit", f"a {event.kind} needs a unit or measurements")
    shared = source.contents.every_event
    tags = {*event.tags, *shared.tags}
    both = tags & {*event.attributes, *shared.attributes}
    if both:
        raise source.fault(table, "tags", f"{_listed(both)} also among the attributes")
    unknown = set(event.distinct) - tags
    if unknown:
        raise source.fault(table, "distinct", f"{_listed(unknown)} not among the tags")


def _check_repeats(source: Source, table: str, values: dict[str, object]) -> None:
    for key, value in values.items():
        if isinstance(value, list) and len(set(value)) < len(value):
            twice = {item for item in value if value.count(item) > 1}
            raise source.fault(table, key, f"{_listed(twice)} given twice")


def check_namespace(source: Source, namespace: Namespace) -> None:
    """Check what one file adds against the whole policy of its namespace."""
    try:
        namespace.accepts_name("")
    except CatalogueError as error:
        raise source.fault("namespace", "name_pattern", str(error)) from None
    for name in source.contents.events:
        table, event = f'events."{name}"', namespace.events[name]
        if not namespace.accepts_name(name):
            text = f"the name does not fit name_pattern {namespace.name_pattern!r}"
            raise source.fault(table, "name", text)
        denied = {key for key in event.tags if key.lower() in namespace.deny}
        if denied:
            raise source.fault(table, "tags", f"{_listed(denied)} on the deny list")
        if len(event.tags) > namespace.tags:
            text = f"{len(event.tags)} tags, but the limit is {namespace.tags}"
            raise source.fault(table, "tags", text)
    for alias, name in source.contents.aliases.items():
        if name not in namespace.events:
            raise source.fault("aliases", alias, f"{name} is not declared")
        if alias in namespace.events:
            raise source.fault("aliases", alias, "this name is declared itself")
        if namespace.aliases[alias] != name:
            other = namespace.aliases[alias]
            raise source.fault("aliases", alias, f"another file makes it stand for {other}")
    for name in source.contents.namespace.untracked:
        if name not in namespace.events:
            raise source.fault("namespace", "untracked", f"{name} is not declared")


def check_owners(namespaces: Iterable[Namespace], sources: Sequence[Source]) -> None:
    """Refuse two owners of one name or prefix for one tenant."""
    for one, other in combinations(namespaces, 2):
        if not _share_tenants(one, other):
            continue
        for key, taken in _claimed_twice(one, other):
            last = [s for s in sources if s.contents.namespace.name in (one.name, other.name)][-1]
            text = f"{taken} belongs to both {one.name} and {other.name}"
            raise last.fault("namespace", key, text)


def _share_tenants(one: Namespace, other: Namespace) -> bool:
    # A namespace that lists tenants goes before one that serves all: that is no conflict.
    return one.tenants == other.tenants or bool(one.tenants & other.tenants)


def _claimed_twice(one: Namespace, other: Namespace) -> Iterator[tuple[str, str]]:
    for name in sorted(one.names & other.names):
        yield "events", name
    for prefix in sorted(set(one.prefixes) & set(other.prefixes)):
        yield "prefixes", prefix


def _listed(values: Iterable[object]) -> str:
    words = sorted(str(value) for value in values)
    return f"{', '.join(words)} {'is' if len(words) == 1 else 'are'}"
