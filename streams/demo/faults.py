"""Records that must be refused, one kind after another: what goes wrong in real producers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Final

import msgspec

from millrace.streams.demo.moment import Document, Moment

_DAY: Final = 86_400.0

#: A valid document in, a record that is not in the contract out.
Fault = Callable[[Moment, Document], bytes]


def _with(change: Callable[[Moment], Document]) -> Fault:
    return lambda moment, document: msgspec.json.encode(document | change(moment))


def _cut(_moment: Moment, document: Document) -> bytes:
    return msgspec.json.encode(document)[:-9]


def _nan(_moment: Moment, document: Document) -> bytes:
    # No JSON encoder writes this; hand-made ones do.
    document = {key: value for key, value in document.items() if key != "measurements"}
    return msgspec.json.encode(document | {"value": 0})[:-2] + b"NaN}"


def _not_text(_moment: Moment, document: Document) -> bytes:
    return msgspec.json.encode(document | {"label": "cafe"}).replace(b"cafe", b"caf\xe9")


def _list(_moment: Moment, document: Document) -> bytes:
    return msgspec.json.encode([document])


FAULTS: Final[tuple[Fault, ...]] = (
    _cut,
    _nan,
    _not_text,
    _list,
    _with(lambda moment: {"schema_version": 2}),
    _with(lambda moment: {"name": "bezgelor.economy.trade"}),
    _with(lambda moment: {"name": "9lives"}),
    _with(lambda moment: {"measurements": {"value": "fast"}}),
    _with(lambda moment: {"measurements": {"value": 1e39}}),
    _with(lambda moment: {"name": "demo.tags", "tags": {f"key{n}": "x" for n in range(21)}}),
    _with(lambda moment: {"name": "demo.tags", "tags": {"k" * 51: "x"}}),
    _with(lambda moment: {"name": "demo.tags", "tags": {"key": "x" * 101}}),
    _with(lambda moment: {"occurred_at": moment.stamp(120 * _DAY)}),
    _with(lambda moment: {"occurred_at": moment.stamp(-_DAY)}),
    _with(lambda moment: {"occurred_at": "yesterday"}),
    _with(lambda moment: {"attributes": {"note": "x" * 70_000}}),
)


class Faults:
    """Makes bad records, each kind in its turn."""

    def __init__(self) -> None:
        self._turns: Iterator[Fault] = cycle(FAULTS)

    def spoil(self, moment: Moment, document: Document) -> bytes:
        """Return a record that the pipeline must refuse."""
        return next(self._turns)(moment, {k: v for k, v in document.items() if k != "value"})
