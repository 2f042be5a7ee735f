"""`millrace migrate`: bring the store to today's tables, or say how far it is."""

from __future__ import annotations

from typing import Annotated

import typer

from millrace.clickhouse import migrate
from millrace.clickhouse.client import Store
from millrace.streams.settings import Settings, load_settings

app = typer.Typer(help="Apply migrations and retention to the store.")


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the SQL, run none.")] = False,
) -> None:
    """Apply what is missing, then set the retention that differs."""
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
    for name in migrate.apply(store, retention=retention, cluster=cluster):
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
