"""A small catalogue with one namespace of each temper, for tests of what reads a catalogue."""

from __future__ import annotations

from millrace.schemas.catalogue import (
    Catalogue,
    Declaration,
    LongValues,
    Namespace,
    Scalars,
    Undeclared,
)
from millrace.schemas.event import Kind

OPEN = Namespace(
    name="default",
    deny=frozenset({"email", "user_id", "ip"}),
    personal=frozenset({"user"}),
)
FORGIVING = Namespace(
    name="game",
    prefixes=("game.",),
    name_pattern="[a-z0-9._]+",
    undeclared=Undeclared.CLOSED,
    long_values=LongValues.CUT,
    scalars=Scalars.COERCE,
    personal=frozenset({"account"}),
    retention_class="game",
    events={
        "game.login": Declaration(
            name="game.login",
            kind=Kind.HISTOGRAM,
            measurements={"duration_ms": "ms"},
            tags=frozenset({"success", "zone"}),
            attributes=frozenset({"account_id"}),
        ),
        "game.retired": Declaration(
            name="game.retired", kind=Kind.EVENT, measurements={}, tracked=False
        ),
    },
)
STRICT = Namespace(
    name="web",
    prefixes=("web.",),
    names=frozenset({"webRequest"}),
    undeclared=Undeclared.CLOSED,
    retention_class="web",
    aliases={"web.req": "web.request"},
    events={
        "web.request": Declaration(
            name="web.request",
            kind=Kind.HISTOGRAM,
            measurements={"response_time_ms": "ms", "bytes": "bytes"},
            tags=frozenset({"method", "status"}),
            attributes=frozenset({"url"}),
        ),
    },
)
SMALL = Catalogue(
    namespaces={namespace.name: namespace for namespace in (OPEN, FORGIVING, STRICT)},
    fingerprint="small",
)
