"""Databases with today's tables, made once and handed from test to test.

Running every migration takes seconds, and hundreds of tests want what comes of it. So the first
database is migrated, further ones are made of its CREATE statements, and one that a test is done
with is emptied for the next. Tables that the test added go; when it has changed one of the others
the whole database does.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from millrace.clickhouse import migrate
from millrace.clickhouse.client import Store
from millrace.clickhouse.retention import Retention

#: A database rests for a few tests before it is emptied: what a killed process sent is over then.
RESTING: Final = 2
_PATIENCE: Final = 30.0
_OBJECTS: Final = (
    "SELECT name, create_table_query FROM system.tables WHERE database = {database:String}"
    " ORDER BY engine LIKE '%View', name"
)
_LEDGER: Final = "schema_migrations"


@dataclass(frozen=True)
class Shape:
    """What migrations leave behind: every table's statement, and the ledger's rows."""

    tables: Mapping[str, str]
    ledger: str

    @classmethod
    def of(cls, store: Store) -> Shape:
        """Read a migrated database; its name is left out of the statements."""
        found = store.json(f"SELECT * FROM {_LEDGER}", format="Values").decode()
        return cls(tables_of(store, store.database), found)

    def put(self, store: Store) -> None:
        """Make the tables in an empty database."""
        for statement in self.tables.values():
            store.command(statement.replace(_NAME, f"{store.database}."))
        self.note(store, store.database)

    def note(self, store: Store, database: str) -> None:
        """Fill the ledger of migrations."""
        store.command(f"INSERT INTO {database}.{_LEDGER} VALUES {self.ledger}")


#: Stands in the statements for the database's name.
_NAME: Final = "\x00."


def tables_of(store: Store, database: str) -> dict[str, str]:
    """Return the CREATE statement of every table of a database, tables before views."""
    found = store.rows(_OBJECTS, {"database": database})
    return {name: str(text).replace(f"{database}.", _NAME) for name, text in found}


_SHAPES: Final[dict[str, Shape]] = {}


def migrated(store: Store, retention: Retention) -> Shape:
    """Bring an empty database to today's tables; step by step only the first time."""
    known = _SHAPES.get(repr(retention))
    if known is None:
        migrate.apply(store, retention=retention)
        known = _SHAPES[repr(retention)] = Shape.of(store)
    else:
        known.put(store)
    return known


class Pool:
    """The migrated databases of one server."""

    def __init__(self, server: str, retention: Retention) -> None:
        self._server, self._retention = server, retention
        self._control = Store.connect(f"{server}/default")
        self._resting: deque[str] = deque()

    def take(self) -> str:
        """Return the URL of a database with today's tables and nothing in them."""
        if len(self._resting) > RESTING:
            name = self._resting.popleft()
            self._empty(name)
            return f"{self._server}/{name}"
        url = f"{self._server}/t{uuid.uuid4().hex}"
        store = Store.connect(url)
        self._shape = migrated(store, self._retention)
        store.close()
        return url

    def give_back(self, url: str) -> None:
        """Keep the database for another test if its tables are what they were."""
        name = url.rpartition("/")[2]
        if self._as_made(name):
            self._resting.append(name)
        else:
            self._control.command(f"DROP DATABASE IF EXISTS {name} SYNC")

    def close(self) -> None:
        """Drop what is left."""
        for name in self._resting:
            self._control.command(f"DROP DATABASE IF EXISTS {name} SYNC")
        self._control.close()

    def _as_made(self, name: str) -> bool:
        added = [one for one in tables_of(self._control, name) if one not in self._shape.tables]
        for one in reversed(added):
            self._control.command(f"DROP TABLE {name}.`{one}` SYNC")
        # Parts put aside outlive an emptying.
        aside = "SELECT count() FROM system.detached_parts WHERE database = {name:String}"
        return (
            tables_of(self._control, name) == self._shape.tables
            and self._control.rows(aside, {"name": name}) == [(0,)]
            and self._quiet(name)
        )

    def _quiet(self, name: str) -> bool:
        """Wait for the statements under way there, of processes that are gone by now."""
        running = "SELECT count() FROM system.processes WHERE current_database = {name:String}"
        deadline = time.monotonic() + _PATIENCE
        while self._control.rows(running, {"name": name}) != [(0,)]:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def _empty(self, name: str) -> None:
        self._control.command(f"TRUNCATE ALL TABLES FROM {name}")
        self._control.command("SYSTEM START MERGES")
        self._shape.note(self._control, name)
