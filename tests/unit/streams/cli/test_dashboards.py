"""``millrace dashboards``: its messages and exit codes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from millrace.grafana import generate, lint
from millrace.schemas.errors import ConfigurationError
from millrace.streams.cli.dashboards import app

FRESH = "The dashboards are fresh and keep the rules.\n"


def test_fresh_files_need_no_writing() -> None:
    result = CliRunner().invoke(app, ["build"])
    assert (result.exit_code, result.output) == (0, "Every file is fresh.\n")


def test_what_was_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = generate.write
    monkeypatch.setattr(generate, "write", lambda: write(tmp_path))
    result = CliRunner().invoke(app, ["build"])
    assert (result.exit_code, result.output) == (0, "Wrote millrace-pipeline.json\n")


def test_check_passes_on_the_committed_files() -> None:
    result = CliRunner().invoke(app, ["check"])
    assert (result.exit_code, result.output) == (0, FRESH)


def test_drift_and_faults_fail_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "drift", lambda: iter(["a.json differs"]))
    monkeypatch.setattr(lint, "findings", lambda board: ["a rule is broken"])
    result = CliRunner().invoke(app, ["check"])
    assert (result.exit_code, result.output) == (1, "a.json differs\na rule is broken\n")


def test_without_the_sdk_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "grafana_foundation_sdk", None)
    result = CliRunner().invoke(app, ["check"])
    assert isinstance(result.exception, ConfigurationError)
    assert "millrace[grafana]" in str(result.exception)
