"""The catalogue as one canonical text, so that a repeated range can use the one it began with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final

from millrace.schemas.catalogue import (
    Catalogue,
    Declaration,
    LongValues,
    Namespace,
    OverBudget,
    Scalars,
    Undeclared,
)
from millrace.schemas.errors import CatalogueError
from millrace.schemas.event import Kind

_DECLARATION: Final[Mapping[str, Any]] = {
    "kind": Kind,
    "measurements": MappingProxyType,
    "tags": frozenset,
    "attributes": frozenset,
    "distinct": frozenset,
}
_NAMESPACE: Final[Mapping[str, Any]] = {
    "names": frozenset,
    "prefixes": tuple,
    "tenants": frozenset,
    "undeclared": Undeclared,
    "long_values": LongValues,
    "scalars": Scalars,
    "over_budget": OverBudget,
    "deny": frozenset,
    "personal": frozenset,
    "aliases": MappingProxyType,
    "events": lambda events: MappingProxyType(
        {name: _build(Declaration, _DECLARATION, event) for name, event in events.items()}
    ),
}


def assemble(namespaces: Iterable[Namespace]) -> Catalogue:
    """Return the catalogue of these namespaces, with its fingerprint."""
    by_name = {one.name: one for one in sorted(namespaces, key=lambda one: one.name)}
    text = _text(by_name)
    return Catalogue(namespaces=MappingProxyType(by_name), fingerprint=_fingerprint(text))


def canonical(catalogue: Catalogue) -> str:
    """Return the contents as JSON; equal catalogues give equal texts."""
    return _text(catalogue.namespaces)


def parse_canonical(text: str) -> Catalogue:
    """Return the catalogue that :func:`canonical` wrote.

    Raises CatalogueError when the text is something else, or names what this version does not
    know: a range must not be repeated by other rules than it began with.
    """
    try:
        document = json.loads(text)
        namespaces = [_build(Namespace, _NAMESPACE, one) for one in document["namespaces"]]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CatalogueError(
            f"The stored catalogue cannot be read by this version: {type(error).__name__}: {error}"
        ) from None
    by_name = {namespace.name: namespace for namespace in namespaces}
    return Catalogue(namespaces=MappingProxyType(by_name), fingerprint=_fingerprint(text))


def _build(kind: Any, converters: Mapping[str, Any], values: dict[str, Any]) -> Any:
    return kind(**{key: converters.get(key, _same)(value) for key, value in values.items()})


def _same(value: Any) -> Any:
    return value


def _text(namespaces: Mapping[str, Namespace]) -> str:
    document = {"namespaces": [_plain(one) for _, one in sorted(namespaces.items())]}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    """Return the value as JSON data in one certain order.

    Sets and maps are sorted, but for measurements: there the first one leads.
    """
    if isinstance(value, (Namespace, Declaration)):
        return {
            item.name: _plain_field(item.name, getattr(value, item.name)) for item in fields(value)
        }
    if isinstance(value, Mapping):
        return {key: _plain(value[key]) for key in sorted(value)}
    if isinstance(value, frozenset):
        return sorted(value)
    return value


def _plain_field(name: str, value: Any) -> Any:
    return dict(value) if name == "measurements" else _plain(value)


def _fingerprint(text: str) -> str:
    return sha256(text.encode()).hexdigest()
