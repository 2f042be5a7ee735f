from __future__ import annotations

from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from millrace.clickhouse.embedded import EmbeddedServer
from millrace.schemas.errors import ConfigurationError, StoreError
from millrace.streams.cli import migrate
from millrace.streams.cli.query import query

pytestmark = pytest.mark.integration

one_command = Typer()
one_command.command()(query)


def run(app: Typer, *arguments: str) -> tuple[str, BaseException | None]:
    result = CliRunner().invoke(app, list(arguments))
    return result.output, result.exception


@pytest.fixture
def settings(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_CLICKHOUSE__URL", store_url)


@pytest.mark.requirement("GAME-36")
def test_migrate_and_its_status(settings: None) -> None:
    output, _ = run(migrate.app, "status")
    assert "0001  events                down" in output
    output, _ = run(migrate.app, "--dry-run")
    assert "CREATE TABLE events" in output
    assert "MODIFY TTL" in output
    output, _ = run(migrate.app)
    assert output.startswith("Applied 0001_events\n")
    assert output.endswith("The store is up to date.\n")
    assert run(migrate.app)[0] == "The store is up to date.\n"
    output, _ = run(migrate.app, "status")
    assert "down" not in output
    assert "0001  events                up        20" in output


def test_query_on_the_configured_store(settings: None) -> None:
    assert run(one_command, "--format", "CSV", "SELECT 1, 'a'")[0] == '1,"a"\n'
    assert "│ 1 │" in run(one_command, "SELECT 1")[0]
    _, error = run(one_command, "CREATE TABLE x (a UInt8) ENGINE = Memory")
    assert isinstance(error, StoreError)
    assert error.code == 164


def test_query_on_a_kept_store_running_or_not(tmp_path: Path) -> None:
    pytest.importorskip("chdb")
    sql = ("--data", str(tmp_path), "--format", "TSV", "SELECT 2")
    _, error = run(one_command, *sql)
    assert isinstance(error, ConfigurationError)
    assert not list(tmp_path.iterdir())
    with EmbeddedServer(tmp_path / "clickhouse"):
        assert run(one_command, *sql)[0] == "2\n"
    assert run(one_command, *sql)[0] == "2\n"
    _, error = run(one_command, "--data", str(tmp_path), "SELECT nope")
    assert isinstance(error, StoreError)
