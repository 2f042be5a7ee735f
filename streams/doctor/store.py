"""The store: is it there, new enough, migrated, and set so that a repeat changes nothing?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from millrace.clickhouse import migrate
from millrace.clickhouse.client import Store
from millrace.schemas.errors import MillraceError
from millrace.streams.doctor.finding import Finding, Level
from millrace.streams.doctor.machine import disk
from millrace.streams.settings import ClickHouseSettings

_AREA: Final = "clickhouse"
#: Deduplication with several partitions in one insert was repaired in these releases.
_REPAIRED: Final = ((26, 6, 3, 19), (26, 7, 3, 9))
_WINDOW: Final = 100_000
#: Every table that a repeated range is inserted into, or that a view fills from one.
_DEDUPLICATED: Final = (
    "events",
    "rollup_1m",
    "rollup_5m",
    "rollup_1h",
    "rollup_1d",
    "ingest_ledger",
    "dead_letters",
    "dropped_keys",
)
#: Settings that each insert brings along; a profile may forbid it.
_SENT: Final = {
    "insert_deduplicate": "1",
    "deduplicate_blocks_in_dependent_materialized_views": "1",
    "async_insert": "0",
}

Version = tuple[int, ...]


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
    engines = store.rows(
        "SELECT name, engine_full FROM system.tables WHERE database = {database:String}",
        {"database": store.database},
    )
    yield from judge_windows({str(name): str(engine) for name, engine in engines})
    settings = store.rows(
        "SELECT name, value, readonly FROM system.settings WHERE name IN {names:Array(String)}",
        {"names": [*_SENT, "deduplicate_insert"]},
    )
    yield from judge_settings({str(name): (str(v), bool(fixed)) for name, v, fixed in settings})
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


def judge_windows(engines: Mapping[str, str]) -> Iterator[Finding]:
    """Tell which tables would forget a repeated insert too soon; ``engines`` is by table."""
    short = []
    for table in _DEDUPLICATED:
        engine = engines.get(table)
        if engine is None:
            continue  # the migrations' finding says so
        kind = "replicated" if engine.startswith("Replicated") else "non_replicated"
        match = re.search(rf"\b{kind}_deduplication_window = (\d+)", engine)
        if match is None or int(match[1]) < _WINDOW:
            short.append(table)
    if short:
        yield Finding(
            _AREA,
            Level.FAULT,
            f"the deduplication window is below {_WINDOW:,} in {', '.join(short)}",
            "set it with ALTER TABLE ... MODIFY SETTING, as the migrations do",
        )
    elif engines:
        text = f"every table remembers the last {_WINDOW:,} inserts or more"
        yield Finding(_AREA, Level.OK, text)


def judge_settings(settings: Mapping[str, tuple[str, bool]]) -> Iterator[Finding]:
    """Judge the user's settings: name -> (value, whether it may not be changed)."""
    wrong = [
        f"{name}={settings[name][0]}"
        for name, wanted in _SENT.items()
        if name in settings and settings[name][1] and settings[name][0] != wanted
    ]
    if settings.get("deduplicate_insert", ("", False))[0] == "disable":
        wrong.append("deduplicate_insert=disable")
    if wrong:
        fix = "change the user's profile or its constraints"
        yield Finding(_AREA, Level.FAULT, f"the profile forces {', '.join(wrong)}", fix)
    else:
        yield Finding(_AREA, Level.OK, "an insert may bring the settings of exactly once")


def _migrations(store: Store) -> Iterator[Finding]:
    states = migrate.status(store)
    for entry in states:
        if entry.state != "up":
            text = f"migration {entry.version:04d}_{entry.name} is {entry.state}"
            yield Finding(_AREA, Level.FAULT, text, "run millrace migrate")
    if all(entry.state == "up" for entry in states):
        yield Finding(_AREA, Level.OK, f"all {len(states)} migrations are applied")
