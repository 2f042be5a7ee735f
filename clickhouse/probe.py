"""Finds the rows that a table can never take, without storing any."""

from __future__ import annotations

from typing import Protocol
from uuid import uuid4

import pyarrow as pa

from millrace.clickhouse.retry import retryable
from millrace.schemas.errors import StoreError


class Tables(Protocol):
    """What is asked of the store."""

    def insert(self, table: str, batch: pa.RecordBatch, token: str) -> None:
        """Insert one record batch as one block."""

    def command(self, sql: str) -> None:
        """Run a statement that returns nothing."""


def refused_rows(store: Tables, table: str, batch: pa.RecordBatch, most: int) -> list[int]:
    """Return the places of the rows that the table refuses by their values, in order.

    They are found by halving the batch, on a table with the same columns and constraints that keeps
    nothing. Empty when none is refused there, as after the failure of a view, and when more than
    ``most`` are: then it is not the rows. Raises StoreError for what passes.
    """
    probe = f"{table}_probe_{uuid4().hex}"
    store.command(f"CREATE TABLE {probe} AS {table} ENGINE = Null")
    try:
        found = _search(store, probe, batch, 0, most)
    finally:
        store.command(f"DROP TABLE {probe} SYNC")
    return found if len(found) <= most else []


def _search(store: Tables, probe: str, batch: pa.RecordBatch, first: int, most: int) -> list[int]:
    try:
        store.insert(probe, batch, "")
    except StoreError as error:
        if retryable(error.code):
            raise
    else:
        return []
    count = batch.num_rows
    if count == 1:
        return [first]
    middle = count // 2
    found = _search(store, probe, batch.slice(0, middle), first, most)
    if len(found) <= most:
        found += _search(store, probe, batch.slice(middle), first + middle, most)
    return found
