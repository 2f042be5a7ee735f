"""``millrace dashboards preview``: the dashboards on a store that is there, without a Grafana."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from millrace.clickhouse.client import Store
from millrace.streams.cli.query import kept_or_configured
from millrace.streams.local.jars import cache_directory
from millrace.streams.local.signals import sigterm_is_ctrl_c


def preview(
    data: Annotated[
        Path | None,
        typer.Option(help="Data directory of `millrace up` or `demo`, running or not."),
    ] = None,
    url: Annotated[
        str, typer.Option(help="Or this store: http://user:password@host:8123/millrace")
    ] = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 finds a free one.")] = 0,
) -> None:
    """Show the dashboards in a browser, on this machine only, until Ctrl-C.

    Example: millrace dashboards preview --data ./telemetry
    """
    from millrace.grafana.preview import PreviewServer, build_pages

    with sigterm_is_ctrl_c(), _opened(data, url) as store:
        pages = build_pages(cache_directory(os.environ), typer.echo)
        with PreviewServer(port, store.json, pages) as server:
            typer.echo(f"Preview: {server.url}")
            try:
                while True:
                    time.sleep(1.0)
            except KeyboardInterrupt:
                typer.echo("Stopped.")


@contextmanager
def _opened(data: Path | None, url: str) -> Iterator[Store]:
    if url:
        store = Store.connect(url)
        yield store
        store.close()
    else:
        with kept_or_configured(data) as store:
            yield store
