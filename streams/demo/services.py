"""All simulated services together, mixed as one stream of encoded events."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from random import Random
from typing import Final

import msgspec

from millrace.streams.demo import game, host, identity, webapp
from millrace.streams.demo.faults import Faults
from millrace.streams.demo.links import Links
from millrace.streams.demo.moment import Document, Ids, Moment

#: One record in 500 is bad, and one in 500 is a producer's repeat of a recent one.
_BAD: Final = 0.002
_REPEATED: Final = 0.002
_REMEMBERED: Final = 200
_GAUGE_SECONDS: Final = 1.0


class Services:
    """Makes the events of a moment; not for use by several threads."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = Random(seed)
        self._ids = Ids()
        self._links = Links()
        self._faults = Faults()
        self._recent: deque[bytes] = deque(maxlen=_REMEMBERED)
        self._gauges_due = 0.0

    def lines(self, number: int, now: float) -> Iterator[bytes]:
        """Yield ``number`` encoded events that happen at ``now`` (Unix seconds)."""
        moment = Moment(self._random, now)
        made = 0
        for document in self._gauges(moment):
            if made < number:
                made += 1
                yield self._encode(moment, document)
        for _ in range(number - made):
            yield self._next(moment)

    def _next(self, moment: Moment) -> bytes:
        chance = self._random.random()
        if chance < _REPEATED and self._recent:
            return self._random.choice(self._recent)
        document = self._document(moment)
        if chance > 1 - _BAD:
            return self._faults.spoil(moment, self._complete(moment, document))
        line = self._encode(moment, document)
        if chance < 0.1:
            self._recent.append(line)
        return line

    def _document(self, moment: Moment) -> Document:
        chance = self._random.random()
        if chance < 0.38:
            return identity.event(moment)
        if chance < 0.68:
            return webapp.event(moment)
        if chance < 0.94:
            return game.event(moment)
        return self._links.event(moment)

    def _gauges(self, moment: Moment) -> Iterable[Document]:
        if moment.unix < self._gauges_due:
            return []
        self._gauges_due = moment.unix + _GAUGE_SECONDS
        return [*host.readings(), *game.gauges(moment)]

    def _complete(self, moment: Moment, document: Document) -> Document:
        document["id"] = self._ids.next()
        document["occurred_at"] = moment.stamp(moment.age())
        return document

    def _encode(self, moment: Moment, document: Document) -> bytes:
        return msgspec.json.encode(self._complete(moment, document))
