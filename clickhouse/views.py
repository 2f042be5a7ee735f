"""Materialized views: which tables they join together, and which statements would change that.

The identity of a repeated block contains the view it went through, so a view, what it reads and
what it writes may only change while no range is half stored.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from millrace.clickhouse.client import Store

_TARGET: Final = re.compile(r"\A\s*CREATE MATERIALIZED VIEW \S+ TO (\S+)")
#: A view's query may begin with WITH, or stand in brackets.
_QUERY: Final = re.compile(r"\sAS\s+(?=\(*(?:SELECT|WITH)\b)")
_NAME: Final = r"((?:`[^`]+`|[\w]+)(?:\.(?:`[^`]+`|[\w]+))?)"
_CREATE: Final = re.compile(
    rf"\A\s*(?:CREATE|ATTACH)\s+(OR\s+REPLACE\s+)?(MATERIALIZED\s+VIEW|VIEW|TABLE)\s+"
    rf"(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}",
    re.IGNORECASE,
)
#: Statements that name what they change, and where the names are.
_CHANGES: Final = (
    re.compile(rf"\A\s*ALTER\s+TABLE\s+{_NAME}", re.IGNORECASE),
    re.compile(rf"\A\s*INSERT\s+INTO\s+(?:TABLE\s+)?{_NAME}", re.IGNORECASE),
    re.compile(
        rf"\A\s*(?:DROP|DETACH|TRUNCATE)\s+(?:TABLE|VIEW)\s+(?:IF\s+EXISTS\s+)?{_NAME}",
        re.IGNORECASE,
    ),
    re.compile(rf"\A\s*RENAME\s+TABLE\s+{_NAME}\s+TO\s+{_NAME}", re.IGNORECASE),
    re.compile(rf"\A\s*EXCHANGE\s+TABLES\s+{_NAME}\s+AND\s+{_NAME}", re.IGNORECASE),
)


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view as the server describes it; names are ``database.table``."""

    name: str
    engine: str
    engine_full: str
    uuid: str
    definition: str
    feeds: tuple[str, ...]

    @property
    def target(self) -> str | None:
        """Where a materialized view writes to; None when this is not one."""
        if self.engine != "MaterializedView":
            return None
        match = _TARGET.match(self.definition)
        if match:
            return match[1].replace("`", "")
        # Without TO the view has a table of its own, named after its id.
        return f"{self.name.split('.', 1)[0]}..inner_id.{self.uuid}"

    @property
    def query(self) -> str:
        """What a view selects; empty when this is not one."""
        return [*_QUERY.split(self.definition, maxsplit=1), ""][1]


def all_tables(store: Store) -> dict[str, Table]:
    """Return every table and view of the server that its user may see, by full name."""
    rows = store.rows(
        "SELECT concat(database, '.', name), engine, engine_full, toString(uuid),"
        " create_table_query,"
        " arrayMap((d, t) -> concat(d, '.', t), dependencies_database, dependencies_table)"
        " FROM system.tables WHERE lower(database) NOT IN ('system', 'information_schema')"
    )
    return {
        name: Table(name, engine, full, uuid, definition, tuple(feeds))
        for name, engine, full, uuid, definition, feeds in rows
    }


def fed_by(tables: Mapping[str, Table], roots: Iterable[str]) -> list[str]:
    """Return every table that an insert into one of the roots reaches through views, in order."""
    waiting, reached = list(roots), []
    while waiting:
        table = tables.get(waiting.pop(0))
        for name in table.feeds if table else ():
            view = tables.get(name)
            if view and view.target and view.target not in reached:
                reached.append(view.target)
                waiting.append(view.target)
    return reached


def joined_by_views(tables: Mapping[str, Table], database: str) -> frozenset[str]:
    """Return the views of a database and the tables that any of them reads or writes, bare."""
    found = set()
    for table in tables.values():
        if table.target:
            found |= {table.name, table.target}
        if table.feeds:
            found.add(table.name)
    head = f"{database}."
    return frozenset(name.removeprefix(head) for name in found if name.startswith(head))


def changes_views(statement: str, joined: Collection[str]) -> bool:
    """Tell whether a statement makes, changes or removes a view or what one reads or writes.

    ``joined`` are today's views and their tables. Plain tables, and views that only answer
    queries, do not matter; a statement that is not understood does.
    """
    text = re.sub(r"--[^\n]*|/\*.*?\*/", " ", statement, flags=re.DOTALL).strip()
    created = _CREATE.match(text)
    if created:
        materialized = created[2].upper().startswith("MATERIALIZED")
        return materialized or (bool(created[1]) and _bare(created[3]) in joined)
    for pattern in _CHANGES:
        match = pattern.match(text)
        if match:
            return any(_bare(name) in joined for name in match.groups())
    return True


def _bare(name: str) -> str:
    return name.rsplit(".", 1)[-1].strip("`")
