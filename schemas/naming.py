"""The convention for the ends of new names: advice, as the declared kind decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from millrace.schemas.catalogue import Catalogue, Declaration
from millrace.schemas.event import Kind

#: What a name that ends so promises (IDENT-06).
SUFFIXES: Final[Mapping[str, Kind]] = {
    ".count": Kind.COUNTER,
    ".duration_ms": Kind.HISTOGRAM,
    ".size_bytes": Kind.HISTOGRAM,
    ".active": Kind.GAUGE,
    ".inflight": Kind.GAUGE,
}
#: Namespaces that follow the convention.
FOLLOWERS: Final = frozenset({"identity", "user"})


def advice(catalogue: Catalogue, known: Catalogue) -> list[str]:
    """Return a sentence for each new name, absent from ``known``, that breaks the convention."""
    return [
        sentence
        for namespace, declaration in catalogue.declarations
        if namespace.name in FOLLOWERS
        and declaration.name not in known.namespaces[namespace.name].events
        and (sentence := _advice(declaration))
    ]


def _advice(declaration: Declaration) -> str:
    for suffix, kind in SUFFIXES.items():
        if declaration.name.endswith(suffix):
            if declaration.kind is kind:
                return ""
            return f"{declaration.name} ends like a {kind} but is declared a {declaration.kind}"
    if declaration.kind is Kind.COUNTER:
        return f"{declaration.name} is a counter; by convention its name would end in .count"
    return ""
