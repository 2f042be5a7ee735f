"""The one way to the store: ClickHouse over HTTP, the same for a server and the embedded engine.

An insert carries every setting that "exactly once" rests on, so that no caller can forget one.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import clickhouse_connect
import pyarrow as pa
import urllib3
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from millrace.clickhouse.retry import UNREACHABLE
from millrace.schemas.errors import ConfigurationError, StoreError

UNKNOWN_DATABASE: Final = 81

# The driver logs each failure that it also raises, with a trace.
logging.getLogger("clickhouse_connect").setLevel(logging.ERROR)

#: A repeat of a range is recognised only when the server cuts it into the same blocks: one.
_ONE_BLOCK: Final = 10_000_000

#: Sent with every insert; each one was found by breaking it (docs/store.md says how).
INSERT_SETTINGS: Final[Mapping[str, int | str]] = {
    "async_insert": 0,
    "insert_deduplicate": 1,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    "max_insert_block_size": _ONE_BLOCK,
    "min_insert_block_size_rows": _ONE_BLOCK,
    "min_insert_block_size_bytes": 0,
    "max_insert_threads": 1,
    # Merges build the skip indexes anyway; a new part is small enough to be read whole.
    "materialize_skip_indexes_on_insert": 0,
    "materialize_statistics_on_insert": 0,
    # The statement's status must not be sent before the last view is written.
    "wait_end_of_query": 1,
}

_DATABASE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


class Store:
    """A connection to one database. Blocking; may be shared by threads.

    Every failure is a :class:`StoreError` whose ``code`` is the server's, or 0 when there was no
    answer: then the statement may have been carried out.
    """

    def __init__(self, client: Client, database: str) -> None:
        self._client = client
        self.database = database

    @classmethod
    def connect(cls, url: str, *, timeout: float = 30.0) -> Store:
        """Connect to ``http[s]://user:password@host:port/database``; a missing database is made."""
        options, database = _options(url)
        options["send_receive_timeout"] = timeout
        with _errors(f"connect to {options['host']}:{options['port']}"):
            try:
                client = clickhouse_connect.get_client(**options, database=database)
            except ClickHouseError as error:
                if getattr(error, "code", None) != UNKNOWN_DATABASE:
                    raise
                with clickhouse_connect.get_client(**options) as bare:
                    bare.command(f"CREATE DATABASE IF NOT EXISTS `{database}`")
                client = clickhouse_connect.get_client(**options, database=database)
        return cls(client, database)

    def insert(self, table: str, batch: pa.RecordBatch, token: str) -> None:
        """Insert one record batch as one block; a repeat with the same token changes nothing.

        The batch names its columns. Cheapest types: dictionary(int32, utf8) without repeated
        values for LowCardinality(String), binary(16) for UUID, int8 for Enum8, timestamp with
        UTC for DateTime64, map with dictionary keys for Map; nulls land as the column's default.
        """
        if batch.num_rows == 0:
            return
        settings = {**INSERT_SETTINGS, "insert_deduplication_token": token}
        # A buffer, not bytes: the driver would repeat bytes by itself after a lost connection.
        body = memoryview(serialize(batch))
        with _errors(f"insert into {table}"):
            self._client.raw_insert(
                table,
                column_names=batch.schema.names,
                insert_block=body,  # type: ignore[arg-type]  # any buffer is sent as it is
                settings=settings,
                fmt="Arrow",
            )

    def rows(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> list[tuple[Any, ...]]:
        """Return all rows of a query; ``{name:Type}`` in it takes its value from parameters."""
        with _errors("answer a query"):
            result = self._client.query(
                sql,
                parameters=dict(parameters or {}),
                settings=dict(settings or {}),
            )
            return [tuple(row) for row in result.result_rows]

    def arrow(self, sql: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """Return all rows of a query as columns; its texts are strings, not bytes."""
        with _errors("answer a query"):
            table: pa.Table = self._client.query_arrow(
                sql, parameters=dict(parameters or {}), use_strings=True
            )
            return table

    def command(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Run a statement that returns nothing."""
        with _errors(f"run {' '.join(sql.split())[:60]}"):
            self._client.command(
                sql, parameters=dict(parameters or {}), settings=dict(settings or {})
            )

    def json(self, sql: str, *, readonly: bool = True, format: str = "JSONCompact") -> bytes:
        """Return a query's answer as the server formats it; readonly refuses every change."""
        settings = {"readonly": 1} if readonly else {}
        with _errors("answer a query"):
            return bytes(self._client.raw_query(sql, settings=settings, fmt=format))

    def close(self) -> None:
        """Close the connections; the store may not be used afterwards."""
        self._client.close()


def serialize(batch: pa.RecordBatch) -> pa.Buffer:
    """Return the batch as an Arrow file, which the server reads faster than an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def _options(url: str) -> tuple[dict[str, Any], str]:
    parts = urlsplit(url)
    database = parts.path.strip("/") or "default"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            "The store's URL must look like http[s]://user:password@host:port/database"
        )
    if not _DATABASE.fullmatch(database):
        raise ConfigurationError(
            f"The database name {database!r} in the store's URL is not one: use letters, digits, _"
        )
    options: dict[str, Any] = {
        "interface": parts.scheme,
        "host": parts.hostname,
        "port": parts.port or (8443 if parts.scheme == "https" else 8123),
        "username": unquote(parts.username or "default"),
        "password": unquote(parts.password or ""),
        # Concurrent inserts over one session would be refused.
        "autogenerate_session_id": False,
        "dedicated_pool": True,
        "compress": False,
        "tz_mode": "aware",
        "show_clickhouse_errors": True,
    }
    return options, database


@contextmanager
def _errors(purpose: str) -> Iterator[None]:
    try:
        yield
    except ClickHouseError as error:
        code = getattr(error, "code", None) or UNREACHABLE
        verb = "The store could not" if code else "The store did not answer and may not have done:"
        raise StoreError(f"{verb} {purpose}: {_sentence(error)}", code) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise StoreError(
            f"The store did not answer and may not have done: {purpose}: {_sentence(error)}"
        ) from error


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split())
    text = re.sub(r"^Received ClickHouse exception, code: \d+, server response: ", "", text)
    text = re.sub(r"^(Code: \d+\. DB::Exception: )+", "", text)
    text = re.sub(r" \(for url \S+\)$", "", text)
    text = re.sub(r"^Error .*\[Errno \d+\] (.*?)['\")]+ executing.*$", r"\1", text)
    return re.sub(r" \(version [^()]*(\([^()]*\))?\)$", "", text)
