"""``millrace dead-letters``: what was refused, why, and what may still become of it."""

from __future__ import annotations

import typer

from millrace.streams.cli.dead_letters import change, look

app = typer.Typer(
    help="Look at the events that were refused, store them after all, or delete them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("list")(look.list_letters)
app.command("show")(look.show_letter)
app.command("export")(look.export_letters)
app.command("redrive")(change.redrive_letters)
app.command("purge")(change.purge_letters)
app.command("resume")(change.resume_partitions)
