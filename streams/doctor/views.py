"""The store's views: is each as its migration made it, and does every target remember inserts?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from millrace.clickhouse import migrate
from millrace.clickhouse.client import Store
from millrace.clickhouse.migrations import Migration, all_migrations
from millrace.clickhouse.views import Table, fed_by
from millrace.streams.doctor.finding import Finding, Level

_AREA: Final = "clickhouse"
WINDOW: Final = 100_000
#: Every table that a range is inserted into.
INSERTED: Final = (
    *("events", "ingest_ledger", "dead_letters", "dropped_keys"),
    *("tag_values", "tag_overflows"),
)
_VIEW: Final = re.compile(r"CREATE MATERIALIZED VIEW (\w+) +TO (\w+) AS\s+(.*)", re.DOTALL)
_DROP: Final = re.compile(r"DROP (?:VIEW|TABLE) (\w+)")

#: What a view writes to, and its query in the server's own spelling.
Definition = tuple[str, str]


def judge_windows(tables: Mapping[str, Table], database: str) -> Iterator[Finding]:
    """Tell which tables would forget a repeated insert too soon.

    Looked at are the tables that ranges are inserted into and all that views, also a user's own,
    fill from them.
    """
    roots = [f"{database}.{name}" for name in INSERTED if f"{database}.{name}" in tables]
    short = []
    for name in [*roots, *fed_by(tables, roots)]:
        engine = tables[name].engine_full if name in tables else ""
        if "MergeTree" not in engine.split(" ")[0].split("(")[0]:
            continue  # it keeps nothing itself
        kind = "replicated" if engine.startswith("Replicated") else "non_replicated"
        match = re.search(rf"\b{kind}_deduplication_window = (\d+)", engine)
        if match is None or int(match[1]) < WINDOW:
            short.append((name.removeprefix(f"{database}."), kind))
    if short:
        fixes = "; ".join(
            f"ALTER TABLE `{name}` MODIFY SETTING {kind}_deduplication_window = {WINDOW}"
            for name, kind in short
        )
        names = ", ".join(name for name, _ in short)
        text = f"the deduplication window is below {WINDOW:,} in {names}"
        yield Finding(_AREA, Level.FAULT, text, fixes)
    elif roots:
        text = f"every table remembers the last {WINDOW:,} inserts or more"
        yield Finding(_AREA, Level.OK, text)


def check_views(store: Store, tables: Mapping[str, Table]) -> list[Finding]:
    """Compare the store's materialized views with what its migrations made."""
    # Those still to come are the migrations' own finding.
    applied = {entry.version for entry in migrate.status(store) if entry.state == "up"}
    migrations = [one for one in all_migrations() if one.version in applied]
    expected = {
        name: (target, _spelled(store, select))
        for name, (target, select) in expected_views(migrations).items()
    }
    head = f"{store.database}."
    found = {
        table.name.removeprefix(head): (
            table.target.removeprefix(head),
            _spelled(store, table.query.replace(head, "")),
        )
        for table in tables.values()
        if table.target and table.name.startswith(head)
    }
    return list(judge_views(expected, found))


def expected_views(migrations: Iterable[Migration]) -> dict[str, Definition]:
    """Return the materialized views that the migrations leave behind, by name."""
    views: dict[str, Definition] = {}
    for migration in migrations:
        for statement in migration.up():
            if made := _VIEW.match(statement):
                views[made[1]] = (made[2], made[3])
            elif dropped := _DROP.match(statement):
                views.pop(dropped[1], None)
    return views


def judge_views(
    expected: Mapping[str, Definition], found: Mapping[str, Definition]
) -> Iterator[Finding]:
    """Tell which views are missing or other than they were made; a user's own are only noted."""
    for name, (target, select) in expected.items():
        if name not in found:
            problem = "is missing"
        elif found[name][0] != target:
            problem = f"writes to {found[name][0]} and not to {target}"
        elif found[name][1] != select:
            problem = "selects something else than its migration"
        else:
            continue
        fix = (
            "stop the workers, run millrace worker --drain, make it as in clickhouse/schema.sql,"
            " then rebuild what it missed"
        )
        yield Finding(_AREA, Level.FAULT, f"the view {name} {problem}", fix)
    own = sorted(found.keys() - expected.keys())
    if own:
        text = f"views that no migration made: {', '.join(own)}; do not change them under a worker"
        yield Finding(_AREA, Level.NOTE, text)
    if all(found.get(name) == definition for name, definition in expected.items()):
        yield Finding(_AREA, Level.OK, f"all {len(expected)} views are as they were made")


def _spelled(store: Store, query: str) -> str:
    ((spelled,),) = store.rows("SELECT formatQuerySingleLine({text:String})", {"text": query})
    return str(spelled)
