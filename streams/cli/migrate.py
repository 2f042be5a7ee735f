"""`millrace migrate`: bring the store to today's tables, or say how far it is."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from millrace.clickhouse import migrate
from millrace.clickhouse.client import Store
from millrace.clickhouse.lease import lease
from millrace.schemas.errors import BrokerError, ConfigurationError
from millrace.streams import generations
from millrace.streams.letter_jobs import open_jobs
from millrace.streams.open_intents import OpenIntent, intents_of, read_group
from millrace.streams.settings import Settings, load_settings
from millrace.streams.topics import Topics

app = typer.Typer(help="Apply migrations and retention to the store.")


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the SQL, run none.")] = False,
    offline: Annotated[
        bool,
        typer.Option(
            "--offline",
            help="Do not ask Kafka: no worker runs and none has left a range open; I know.",
        ),
    ] = False,
) -> None:
    """Apply what is missing, then set the retention that differs.

    A migration that changes a view, or a table that a view reads or writes, is refused while
    workers run or a range is open: stop the workers (SIGTERM), run `millrace worker --drain` with
    their version, then migrate.
    """
    if context.invoked_subcommand is not None:
        return
    settings = load_settings()
    store = _store(settings)
    retention = settings.retention.model_dump()
    cluster = settings.clickhouse.cluster
    if dry_run:
        for statement in migrate.plan(store, retention=retention, cluster=cluster):
            typer.echo(f"{statement};\n")
        return
    # Longer than any statement is waited for.
    seconds = settings.clickhouse.timeout * 2 + 60
    with lease(
        store,
        "migrate",
        owner=f"{socket.gethostname()}, process {os.getpid()}",
        seconds=seconds,
        now=lambda: datetime.now(UTC),
        cluster=cluster,
    ) as held:
        _refuse_half_done(settings, store, offline=offline)
        applied = migrate.apply(store, retention=retention, cluster=cluster, before_each=held.renew)
    for name in applied:
        typer.echo(f"Applied {name}")
    typer.echo("The store is up to date.")


@app.command()
def status() -> None:
    """List every migration with its state: up, down, stopped or changed."""
    for entry in migrate.status(_store(load_settings())):
        when = f"{entry.applied_at:%Y-%m-%d %H:%M:%S} UTC" if entry.applied_at else ""
        typer.echo(f"{entry.version:04d}  {entry.name:<20}  {entry.state:<8}  {when}".rstrip())


def _store(settings: Settings) -> Store:
    return Store.connect(
        settings.clickhouse.url.get_secret_value(), timeout=settings.clickhouse.timeout
    )


def _refuse_half_done(settings: Settings, store: Store, *, offline: bool) -> None:
    changes = migrate.pending_view_changes(store, cluster=settings.clickhouse.cluster)
    if not changes or not migrate.holds_ranges(store):
        return
    if store.rows("EXISTS TABLE letter_jobs") == [(1,)] and open_jobs(store):
        raise ConfigurationError(
            f"{', '.join(changes)} changes views, but a job on dead letters is unfinished: run"
            " `millrace dead-letters redrive` first, with the version that began it"
        )
    if offline:
        return
    # What the client has to say about an absent broker is in the refusal.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        group = asyncio.run(read_group(settings.kafka))
    except BrokerError as error:
        raise ConfigurationError(
            f"{', '.join(changes)} changes views, and whether a range is open cannot be seen"
            f" ({error}): start Kafka, or use --offline if no worker runs and none has an open"
            " range"
        ) from error
    topics = Topics(settings.kafka.topic_prefix)
    logs = {topic: generations.current(store, topic) for topic in (topics.events, topics.millrace)}
    known = {topic: log for topic, log in logs.items() if log is not None}
    refuse_view_changes(changes, group.members, list(intents_of(group.positions, known)))


def refuse_view_changes(
    changes: Sequence[str], members: int, intents: Sequence[OpenIntent]
) -> None:
    """Raise ConfigurationError while someone is in the group or a range is open in its offsets."""
    names = ", ".join(changes)
    if members:
        raise ConfigurationError(
            f"{names} changes views, but {members} workers are in the group: stop them"
            " (SIGTERM), run `millrace worker --drain` with their version, then migrate; a killed"
            " one leaves the group after its session timeout"
        )
    if intents:
        raise ConfigurationError(
            f"{names} changes views, but these ranges are open: {', '.join(map(str, intents))};"
            " run `millrace worker --drain` first, with the version that ran last"
        )
