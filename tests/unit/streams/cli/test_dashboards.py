"""``millrace dashboards``: its messages and exit codes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from millrace.grafana import generate, lint
from millrace.grafana.generated import dashboards
from millrace.schemas.errors import ConfigurationError
from millrace.streams.cli.dashboards import app

FRESH = "The dashboards and alerts are fresh and keep the rules.\n"


def test_fresh_files_need_no_writing() -> None:
    result = CliRunner().invoke(app, ["build"])
    assert (result.exit_code, result.output) == (0, "Every file is fresh.\n")


def test_what_was_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = generate.write
    monkeypatch.setattr(generate, "write", lambda: write(tmp_path))
    result = CliRunner().invoke(app, ["build"])
    assert result.exit_code == 0
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.json")}
    assert {"en/millrace-pipeline.json", "alerts/pl/pipeline.json"} <= written
    assert set(result.output.splitlines()) == {f"Wrote {name}" for name in written}


def test_check_passes_on_the_committed_files() -> None:
    result = CliRunner().invoke(app, ["check"])
    assert (result.exit_code, result.output) == (0, FRESH)


def test_drift_and_faults_fail_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "drift", lambda: iter(["a.json differs"]))
    monkeypatch.setattr(lint, "findings", lambda board: [f"{board['uid']} breaks a rule"])
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    broken = [f"{uid} breaks a rule" for uid in dashboards()]
    assert result.output.splitlines() == ["a.json differs", *broken]


def test_without_the_sdk_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "grafana_foundation_sdk", None)
    result = CliRunner().invoke(app, ["check"])
    assert isinstance(result.exception, ConfigurationError)
    assert "millrace[grafana]" in str(result.exception)
