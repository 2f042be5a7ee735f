"""``millrace demo``: the whole pipeline, fed and proved."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from millrace.streams.demo.live import live_line
from millrace.streams.demo.run import Outcome, Source, run
from millrace.streams.local.data_directory import data_directory
from millrace.streams.local.pipeline import Pipeline
from millrace.streams.local.signals import sigterm_is_ctrl_c
from millrace.streams.settings import RefusalSettings, load_settings

_DIFFERENCES_SHOWN = 10
_KEYS_SHOWN = 8


def demo(
    rate: Annotated[float, typer.Option(min=1, help="Events a second.")] = 5_000,
    seconds: Annotated[float, typer.Option(min=1, help="How long events are made.")] = 60,
    file: Annotated[
        Path | None,
        typer.Option(
            "--input", exists=True, dir_okay=False, help="Run the events of this NDJSON file."
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Keep store and log in this directory; else they go with the run."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
) -> None:
    """Run the pipeline on events and prove that all of them are stored and counted once.

    Measurements of this machine and simulated game, identity, link and web-app services make the
    events, a few of them late, repeated or bad; --input takes a file's instead. The figures are
    those of the whole data directory. Exit 0 only if everything agrees.

    Example: millrace demo --rate 20000 --seconds 30
    """
    notes = Console(stderr=as_json, highlight=False, soft_wrap=True)
    source = Source(file, rate, seconds)
    with sigterm_is_ctrl_c(), data_directory(data) as directory:
        # A demo shows what becomes of bad events too, however many there are.
        everything = RefusalSettings(max_ratio=1.0, max_consecutive=0)
        settings = load_settings().model_copy(update={"refusals": everything})
        if as_json:  # nobody looks at the pipeline's own dashboard then
            settings = settings.model_copy(update={"telemetry_seconds": 0.0})
        pipeline = Pipeline(directory, settings, environment=os.environ, say=_teller(notes))
        with pipeline:
            if not as_json:
                notes.print(f"Preview: {pipeline.preview(0)}")
            with live_line(notes, shown=not as_json) as on_look:
                outcome = asyncio.run(run(pipeline, source, on_look))
    _complain(outcome)
    if as_json:
        typer.echo(json.dumps(_document(outcome, pipeline)))
    else:
        _show(notes, outcome)
    if not outcome.ok:
        raise typer.Exit(1)


def _teller(notes: Console) -> Callable[[str], None]:
    return lambda line: notes.print(line, markup=False)


def _document(outcome: Outcome, pipeline: Pipeline) -> dict[str, object]:
    summary = outcome.summary
    return {
        "produced": summary.produced,
        "stored": summary.stored,
        "rejected": dict(summary.rejected),
        "duplicates": summary.duplicates,
        "rollups": dict(summary.rollups),
        "reconciled": outcome.ok,
        "events_per_second": round(outcome.events_per_second, 1),
        "broker": pipeline.choice.kind,
        "store": str(pipeline.data),
    }


def _show(notes: Console, outcome: Outcome) -> None:
    summary = outcome.summary
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("produced", f"{summary.produced:,}")
    table.add_row("stored", f"{summary.stored:,}")
    table.add_row("duplicates", f"{summary.duplicates:,}")
    table.add_row("rejected", f"{sum(summary.rejected.values()):,}")
    for reason, number in summary.rejected.items():
        table.add_row(f"  {reason}", f"{number:,}")
    table.add_row("dropped keys", f"{sum(summary.dropped_keys.values()):,}")
    for (namespace, key), times in list(summary.dropped_keys.items())[:_KEYS_SHOWN]:
        table.add_row(f"  {namespace}: {key}", f"{times:,}")
    for grain, events in summary.rollups.items():
        table.add_row(f"events in rollup_{grain}", f"{events:,}")
    table.add_row("events/s", f"{outcome.events_per_second:,.0f}")
    notes.print(table)
    report = outcome.report
    if outcome.ok:
        notes.print(f"Reconciled: log, ledger, raw and rollups agree ({report.checks} checks).")
    else:
        notes.print(f"NOT reconciled: {len(report.differences)} of {report.checks} checks differ.")


def _complain(outcome: Outcome) -> None:
    for failure in outcome.failures[:_DIFFERENCES_SHOWN]:
        typer.echo(f"Line {failure.line} was not published: {failure.reason}.", err=True)
    for difference in outcome.report.differences[:_DIFFERENCES_SHOWN]:
        typer.echo(difference, err=True)
    if not outcome.summary.adds_up:
        typer.echo(
            "The figures do not add up: produced = stored + rejected + duplicates.", err=True
        )
