"""Databases with today's tables, without running every migration each time.

That takes seconds, and hundreds of tests want what comes of it. So the first database is migrated,
and further ones are made of its CREATE statements. None is handed on from test to test: an emptied
table may still know the tokens of inserts, and tests use the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from millrace.clickhouse import migrate
from millrace.clickhouse.client import Store
from millrace.clickhouse.retention import Retention

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
        store.command(f"INSERT INTO {_LEDGER} VALUES {self.ledger}")


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
