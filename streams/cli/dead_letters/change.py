"""``millrace dead-letters redrive``, ``purge`` and ``resume``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from millrace.schemas.errors import StoreError
from millrace.streams import letters
from millrace.streams.cli.dead_letters import options
from millrace.streams.cli.where import settings_of
from millrace.streams.letter_session import LetterSession
from millrace.streams.pauses import paused, resume
from millrace.streams.redrive import Summary


def redrive_letters(
    reason: options.Reason = "",
    name: options.Name = "",
    field: options.Field = "",
    tenant: options.Tenant = "",
    topic: options.Topic = "",
    since: options.Since = "",
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Try at most so many letters.")
    ] = None,
    dry_run: options.DryRun = False,
    data: options.Data = None,
    as_json: options.Json = False,
) -> None:
    """Store the events that were refused but are accepted by today's catalogue.

    The records are read again from Kafka, as long as it keeps them. However often this is run, and
    whatever it is killed by, an event counts once.

    Example: millrace dead-letters redrive --reason unknown_name --name checkout.paid --dry-run
    """
    filters = options.filters_of(reason, name, field, tenant, topic, since)
    settings = settings_of(data)
    session = LetterSession(settings, options.store_of(settings))
    try:
        summary = session.redrive(filters, limit=limit, dry_run=dry_run)
    except StoreError as error:
        raise StoreError(
            f"{error}; run the command again, it finishes what it began", error.code
        ) from error
    if as_json:
        typer.echo(json.dumps({**summary.as_dict(), "dry_run": dry_run}))
    else:
        _show(summary, dry_run)


def purge_letters(
    reason: options.Reason = "",
    name: options.Name = "",
    field: options.Field = "",
    tenant: options.Tenant = "",
    topic: options.Topic = "",
    since: options.Since = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: options.DryRun = False,
    data: options.Data = None,
) -> None:
    """Delete dead letters for good, redriven ones too; asks first.

    The events that were stored by redrive stay. A mark is left of each letter, so that reconcile
    still adds up.

    Example: millrace dead-letters purge --reason malformed_json --dry-run
    """
    filters = options.filters_of(reason, name, field, tenant, topic, since)
    settings = settings_of(data)
    store = options.store_of(settings)
    count = sum(number for _, number in letters.places(store, filters, settled=True))
    if dry_run:
        typer.echo(f"Would delete {count:,} letters.")
        return
    if count and not yes:
        typer.confirm(f"Delete {count:,} letters for good?", abort=True)
    purged = LetterSession(settings, store).purge(filters)
    typer.echo(f"Deleted {purged:,} letters.")


def resume_partitions(
    topic: options.Topic = "",
    partition: Annotated[
        int | None, typer.Option("--partition", min=0, max=2**32 - 1, help="Only this partition.")
    ] = None,
    data: options.Data = None,
) -> None:
    """Let partitions go on that were paused because too much of what came was refused.

    What is refused then becomes dead letters. A partition that still refuses too much is paused
    again.

    Example: millrace dead-letters resume --topic telemetry.events --partition 3
    """
    store = options.store_of(settings_of(data))
    found = paused(store, topic=topic, partition=-1 if partition is None else partition)
    if not found:
        typer.echo("No partition is paused.")
    for pause in found:
        resume(store, pause, datetime.now(UTC))
        place = pause.place
        typer.echo(f"Resumed {place.topic}/{place.partition} at offset {pause.offset}.")


def _show(summary: Summary, dry_run: bool) -> None:
    if summary.repeated:
        typer.echo(f"Unfinished jobs of earlier runs, finished first: {summary.repeated:,}")
    head = "Would redrive" if dry_run else "Redriven"
    typer.echo(f"{head}: {summary.redriven:,}")
    typer.echo(f"Duplicates by id, not stored: {summary.duplicate:,}")
    typer.echo(f"Still refused: {sum(summary.refused.values()):,}")
    for reason, count in summary.refused.most_common():
        typer.echo(f"  {reason}: {count:,}")
    typer.echo(f"No longer in Kafka: {summary.gone:,}")
    if summary.recreated:
        typer.echo(
            f"Of a topic that was deleted and made anew, or is not ours: {summary.recreated:,};"
            " they cannot be redriven"
        )
