"""chDB, the real ClickHouse engine inside this process, behind the few calls an HTTP request needs.

One chDB connection takes one query at a time, but several connections run side by side, and one
costs 70 microseconds. So every request gets its own: nothing is left over from the one before.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from chdb.state import connect

from millrace.schemas.errors import StoreError

_CODE: Final = re.compile(r"Code: (\d+)\.")
_INSERT: Final = re.compile(
    rb"\A\s*(INSERT\s+INTO\s.{0,20000}?)\sFORMAT\s+(\w+)(?:[ \t\r]*\n|[ \t\r]*\Z|[ \t])",
    re.IGNORECASE | re.DOTALL,
)
#: chDB answers these with Python objects instead of bytes.
_NOT_ON_THE_WIRE: Final = frozenset({"arrowtable", "dataframe", "datastore", "debug"})

BAD_ARGUMENTS: Final = 36
UNKNOWN_FORMAT: Final = 73
UNKNOWN_EXCEPTION: Final = 1002


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with everything that an HTTP request says about it."""

    sql: bytes
    database: str = ""
    format: str = "TabSeparated"
    settings: Mapping[str, str] | None = None
    parameters: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement returned."""

    body: bytes
    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    seconds: float = 0.0


class Engine:
    """The engine on one directory; only one process may have it open."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        # Stays open, because the engine stops with its last connection.
        self._anchor = connect(self._path)

    def run(self, statement: Statement) -> Answer:
        """Run one statement; may be called from several threads at once.

        Raises StoreError with ClickHouse's own code and text.
        """
        connection = connect(self._path)
        try:
            if statement.database:
                connection.query(f"USE {_identifier(statement.database)}")
            for assignments in _assignments(statement.settings or {}):
                connection.query(f"SET {assignments}")
            insert = _INSERT.match(statement.sql)
            if insert:
                return _insert(connection, insert, statement)
            return _query(connection, statement)
        except RuntimeError as error:
            raise _store_error(str(error)) from None
        except UnicodeDecodeError as error:
            # The engine quotes the data at fault, and that need not be text.
            raise _store_error(error.object.decode(errors="backslashreplace")) from None
        finally:
            connection.close()

    def close(self) -> None:
        """Close the engine; all data is on disk."""
        self._anchor.close()


def _insert(connection: Any, insert: re.Match[bytes], statement: Statement) -> Answer:
    # Not chDB's streaming insert: it keeps silent about what fails after the parsing (a constraint,
    # too many partitions, a view that throws), and a range would be lost or half done unnoticed.
    with _file_of(statement.sql[insert.end() :]) as path:
        result = connection.query(
            f"{insert[1].decode()} FROM INFILE '{path}' COMPRESSION 'none' FORMAT "
            f"{insert[2].decode()}"
        )
    return Answer(
        b"",
        written_rows=result.rows_written(),
        written_bytes=result.bytes_written(),
        seconds=result.elapsed(),
    )


@contextmanager
def _file_of(data: bytes) -> Iterator[str]:
    """Give a path at which the data can be read; in memory where the system can."""
    if not hasattr(os, "memfd_create"):
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            yield file.name
        return
    with os.fdopen(os.memfd_create("insert"), "wb") as file:
        file.write(data)
        file.flush()
        yield f"/proc/self/fd/{file.fileno()}"


def _query(connection: Any, statement: Statement) -> Answer:
    if statement.format.lower() in _NOT_ON_THE_WIRE:
        raise StoreError(f"Unknown format {statement.format}", UNKNOWN_FORMAT)
    result = connection.query(
        statement.sql.decode(), statement.format, params=dict(statement.parameters or {})
    )
    return Answer(
        result.bytes() or b"",
        read_rows=result.storage_rows_read(),
        read_bytes=result.storage_bytes_read(),
        written_rows=result.rows_written(),
        written_bytes=result.bytes_written(),
        seconds=result.elapsed(),
    )


def _assignments(settings: Mapping[str, str]) -> list[str]:
    # readonly comes last and alone: after it nothing can be set.
    names = sorted(settings, key=lambda name: name == "readonly")
    texts = [f"{_setting(name)} = {_literal(settings[name])}" for name in names]
    if "readonly" in settings:
        return [", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts
    return [", ".join(texts)] if texts else []


def _setting(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", name):
        raise StoreError(f"Code: {BAD_ARGUMENTS}. {name!r} is not a setting", BAD_ARGUMENTS)
    return name


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _identifier(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _store_error(text: str) -> StoreError:
    start = text.find("Code: ")
    message = text[start:] if start >= 0 else text
    code = _CODE.match(message)
    return StoreError(message, int(code[1]) if code else UNKNOWN_EXCEPTION)
