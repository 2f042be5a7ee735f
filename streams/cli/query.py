"""`millrace query`: read-only SQL on the store, a server's or a kept embedded one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from millrace.clickhouse.client import Store
from millrace.clickhouse.data_directory import is_store, running_url
from millrace.clickhouse.embedded import EmbeddedServer
from millrace.schemas.errors import ConfigurationError
from millrace.streams.settings import load_settings


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT, SHOW or DESCRIBE statement.")],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Data directory of `millrace up` or `demo`, running or not."),
    ] = None,
    format: Annotated[
        str, typer.Option("--format", help="Any ClickHouse output format.")
    ] = "PrettyCompactNoEscapes",
) -> None:
    """Run one statement and print the answer; nothing can be changed."""
    with kept_or_configured(data) as store:
        answer = store.json(sql, format=format)
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()


@contextmanager
def kept_or_configured(data: Path | None) -> Iterator[Store]:
    """Open the store of a data directory, running or not; without one, that of the settings."""
    if data is None:
        settings = load_settings().clickhouse
        yield Store.connect(settings.url.get_secret_value(), timeout=settings.timeout)
        return
    kept = data / "clickhouse"
    directory = kept if kept.is_dir() else data
    if not is_store(directory):
        raise ConfigurationError(f"No store is kept in {data}: name the directory of millrace up")
    url = running_url(directory)
    if url is not None:
        yield Store.connect(url)
        return
    with EmbeddedServer(directory) as server:
        yield Store.connect(server.url)
