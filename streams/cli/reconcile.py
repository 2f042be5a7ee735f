"""``millrace reconcile``: does the store hold exactly what the log says?"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Report
from millrace.streams.cli.where import settings_of
from millrace.streams.reconcile import PATIENCE, Effort, prove
from millrace.streams.settings import Settings

_SHOWN: Final = 20
#: A statement over all of a large store may take longer than an insert ever should.
_TIMEOUT: Final = 600.0
_SPAN: Final = re.compile(r"(\d{1,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def reconcile(
    data: Annotated[
        Path | None, typer.Option("--data", help="Directory of a running `millrace up`.")
    ] = None,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help="Seconds that workers may take to catch up.")
    ] = PATIENCE,
    records: Annotated[
        str,
        typer.Option("--records", help="So many of the newest records are read again, or `all`."),
    ] = "1000000",
    since: Annotated[
        str,
        typer.Option(
            "--since", help="Only what was stored since: a time, a date, or a span such as 2h."
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Compare log, ledger, raw events, dead letters, rollups and live windows, while workers write.

    Aggregates of everything are compared, and the newest records of the log are read again and
    decided anew. Counts must be equal and sums within 1e-9; what a table has forgotten by its
    retention is not compared there. Exit 1 on any difference.

    Example: millrace reconcile --since 2h --json
    """
    effort = Effort(
        records=_records(records), since=moment(since, datetime.now(UTC)), patience=wait
    )
    settings = settings_of(data)
    began = time.monotonic()
    report = _run(settings, effort, quiet=as_json or not sys.stderr.isatty())
    seconds = time.monotonic() - began
    if as_json:
        typer.echo(json.dumps({**report.as_dict(), "seconds": round(seconds, 3)}))
    else:
        show(report, seconds)
    raise typer.Exit(0 if report.ok else 1)


def moment(text: str, now: datetime) -> datetime | None:
    """Return the moment that a time, a date or a span before now means, None for nothing.

    A time without a zone is in UTC. Raises typer.BadParameter for anything else.
    """
    if not text:
        return None
    if found := _SPAN.fullmatch(text):
        return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is neither a time such as 2026-11-20T12:00:00Z, nor a date, nor a span"
            " such as 2h or 3d"
        ) from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _records(text: str) -> int | None:
    if text == "all":
        return None
    if not text.replace("_", "").isdecimal():
        raise typer.BadParameter(f"--records takes a number or `all`, not {text!r}")
    return int(text)


def _run(settings: Settings, effort: Effort, *, quiet: bool) -> Report:
    clickhouse = settings.clickhouse
    timeout = max(clickhouse.timeout, _TIMEOUT)
    store = Store.connect(clickhouse.url.get_secret_value(), timeout=timeout)
    with Progress(console=Console(stderr=True), transient=True, disable=quiet) as bar:
        task = bar.add_task("Reading the log", total=None)
        return asyncio.run(
            prove(
                settings,
                store,
                patience=effort.patience,
                records=effort.records,
                since=effort.since,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
        )


def show(report: Report, seconds: float) -> None:
    """Print a report for people."""
    read = f"{report.reread:,} of {report.records:,} records of the log were read again"
    if report.ok:
        typer.echo(f"Reconciled: {report.checks:,} comparisons, all equal, in {seconds:.1f} s.")
    else:
        typer.echo(
            f"Not reconciled: {len(report.found):,} of {report.checks:,} comparisons differ."
        )
    typer.echo(f"{read}.")
    if report.moving:
        typer.echo(f"{report.moving:,} series were written to at every look: within their bounds.")
    if report.gaps:
        typer.echo(f"{report.gaps:,} offsets held no record (docs/reconcile.md says why).")
    for difference in report.differences[:_SHOWN]:
        typer.echo(f"  {difference}")
    if len(report.differences) > _SHOWN:
        typer.echo(f"  and {len(report.differences) - _SHOWN} more (--json lists them all)")
