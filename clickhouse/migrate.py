"""Brings a database from whatever it is to today's tables, one recorded step at a time.

DDL is not transactional, so the ledger says ``started`` before a statement and ``completed`` after
the last one; a step that stopped in the middle is never guessed over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from millrace.clickhouse.client import Store
from millrace.clickhouse.migrations import Migration, all_migrations, render
from millrace.clickhouse.retention import Retention, retention_statements
from millrace.clickhouse.retention import apply_retention as apply_retention
from millrace.clickhouse.views import all_tables, changes_views, joined_by_views
from millrace.schemas.errors import ConfigurationError, StoreError

_LEDGER: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations ${on_cluster}
(
    version UInt32,
    name String,
    checksum String,
    status Enum8('started' = 0, 'completed' = 1, 'reverted' = 2),
    statement UInt16,
    applied_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC')
)
ENGINE = ${engine_prefix}MergeTree
ORDER BY (version, applied_at)
"""

State = Literal["up", "down", "stopped", "changed"]


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """Where one migration stands; ``statement`` is the last one begun."""

    version: int
    name: str
    state: State
    statement: int
    applied_at: datetime | None


def status(store: Store) -> list[MigrationStatus]:
    """Return every known migration's state, in order."""
    entries = _entries(store)
    result = []
    for migration in all_migrations():
        entry = entries.get(migration.version)
        if entry is None or entry[0] == "reverted":
            result.append(MigrationStatus(migration.version, migration.name, "down", 0, None))
            continue
        mark, checksum, statement, applied_at = entry
        state: State = "up" if mark == "completed" else "stopped"
        if state == "up" and checksum != migration.checksum:
            state = "changed"
        result.append(
            MigrationStatus(migration.version, migration.name, state, statement, applied_at)
        )
    return result


def plan(store: Store, *, retention: Retention, cluster: str = "") -> list[str]:
    """Return the statements that ``apply`` would run, without running any."""
    pending = _pending(status(store))
    statements = [text for migration in pending for text in migration.up(cluster)]
    # A table that is still to come has no TTL either.
    return statements + retention_statements(store, retention, cluster)


def pending_view_changes(store: Store, *, cluster: str = "") -> list[str]:
    """Return the names of missing migrations that change a view, or what one reads or writes.

    They may only run while no range is half stored.
    """
    joined = joined_by_views(all_tables(store), store.database)
    return [
        migration.label
        for migration in _pending(status(store))
        if any(changes_views(statement, joined) for statement in migration.up(cluster))
    ]


def holds_ranges(store: Store) -> bool:
    """Tell whether anything was ever stored here, be it a part of the first range only."""
    names = store.rows(
        "SELECT name FROM system.tables WHERE database = {database:String}"
        " AND name IN ('ingest_ledger', 'events', 'dead_letters')",
        {"database": store.database},
    )
    return any(store.rows(f"SELECT 1 FROM {name} LIMIT 1") for (name,) in names)


def apply(
    store: Store,
    *,
    retention: Retention,
    cluster: str = "",
    before_each: Callable[[], None] = lambda: None,
) -> list[str]:
    """Run what is missing, then set the retention; returns the names of the migrations applied.

    ``before_each`` is called before every statement of a migration; what it raises ends the run
    there. Refuses with ConfigurationError, and changes nothing, when a migration stopped in the
    middle or its text is not the one that was applied.
    """
    pending = _pending(status(store))
    store.command(render(_LEDGER, cluster))
    for migration in pending:
        _run(store, migration, migration.up(cluster), "completed", before_each)
    apply_retention(store, retention, cluster)
    return [migration.label for migration in pending]


def revert(store: Store, *, to: int, cluster: str = "") -> list[str]:
    """Take back every migration above ``to``, newest first, with the data in its tables."""
    current = status(store)
    _pending(current)
    up = {entry.version for entry in current if entry.state == "up"}
    chosen = [item for item in reversed(all_migrations()) if item.version > to]
    chosen = [item for item in chosen if item.version in up]
    for migration in chosen:
        _run(store, migration, migration.down(cluster), "reverted")
    return [migration.label for migration in chosen]


def check_applied(store: Store) -> None:
    """Raise ConfigurationError unless every migration is up."""
    for entry in status(store):
        if entry.state != "up":
            raise ConfigurationError(
                f"Migration {entry.version:04d}_{entry.name} is {entry.state}: run millrace migrate"
            )


def schema(store: Store) -> str:
    """Return the CREATE statement of every table and view, as the server writes them."""
    names = store.rows(
        "SELECT name FROM system.tables WHERE database = {database:String} "
        "ORDER BY engine LIKE '%View', name",
        {"database": store.database},
    )
    texts = []
    for (name,) in names:
        ((text,),) = store.rows(f"SHOW CREATE TABLE `{name}`")
        texts.append(str(text).replace(f"{store.database}.", "").strip() + ";\n")
    return "\n".join(texts)


def _pending(current: Sequence[MigrationStatus]) -> list[Migration]:
    for entry in current:
        label = f"{entry.version:04d}_{entry.name}"
        if entry.state == "stopped":
            raise ConfigurationError(
                f"Migration {label} stopped at statement {entry.statement}: finish or undo it by "
                "hand, then add its completed row to schema_migrations"
            )
        if entry.state == "changed":
            raise ConfigurationError(
                f"Migration {label} was applied with another text: restore its file and put the "
                "change into a new migration"
            )
    down = {entry.version for entry in current if entry.state == "down"}
    return [migration for migration in all_migrations() if migration.version in down]


def _run(
    store: Store,
    migration: Migration,
    statements: Sequence[str],
    final: str,
    before_each: Callable[[], None] = lambda: None,
) -> None:
    for number, statement in enumerate(statements, 1):
        before_each()
        _record(store, migration, "started", number)
        try:
            store.command(statement)
        except StoreError as error:
            raise StoreError(
                f"Migration {migration.label} stopped at statement {number}: {error}", error.code
            ) from error
    _record(store, migration, final, len(statements))


def _record(store: Store, migration: Migration, mark: str, statement: int) -> None:
    store.command(
        "INSERT INTO schema_migrations (version, name, checksum, status, statement) "
        f"VALUES ({migration.version}, '{migration.name}', '{migration.checksum}', "
        f"'{mark}', {statement})",
        settings={"async_insert": 0},
    )


def _entries(store: Store) -> dict[int, tuple[str, str, int, datetime]]:
    exists = store.rows(
        "SELECT 1 FROM system.tables WHERE database = {database:String} "
        "AND name = 'schema_migrations'",
        {"database": store.database},
    )
    if not exists:
        return {}
    rows = store.rows(
        "SELECT version, argMax(tuple(toString(status), checksum, statement, applied_at), "
        "applied_at) FROM schema_migrations GROUP BY version"
    )
    return {int(version): entry for version, entry in rows}
