"""``millrace doctor``: can every promise be kept here?"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from pathlib import Path
from typing import Annotated

import typer

from millrace.streams.cli.where import settings_of
from millrace.streams.doctor.broker import check_broker
from millrace.streams.doctor.clocks import check_store_clock
from millrace.streams.doctor.configuration import check_configuration
from millrace.streams.doctor.finding import Finding, Level
from millrace.streams.doctor.machine import check_machine
from millrace.streams.doctor.positions import check_positions
from millrace.streams.doctor.store import check_store
from millrace.streams.settings import Settings


def doctor(
    data: Annotated[
        Path | None, typer.Option("--data", help="Directory of a running `millrace up`.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Check versions, settings, broker, topics, store and what exactly-once rests on.

    Each finding that is not well comes with its fix. Exit 1 when a promise cannot be kept.

    Example: millrace doctor --data ./telemetry
    """
    # What the client has to say about an absent broker is in the findings.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    settings = settings_of(data)
    findings = asyncio.run(_findings(settings, data or Path.cwd()))
    faults = sum(finding.level is Level.FAULT for finding in findings)
    if as_json:
        document = {"ok": not faults, "findings": [finding.as_dict() for finding in findings]}
        typer.echo(json.dumps(document, indent=2))
    else:
        for finding in findings:
            _show(finding)
        verdict = f"{faults} promises cannot be kept." if faults else "Every promise can be kept."
        typer.echo(verdict)
    if faults:
        raise typer.Exit(1)


async def _findings(settings: Settings, folder: Path) -> list[Finding]:
    broker = asyncio.create_task(check_broker(settings.kafka))
    positions = asyncio.create_task(check_positions(settings))
    store = await asyncio.to_thread(check_store, settings.clickhouse)
    return [
        *check_machine(os.environ, folder),
        *check_configuration(settings),
        *await broker,
        *store,
        *await asyncio.to_thread(check_store_clock, settings.clickhouse),
        *await positions,
    ]


def _show(finding: Finding) -> None:
    fix = f": {finding.fix}" if finding.fix else ""
    typer.echo(f"{finding.level:8}{finding.area:12}{finding.text}{fix}")
