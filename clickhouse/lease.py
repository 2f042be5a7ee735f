"""Mutual exclusion in the store: one holder of a name at a time, by compare-and-swap on a token.

Each take, renewal and release is a new term, inserted under a token that names the term: of
several takers' rows the store keeps the first, and everyone reads back whose it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol
from uuid import uuid4

import pyarrow as pa

from millrace.clickhouse.migrations import render
from millrace.schemas.errors import ConfigurationError, StoreError

logger = logging.getLogger(__name__)

# Made here and not by a migration, because migrate itself takes a lease first. No TTL: were the
# newest term forgotten, the next taker would begin at 1 again, under a token already used.
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS leases ${on_cluster}
(
    name String,
    term UInt64,
    owner String,
    holder String,
    until DateTime64(3, 'UTC')
)
ENGINE = ${engine_prefix}MergeTree
ORDER BY (name, term)
SETTINGS
    non_replicated_deduplication_window = 100000,
    replicated_deduplication_window = 100000,
    replicated_deduplication_window_seconds = 2678400
"""
_NEWEST: Final = (
    "SELECT term, owner, holder, until FROM leases WHERE name = {name:String}"
    " ORDER BY term DESC LIMIT 1"
)
_OF_TERM: Final = (
    "SELECT term, owner, holder, until FROM leases"
    " WHERE name = {name:String} AND term = {term:UInt64} LIMIT 1"
)


class LeaseHeld(ConfigurationError):
    """Someone else holds the lease, or has taken it meanwhile."""


class Tables(Protocol):
    """What is asked of the store."""

    def command(self, sql: str) -> None:
        """Run a statement that returns nothing."""

    def insert(self, table: str, batch: pa.RecordBatch, token: str) -> None:
        """Insert one record batch as one block, once a token."""

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""


@dataclass(frozen=True, slots=True)
class _Term:
    number: int
    owner: str
    holder: str
    until: datetime


class Lease:
    """A lease that is held. After ``until`` someone else may have it: renew in time."""

    def __init__(
        self, store: Tables, name: str, owner: str, seconds: float, now: Callable[[], datetime]
    ) -> None:
        self._store, self._name, self._owner, self._now = store, name, owner, now
        self._seconds = timedelta(seconds=seconds)
        # An owner's name may be given twice; this is the holder's own.
        self._holder = uuid4().hex
        self._term = 0
        self.until = datetime.fromtimestamp(0, UTC)

    def take(self) -> None:
        """Take the lease when nobody holds it. Raises LeaseHeld."""
        newest = self._newest()
        if newest is not None and newest.until > self._now():
            raise _held(self._name, newest)
        self._advance(newest.number + 1 if newest else 1)

    def renew(self) -> None:
        """Hold it for the full time from now on. Raises LeaseHeld when it was lost."""
        self._advance(self._term + 1)

    def release(self) -> None:
        """Let go of it; of a lease that was lost nothing changes."""
        self._insert(self._term + 1, self._now())

    def _advance(self, term: int) -> None:
        self._insert(term, self._now() + self._seconds)
        found = self._of_term(term)
        if found.holder != self._holder:
            raise _held(self._name, self._newest() or found)
        # Not the time just sent: the row may be of an earlier try that got no answer.
        self._term, self.until = term, found.until

    def _insert(self, term: int, until: datetime) -> None:
        columns = {
            "name": pa.array([self._name]),
            "term": pa.array([term], pa.uint64()),
            "owner": pa.array([self._owner]),
            "holder": pa.array([self._holder]),
            "until": pa.array([until], pa.timestamp("ms", "UTC")),
        }
        batch = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
        self._store.insert("leases", batch, f"lease:{self._name}:{term}")

    def _newest(self) -> _Term | None:
        found = self._store.rows(_NEWEST, {"name": self._name})
        return _Term(*found[0]) if found else None

    def _of_term(self, term: int) -> _Term:
        found = self._store.rows(_OF_TERM, {"name": self._name, "term": term})
        if not found:
            raise StoreError(
                f"The store took term {term} of the lease {self._name} and does not show it:"
                " drop the table leases if its rows were deleted by hand"
            )
        return _Term(*found[0])


@contextmanager
def lease(
    store: Tables,
    name: str,
    *,
    owner: str,
    seconds: float,
    now: Callable[[], datetime],
    cluster: str = "",
) -> Iterator[Lease]:
    """Hold the lease ``name`` inside the block, at most ``seconds`` without a renewal.

    ``owner`` is what others are told; ``now`` must be the same time everywhere, give or take much
    less than ``seconds``. Raises LeaseHeld when someone else has it; a holder that is gone keeps
    it until its time is over. A block that may last longer than ``seconds`` renews.
    """
    store.command(render(_TABLE, cluster))
    held = Lease(store, name, owner, seconds, now)
    held.take()
    try:
        yield held
    finally:
        try:
            held.release()
        except StoreError as error:
            logger.warning("The lease %s ends at %s by itself: %s.", name, held.until, error)


def _held(name: str, term: _Term) -> LeaseHeld:
    return LeaseHeld(
        f"The lease {name} is held by {term.owner} until {term.until:%Y-%m-%d %H:%M:%S} UTC:"
        " wait for it to finish; if it is gone, try again after that time"
    )
