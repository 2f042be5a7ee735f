"""The ``millrace`` command: one module a command, loaded only when it is the one asked for.

A module has either ``app``, a typer application of several commands, or a function named like the
command. Exit codes: 0 done, 1 it failed or a promise is not kept, 2 wrong usage, 130 Ctrl-C.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

import typer

from millrace.schemas.errors import MillraceError

#: Every command with what it does, in the order in which the help lists them.
COMMANDS: Final = {
    "up": "Run the whole pipeline on this machine until Ctrl-C.",
    "demo": "Run the pipeline with live and simulated events, or a file's, and prove the result.",
    "worker": "Run one worker: Kafka to ClickHouse.",
    "produce": "Publish the lines of a file to a topic.",
    "tail": "Show live windows as they come.",
    "query": "Run read-only SQL on the store.",
    "reconcile": "Compare the log, the ledger, the raw events and the rollups.",
    "migrate": "Bring the store's tables up to date.",
    "topics": "Look at the topics; give them more partitions.",
    "catalogue": "List and check the known events, show their tags' budgets.",
    "dashboards": "Build and check Grafana's dashboards.",
    "dead-letters": "Look at the events that were refused, store them after all, or delete them.",
    "doctor": "Check that every promise can be kept here.",
}

_HELP: Final = """\
Millrace: telemetry events from Kafka into ClickHouse, exactly once.

Example: millrace demo --seconds 20
"""


def application(arguments: Sequence[str]) -> typer.Typer:
    """Return the application in which the command that ``arguments`` names is loaded.

    The others are there by name and help only, so that the help costs no imports.
    """
    wanted = next((one for one in arguments if not one.startswith("-")), "")
    app = typer.Typer(
        name="millrace",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback(help=_HELP)(_options)
    for name, summary in COMMANDS.items():
        if name == wanted:
            _load(app, name, summary)
        else:
            app.command(name, short_help=summary)(_not_loaded)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave the process with its exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        application(given)(args=given, prog_name="millrace")
    except MillraceError as error:
        print(f"millrace: {error}", file=sys.stderr)
        sys.exit(1)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("millrace"):
            raise
        print(
            f"millrace: this command needs the package {error.name}; install millrace[all]",
            file=sys.stderr,
        )
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _load(app: typer.Typer, name: str, summary: str) -> None:
    attribute = name.replace("-", "_")
    module = import_module(f"{__name__}.{attribute}")
    group = getattr(module, "app", None)
    if isinstance(group, typer.Typer):
        app.add_typer(group, name=name, help=group.info.help or summary, short_help=summary)
    else:
        app.command(name, short_help=summary)(getattr(module, attribute))


def _show_version(wanted: bool) -> None:
    if wanted:
        # Slow to look up, and hardly ever asked for.
        from importlib.metadata import version

        typer.echo(version("millrace"))
        raise typer.Exit


def _options(
    version: bool = typer.Option(
        False, "--version", help="Show the version.", callback=_show_version, is_eager=True
    ),
) -> None:
    """Take the options that go before the command."""


def _not_loaded() -> None:
    raise AssertionError("only the command that was asked for is ever run")
