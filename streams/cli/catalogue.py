"""``millrace catalogue``: show every declared event, check files, see what budgets are used up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from millrace.clickhouse.client import Store
from millrace.clickhouse.migrate import check_applied
from millrace.schemas.catalogue import Catalogue, Declaration, Namespace
from millrace.schemas.catalogue_files import load_catalogue
from millrace.schemas.errors import ConfigurationError
from millrace.schemas.naming import advice
from millrace.streams.budget_usage import BudgetUse, budget_uses
from millrace.streams.cli.where import settings_of
from millrace.streams.settings import load_settings

app = typer.Typer(
    help="Show and check the catalogue of known events, and the budgets of their tags.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_COLUMNS = ("namespace", "name", "kind", "measurements", "tags", "attributes", "status")
_BUDGETS = (
    *("tenant", "namespace", "name", "tag", "values", "budget", "used"),
    *("overflowed", "refused"),
)


@app.command("list")
def list_events(
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="Only this namespace.")] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document instead of a table.")
    ] = False,
) -> None:
    """List every declared event: what it measures and what it may carry.

    Files named by MILLRACE_CATALOGUE count in. When the output is piped, a line has the columns
    separated by tabs.

    Example: millrace catalogue list --namespace game
    """
    catalogue = load_catalogue(load_settings().catalogue_files)
    _check_known(catalogue, namespace)
    chosen = [
        (owner, declaration)
        for owner, declaration in catalogue.declarations
        if namespace in ("", owner.name)
    ]
    if as_json:
        typer.echo(json.dumps([_facts(*one) for one in chosen], indent=2, ensure_ascii=False))
    else:
        _print(_COLUMNS, list(_rows(chosen)), f"{len(chosen)} events")


@app.command("check")
def check_files(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files to check on top of the shipped ones.", show_default=False),
    ] = None,
) -> None:
    """Check catalogue files; exit 1 at the first fault, naming file, table and key.

    Without a file, those named by MILLRACE_CATALOGUE are checked. A name that breaks the naming
    convention is only pointed out.

    Example: millrace catalogue check shop.toml
    """
    extra = tuple(files) if files else load_settings().catalogue_files
    catalogue = load_catalogue(extra)
    for sentence in advice(catalogue, load_catalogue()):
        typer.echo(f"Note: {sentence}.", err=True)
    typer.echo(_summary(catalogue, len(extra)))


@app.command("budgets")
def show_budgets(
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="Only this namespace.")] = "",
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Data directory of a running `millrace up` or `demo`."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document instead of a table.")
    ] = False,
) -> None:
    """Show how many distinct values each tag has had, of how many it may have.

    Every partition of the log has the budget for itself; shown is the one that knows most values.
    First come the tags that made most events overflow or be refused. When the output is piped, a
    line has the columns separated by tabs.

    Example: millrace catalogue budgets --namespace game
    """
    settings = settings_of(data)
    catalogue = load_catalogue(settings.catalogue_files)
    _check_known(catalogue, namespace)
    clickhouse = settings.clickhouse
    store = Store.connect(clickhouse.url.get_secret_value(), timeout=clickhouse.timeout)
    check_applied(store)
    uses = budget_uses(store, catalogue, namespace)
    if as_json:
        typer.echo(json.dumps([use.as_dict() for use in uses], indent=2, ensure_ascii=False))
    elif uses:
        _print(_BUDGETS, [_cells(use) for use in uses], f"{len(uses)} tags")
    else:
        whose = f"of namespace {namespace} " if namespace else ""
        typer.echo(f"No tag {whose}has had a value yet.", err=True)


def _check_known(catalogue: Catalogue, namespace: str) -> None:
    if namespace and namespace not in catalogue.namespaces:
        known = ", ".join(catalogue.namespaces)
        raise ConfigurationError(f"There is no namespace {namespace}; there are {known}")


def _summary(catalogue: Catalogue, extra: int) -> str:
    events = sum(1 for _ in catalogue.declarations)
    files = {0: "", 1: ", 1 file of your own"}.get(extra, f", {extra} files of your own")
    return (
        f"The catalogue is sound: {len(catalogue.namespaces)} namespaces, {events} events{files};"
        f" fingerprint {catalogue.fingerprint[:12]}."
    )


def _facts(namespace: Namespace, declaration: Declaration) -> dict[str, Any]:
    return {
        "namespace": namespace.name,
        "name": declaration.name,
        "kind": declaration.kind.value,
        "measurements": dict(declaration.measurements),
        "tags": sorted(declaration.tags),
        "attributes": sorted(declaration.attributes),
        "distinct": sorted(declaration.distinct),
        "retention_class": namespace.retention_class,
        "tracked": declaration.tracked,
        "status": declaration.status,
        "description": declaration.description,
    }


def _print(columns: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> None:
    console = Console()
    if not console.is_terminal:
        for cells in rows:
            typer.echo("\t".join(cells))
        return
    table = Table(*columns, caption=caption, header_style="bold")
    for cells in rows:
        table.add_row(*map(escape, cells))
    console.print(table)


def _cells(use: BudgetUse) -> tuple[str, ...]:
    return (
        use.tenant,
        use.namespace,
        use.name,
        use.key,
        str(use.values),
        str(use.budget),
        f"{use.used:.0%}",
        str(use.overflowed),
        str(use.refused),
    )


def _rows(chosen: Sequence[tuple[Namespace, Declaration]]) -> Iterator[tuple[str, ...]]:
    for namespace, declaration in chosen:
        yield (
            namespace.name,
            declaration.name,
            declaration.kind.value,
            ", ".join(f"{key} ({unit})" for key, unit in declaration.measurements.items()),
            ", ".join(sorted(declaration.tags)),
            ", ".join(sorted(declaration.attributes)),
            declaration.status if declaration.tracked else "not tracked",
        )
