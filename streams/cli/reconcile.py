"""``millrace reconcile``: does the store hold exactly what the log says?"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from millrace.clickhouse.client import Store
from millrace.clickhouse.reconcile import Report
from millrace.streams.cli.where import settings_of
from millrace.streams.reconcile import PATIENCE, prove
from millrace.streams.settings import Settings

_SHOWN = 20


def reconcile(
    data: Annotated[
        Path | None, typer.Option("--data", help="Directory of a running `millrace up`.")
    ] = None,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help="Seconds that workers may take to catch up.")
    ] = PATIENCE,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Read the whole log again and compare it with the ledger, the raw events and the rollups.

    Counts must be equal and sums within 1e-9; what a table has forgotten by its retention is not
    compared there. Exit 1 on any difference.

    Example: millrace reconcile --json
    """
    settings = settings_of(data)
    began = time.monotonic()
    report = _run(settings, wait, quiet=as_json or not sys.stderr.isatty())
    seconds = time.monotonic() - began
    if as_json:
        typer.echo(json.dumps({**report.as_dict(), "seconds": round(seconds, 3)}))
    else:
        _show(report, seconds)
    raise typer.Exit(0 if report.ok else 1)


def _run(settings: Settings, wait: float, *, quiet: bool) -> Report:
    clickhouse = settings.clickhouse
    store = Store.connect(clickhouse.url.get_secret_value(), timeout=clickhouse.timeout)
    with Progress(console=Console(stderr=True), transient=True, disable=quiet) as bar:
        task = bar.add_task("Reading the log", total=None)
        return asyncio.run(
            prove(
                settings,
                store,
                patience=wait,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
        )


def _show(report: Report, seconds: float) -> None:
    if report.ok:
        typer.echo(f"Reconciled: {report.checks} comparisons, all equal, in {seconds:.1f} s.")
        return
    typer.echo(f"Not reconciled: {len(report.differences)} of {report.checks} comparisons differ.")
    for difference in report.differences[:_SHOWN]:
        typer.echo(f"  {difference}")
    if len(report.differences) > _SHOWN:
        typer.echo(f"  and {len(report.differences) - _SHOWN} more (--json lists them all)")
