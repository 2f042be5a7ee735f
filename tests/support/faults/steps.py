"""Where in the protocol a worker was when it died, judged from outside.

The group's committed position with its metadata and what the store holds of the range are all that
is looked at; there are no hooks in the worker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from millrace.clickhouse.client import Store
from millrace.streams.intent import parse_intent

from .feed import Account


class Step(StrEnum):
    """The steps of a range's way, in order."""

    BEFORE = "before the intent"
    ANNOUNCED = "announced"
    PARTLY = "partly stored"
    STORED = "stored"
    ENTERED = "entered"
    COMMITTED = "committed"


@dataclass(frozen=True)
class Hit:
    """What a kill left of one partition: the step and the range that it concerns."""

    step: Step
    partition: int
    first: int
    end: int
    refused: int
    duplicates: int

    @property
    def telling(self) -> bool:
        """Whether the range holds refused records and duplicates."""
        return self.refused > 0 and self.duplicates > 0


@dataclass(frozen=True)
class Position:
    """A committed offset with its metadata."""

    offset: int
    metadata: str = ""


def judge(
    store: Store,
    topic: str,
    accounts: Mapping[int, Account],
    positions: Mapping[int, Position],
    partitions: Iterable[int],
    *,
    max_rows: int,
) -> list[Hit]:
    """Return the step of each partition; one without any record is left out."""
    hits = []
    for partition in partitions:
        account = accounts.get(partition)
        if account is None or not account.end:
            continue
        position = positions.get(partition, Position(0))
        step, first, end = _judge(store, topic, partition, account, position, max_rows)
        _, refused, duplicates = account.between(first, end)
        hits.append(Hit(step, partition, first, end, refused, duplicates))
    return hits


def _judge(
    store: Store,
    topic: str,
    partition: int,
    account: Account,
    position: Position,
    max_rows: int,
) -> tuple[Step, int, int]:
    first = position.offset
    intent = parse_intent(position.metadata)
    if intent is None:
        if first < account.end:
            return Step.BEFORE, first, min(first + max_rows, account.end)
        began = _count(store, "max(first_offset)", "ingest_ledger", topic, partition)
        return Step.COMMITTED, began, first
    end = intent.end
    if _count(store, "countIf(first_offset = {a})", "ingest_ledger", topic, partition, first, end):
        return Step.ENTERED, first, end
    inside = "countIf(offset >= {a} AND offset < {b})"
    found = (
        _count(store, inside, "events", topic, partition, first, end),
        _count(store, inside, "dead_letters", topic, partition, first, end),
    )
    expected = account.between(first, end)[:2]
    if not any(found):
        return Step.ANNOUNCED, first, end
    return (Step.STORED if found == expected else Step.PARTLY), first, end


def _count(
    store: Store, what: str, table: str, topic: str, partition: int, a: int = 0, b: int = 0
) -> int:
    parameters: dict[str, Any] = {"topic": topic, "partition": partition, "a": a, "b": b}
    what = what.replace("{a}", "{a:UInt64}").replace("{b}", "{b:UInt64}")
    ((count,),) = store.rows(
        f"SELECT {what} FROM {table} WHERE topic = {{topic:String}}"
        " AND partition = {partition:UInt32}",
        parameters,
    )
    return int(count)
