"""The store: is it there, new enough, migrated, and set so that a repeat changes nothing?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from millrace.clickhouse import migrate
from millrace.clickhouse.client import INSERT_SETTINGS, Store
from millrace.clickhouse.views import all_tables
from millrace.schemas.errors import MillraceError
from millrace.streams.doctor.finding import Finding, Level
from millrace.streams.doctor.machine import disk
from millrace.streams.doctor.views import check_views, judge_windows
from millrace.streams.settings import ClickHouseSettings

_AREA: Final = "clickhouse"
#: Deduplication with several partitions in one insert was repaired in these releases.
_REPAIRED: Final = ((26, 6, 3, 19), (26, 7, 3, 9))
#: Settings that each insert brings along; a profile or its constraints may forbid them.
_SENT: Final = {
    name: str(INSERT_SETTINGS[name])
    for name in (
        "insert_deduplicate",
        "deduplicate_blocks_in_dependent_materialized_views",
        "async_insert",
        "max_insert_block_size",
        "min_insert_block_size_rows",
        "min_insert_block_size_bytes",
        "max_insert_threads",
    )
}
#: Settings that no insert brings along, so that the profile's value counts.
_NOT_SENT: Final = (
    "deduplicate_insert",
    "materialized_views_ignore_errors",
    "max_partitions_per_insert_block",
)
#: A range touches at most 90 partitions of a table.
_PARTITIONS: Final = 100
_FEWEST_PARTS: Final = 300

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of the user's profile; ``low`` and ``high`` are its constraints, if any."""

    value: str
    fixed: bool = False
    low: str | None = None
    high: str | None = None

    def allows(self, wanted: str) -> bool:
        """Tell whether an insert may bring this value along."""
        if self.fixed:
            return self.value == wanted
        number = int(wanted)
        low, high = self.low, self.high
        return not ((low and number < int(low)) or (high and number > int(high)))


def check_store(clickhouse: ClickHouseSettings) -> list[Finding]:
    """Look at the store and at every condition of storing exactly once."""
    try:
        store = Store.connect(clickhouse.url.get_secret_value(), timeout=clickhouse.timeout)
    except MillraceError as error:
        fix = "start it, or set MILLRACE_CLICKHOUSE__URL"
        return [Finding(_AREA, Level.FAULT, f"the store does not answer: {error}", fix)]
    try:
        return list(_all(store))
    except MillraceError as error:
        fix = "give its user the right to read the system tables"
        return [Finding(_AREA, Level.FAULT, f"the store cannot be looked at: {error}", fix)]
    finally:
        store.close()


def _all(store: Store) -> Iterator[Finding]:
    ((text,),) = store.rows("SELECT version()")
    yield judge_version(str(text))
    yield from _migrations(store)
    tables = all_tables(store)
    yield from judge_windows(tables, store.database)
    yield from check_views(store, tables)
    settings = store.rows(
        "SELECT name, value, readonly, min, max FROM system.settings"
        " WHERE name IN {names:Array(String)}",
        {"names": [*_SENT, *_NOT_SENT]},
    )
    yield from judge_settings(
        {str(name): Setting(str(v), bool(fixed), *ends) for name, v, fixed, *ends in settings}
    )
    yield _parts(store)
    for name, free in store.rows("SELECT name, free_space FROM system.disks"):
        yield disk(f"ClickHouse ({name})", int(free))


def judge_version(text: str) -> Finding:
    """Judge a server's version, as it gives it."""
    numbers: Version = tuple(int(part) for part in re.findall(r"\d+", text)[:4])
    (older, newer) = _REPAIRED
    if older <= numbers < (26, 7) or numbers >= newer:
        return Finding(_AREA, Level.OK, f"ClickHouse {text}")
    return Finding(
        _AREA,
        Level.FAULT,
        f"ClickHouse {text} does not recognise every repeated insert",
        "upgrade to 26.6.3.19, 26.7.3.9 or newer",
    )


def judge_settings(settings: Mapping[str, Setting]) -> Iterator[Finding]:
    """Judge the settings of the user's profile, by name."""
    forced = [
        f"{name}={settings[name].value}"
        for name, wanted in _SENT.items()
        if name in settings and not settings[name].allows(wanted)
    ]
    if forced:
        fix = "change the user's profile or its constraints"
        text = f"an insert may not bring what it needs, the profile forces {', '.join(forced)}"
        yield Finding(_AREA, Level.FAULT, text, fix)
    wrong = []
    if settings.get("deduplicate_insert", Setting("")).value == "disable":
        wrong.append(("deduplicate_insert=disable", "enable"))
    if settings.get("materialized_views_ignore_errors", Setting("0")).value != "0":
        wrong.append(("materialized_views_ignore_errors=1", "0"))
    limit = settings.get("max_partitions_per_insert_block", Setting("0")).value
    if 0 < int(limit) < _PARTITIONS:
        wrong.append((f"max_partitions_per_insert_block={limit}", str(_PARTITIONS)))
    for text, wanted in wrong:
        name = text.split("=")[0]
        fix = f"set {name}={wanted} in the user's profile"
        yield Finding(_AREA, Level.FAULT, f"the profile sets {text}", fix)
    if not forced and not wrong:
        yield Finding(_AREA, Level.OK, "an insert may bring the settings of exactly once")


def judge_parts(most: int, limit: int) -> Finding:
    """Judge the largest number of parts in one partition against what the server refuses at."""
    text = f"the fullest partition has {most:,} parts; inserts are refused at {limit:,}"
    if limit < _FEWEST_PARTS:
        return Finding(_AREA, Level.WARNING, text, "raise parts_to_throw_insert to 3000")
    if most * 2 > limit:
        fix = "let merges catch up: fewer, larger ranges (MILLRACE_SINK__MAX_SECONDS) or more disk"
        return Finding(_AREA, Level.WARNING, text, fix)
    return Finding(_AREA, Level.OK, text)


def _parts(store: Store) -> Finding:
    ((most, limit),) = store.rows(
        "SELECT (SELECT max(parts) FROM (SELECT count() AS parts FROM system.parts"
        " WHERE database = {database:String} AND active GROUP BY table, partition_id)),"
        " (SELECT toUInt64(any(value)) FROM system.merge_tree_settings"
        " WHERE name = 'parts_to_throw_insert')",
        {"database": store.database},
    )
    return judge_parts(int(most or 0), int(limit or 0))


def _migrations(store: Store) -> Iterator[Finding]:
    states = migrate.status(store)
    for entry in states:
        if entry.state != "up":
            text = f"migration {entry.version:04d}_{entry.name} is {entry.state}"
            yield Finding(_AREA, Level.FAULT, text, "run millrace migrate")
    if all(entry.state == "up" for entry in states):
        yield Finding(_AREA, Level.OK, f"all {len(states)} migrations are applied")
