"""How long each table keeps a day, as one TTL a table that looks the retention class up.

A day D of a class expires at midnight UTC of D + 1 + days, all of it at once, because a part holds
one day of one class.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from millrace.clickhouse.client import Store
from millrace.clickhouse.migrations import render
from millrace.schemas.errors import ConfigurationError

#: Days by retention class for each table; every table has a ``default``.
Retention = Mapping[str, Mapping[str, int]]

#: The column whose day decides, and whether the table knows retention classes.
EXPIRING: Final[Mapping[str, tuple[str, bool]]] = {
    "events": ("occurred_at", True),
    "rollup_1m": ("bucket", True),
    "rollup_5m": ("bucket", True),
    "rollup_1h": ("bucket", True),
    "rollup_1d": ("bucket", True),
    "dead_letters": ("received_at", False),
    "dropped_keys": ("bucket", False),
    "tag_overflows": ("bucket", False),
}

_CLASS: Final = re.compile(r"[a-z0-9_-]{1,64}")
_TTL: Final = re.compile(r" TTL (.+?)(?: SETTINGS |$)")


def days_kept(retention: Retention, table: str, retention_class: str) -> int:
    """Return the whole days that a class keeps in a table after its own day."""
    days = retention[table]
    return days.get(retention_class, days["default"])


def expiry(retention: Retention, table: str, retention_class: str, day: date) -> datetime:
    """Return when a day of a class vanishes from a table."""
    kept = days_kept(retention, table, retention_class)
    return datetime.combine(day + timedelta(days=1 + kept), time(), UTC)


def ttl(retention: Retention, table: str) -> str:
    """Return a table's TTL expression, written as the server writes it back."""
    column, has_classes = EXPIRING[table]
    days = retention[table]
    if "default" not in days:
        raise ConfigurationError(f"The retention of {table} has no days for the class default")
    cases = []
    for name in sorted(days):
        if not _CLASS.fullmatch(name) or days[name] < 1:
            raise ConfigurationError(
                f"The retention of {table} for {name!r} must be a class name and at least 1 day"
            )
        if has_classes and name != "default":
            cases.append(f"retention_class = '{name}', {days[name] + 1}")
    kept = str(days["default"] + 1)
    if cases:
        kept = f"multiIf({', '.join([*cases, kept])})"
    return f"toStartOfDay({column}) + toIntervalDay({kept})"


def retention_statements(store: Store, retention: Retention, cluster: str = "") -> list[str]:
    """Return the ALTER of every table whose TTL is not the wanted one."""
    unknown = set(retention) - set(EXPIRING)
    if unknown:
        raise ConfigurationError(f"No table named {min(unknown)} has a retention")
    current = _current(store)
    statements = []
    for table in EXPIRING:
        if table in retention and current.get(table) != ttl(retention, table):
            head = render(f"ALTER TABLE {table} ${{on_cluster}}", cluster).strip()
            statements.append(f"{head} MODIFY TTL {ttl(retention, table)}")
    return statements


def apply_retention(store: Store, retention: Retention, cluster: str = "") -> list[str]:
    """Set every TTL that differs; returns the tables that were changed."""
    statements = retention_statements(store, retention, cluster)
    for statement in statements:
        store.command(statement)
    return [statement.split()[2] for statement in statements]


def _current(store: Store) -> dict[str, str]:
    rows = store.rows(
        "SELECT name, engine_full FROM system.tables WHERE database = {database:String}",
        {"database": store.database},
    )
    found = ((str(name), _TTL.search(str(engine))) for name, engine in rows)
    return {name: match[1] for name, match in found if match}
