"""``millrace up``: the whole pipeline on this machine."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from millrace.streams.local.data_directory import data_directory
from millrace.streams.local.pipeline import Pipeline
from millrace.streams.local.signals import sigterm_is_ctrl_c
from millrace.streams.settings import load_settings

_LOOK_SECONDS = 0.5

Data = Annotated[
    Path | None,
    typer.Option(help="Keep store and log in this directory; else they go with the run."),
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port of the preview; 0 finds one.")]


def up(data: Data = None, port: Port = 0) -> None:
    """Run broker, store, worker and dashboard preview until Ctrl-C.

    Every part is a process of its own, on 127.0.0.1. A second start on the same directory
    continues where the first one stopped.

    Example: millrace up --data ./telemetry
    """
    settings = load_settings()
    with sigterm_is_ctrl_c(), data_directory(data) as directory:
        try:
            with Pipeline(directory, settings, environment=os.environ, say=typer.echo) as pipeline:
                _show(pipeline, port)
                _wait(pipeline)
        except KeyboardInterrupt:
            typer.echo("Stopped.")


def _show(pipeline: Pipeline, port: int) -> None:
    reached = pipeline.settings
    typer.echo(f"Kafka:   {reached.kafka.bootstrap_servers}")
    typer.echo(f"Store:   {reached.clickhouse.url.get_secret_value()}")
    typer.echo(f"Preview: {pipeline.preview(port)}")
    typer.echo(f"Data:    {pipeline.data}")
    typer.echo("Running; Ctrl-C stops it.")


def _wait(pipeline: Pipeline) -> NoReturn:
    while True:
        pipeline.check()
        time.sleep(_LOOK_SECONDS)
