"""A store of dead letters in memory that can die before any of its effects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pyarrow as pa
from letter_log import Crash

from millrace.streams.letter_jobs import MARKS

_STATES = ("begun", "done", "abandoned", "withdrawn")


class MemoryStore:
    """Takes each token once a table; an insert of events reaches raw first and a rollup after."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = {}
        self.effects: list[str] = []
        self.dies_after = -1  # effects; negative: never
        self._tokens: set[tuple[str, str]] = set()

    def insert(self, table: str, batch: pa.RecordBatch, token: str) -> None:
        if "_probe_" in table or not batch.num_rows:
            return
        for target in ("events", "rollup") if table == "events" else (table,):
            self._effect(target)
            if (target, token) not in self._tokens:
                self._tokens.add((target, token))
                self.tables.setdefault(target, []).extend(batch.to_pylist())

    def command(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        if "_probe_" in sql:
            return
        listed = re.search(r"offset IN \(([\d,]+)\)", sql)
        assert listed, sql
        gone = set(map(int, listed[1].split(",")))
        self._effect("delete")
        letters = self.tables["dead_letters"]
        self.tables["dead_letters"] = [row for row in letters if row["offset"] not in gone]

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        for known, answer in _ANSWERS.items():
            if known in " ".join(sql.split()):
                found: list[tuple[Any, ...]] = answer(self, sql, parameters or {})
                return found
        raise AssertionError(sql)

    def of(self, table: str) -> list[dict[str, Any]]:
        """Return a table's rows."""
        return self.tables.get(table, [])

    def marks(self) -> dict[str, list[int]]:
        """Return the offsets of each mark."""
        found: dict[str, list[int]] = {}
        for row in sorted(self.of("letter_marks"), key=lambda row: int(row["offset"])):
            found.setdefault(MARKS[row["mark"]], []).append(row["offset"])
        return found

    def _effect(self, what: str) -> None:
        if self.dies_after == 0:
            raise Crash
        self.dies_after -= 1
        self.effects.append(what)

    def _jobs(self, state: str) -> list[dict[str, Any]]:
        return [row for row in self.of("letter_jobs") if _STATES[row["state"]] == state]

    def _open(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        begun = {row["number"] for row in self._jobs("begun")}
        ended = {row["number"] for row in self.of("letter_jobs") if row["state"]}
        names = (
            "number",
            "job",
            "log",
            "topic",
            "partition",
            *MARKS,
            "catalogue",
            "block",
            "values_end",
        )
        return [
            tuple(row[name] for name in names)
            for row in self._jobs("begun")
            if row["number"] in begun - ended
        ]

    def _newest(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return [(max((row["number"] for row in self.of("letter_jobs")), default=0),)]

    def _owner(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return [
            (row["job"],) for row in self._jobs("begun") if row["number"] == parameters["number"]
        ]

    def _letters(self, settled: bool) -> list[dict[str, Any]]:
        hidden = {
            row["offset"]
            for row in self.of("letter_marks")
            if MARKS[row["mark"]]
            in (("purged",) if settled else ("redriven", "duplicate", "purged"))
        }
        if not settled:
            hidden |= {offset for row in self._jobs("abandoned") for offset in row["redriven"]}
        return [row for row in self.of("dead_letters") if row["offset"] not in hidden]

    def _places(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        found = self._letters("!=" not in sql)
        return [("log", "telemetry.events", 0, len(found))] if found else []

    def _next(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        found = [
            (row["offset"], int(row["received_at"].timestamp() * 1000), row["size"])
            for row in self._letters("!=" not in sql)
            if row["offset"] >= parameters["first"]
        ]
        return sorted(found)[: parameters["limit"]]

    def _ids(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return [
            (UUID(bytes=row["id"]), int(row["received_at"].timestamp() * 1000))
            for row in self.of("events")
        ]


_ANSWERS: Mapping[str, Any] = {
    "state = 'begun' AND number NOT IN": MemoryStore._open,
    "max(number) FROM letter_jobs": MemoryStore._newest,
    "SELECT job FROM letter_jobs": MemoryStore._owner,
    "FROM system.parts": lambda store, sql, parameters: [(len(store.of("events")),)],
    "SELECT offset FROM events": lambda store, sql, parameters: [
        (row["offset"],) for row in store.of("events")
    ],
    "count() FROM letter_marks": lambda store, sql, parameters: [
        (sum(row["job"] == parameters["job"] for row in store.of("letter_marks")),)
    ],
    "uniqExact(offset) FROM dead_letters": MemoryStore._places,
    "max(size) FROM dead_letters": MemoryStore._next,
    "DISTINCT offset FROM letter_marks": lambda store, sql, parameters: [
        (row["offset"],)
        for row in store.of("letter_marks")
        if MARKS[row["mark"]] == "refused" and row["catalogue"] == parameters["catalogue"]
    ],
    "SELECT id, toUnixTimestamp64Milli": MemoryStore._ids,
    "max(offset) + 1) FROM tag_values": lambda store, sql, parameters: [
        (max((row["offset"] + 1 for row in store.of("tag_values")), default=0),)
    ],
    "value FROM tag_values": lambda store, sql, parameters: [
        tuple(row[name] for name in ("tenant", "name", "key", "value"))
        for row in store.of("tag_values")
        if row["offset"] < parameters["before"]
    ],
}
