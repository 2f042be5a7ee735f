"""``millrace dashboards``: write the JSON of dashboards and alerts, or prove that it is sound."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer

from millrace.schemas.errors import ConfigurationError, MillraceError
from millrace.streams.cli.preview import preview

app = typer.Typer(help="Grafana dashboards and alerts as code.", no_args_is_help=True)
app.command()(preview)


@app.command()
def build() -> None:
    """Generate the JSON files from the code."""
    _require_sdk()
    from millrace.grafana import generate

    changed = generate.write()
    for name in changed:
        typer.echo(f"Wrote {name}")
    if not changed:
        typer.echo("Every file is fresh.")


@app.command()
def check(
    url: Annotated[
        str,
        typer.Option(help="Also run every query on this store: http://user:password@host:8123/db"),
    ] = "",
) -> None:
    """Prove that the files match the code, keep the rules, and that their SQL runs."""
    _require_sdk()
    faults = [*_file_faults(), *(_sql_faults(url) if url else ())]
    for fault in faults:
        typer.echo(fault)
    if faults:
        raise typer.Exit(1)
    ran = ", and their SQL runs" if url else ""
    typer.echo(f"The dashboards and alerts are fresh and keep the rules{ran}.")


def _require_sdk() -> None:
    try:
        import grafana_foundation_sdk  # noqa: F401
    except ModuleNotFoundError:
        raise ConfigurationError(
            "Dashboards are generated with the Grafana Foundation SDK; install millrace[grafana]"
        ) from None


def _file_faults() -> Iterator[str]:
    from millrace.grafana import generate, lint
    from millrace.grafana.generated import dashboards

    yield from generate.drift()
    for board in dashboards().values():
        yield from lint.findings(board)


def _sql_faults(url: str) -> Iterator[str]:
    from millrace.clickhouse.client import Store
    from millrace.grafana.alerts.ask import instances, question
    from millrace.grafana.generated import alerts
    from millrace.grafana.preview.panel_queries import PanelQueries, registered

    store = Store.connect(url)
    queries = PanelQueries(store.json)
    for name, ask in registered(queries, {}):
        try:
            ask()
        except (MillraceError, ValueError) as error:
            yield f"{name}: {error}"
    for uid, rule in alerts().items():
        try:
            instances(store.json(question(rule, datetime.now(UTC))))
        except (MillraceError, ValueError) as error:
            yield f"{uid}: {error}"
    store.close()
