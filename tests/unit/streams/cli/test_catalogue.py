from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from millrace.schemas.catalogue_files import load_catalogue
from millrace.schemas.errors import CatalogueError, ConfigurationError
from millrace.streams.cli.catalogue import app

FAULTY = '[namespace]\nname = "shop"\n[events."shop.paid"]\nkind = "timer"\n'
SOUND = '[namespace]\nname = "identity"\n[events."auth.token.used"]\nkind = "counter"\n'


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.requirement("GAME-59")
def test_list_shows_every_declaration_one_a_line_when_piped() -> None:
    result = run("list")
    assert result.exit_code == 0
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    expected = [event.name for _, event in load_catalogue().declarations]
    assert [cells[1] for cells in lines] == expected
    assert {len(cells) for cells in lines} == {7}


@pytest.mark.requirement("GAME-59")
def test_list_of_one_namespace_as_json() -> None:
    facts = json.loads(run("list", "--namespace", "game", "--json").stdout)
    assert len(facts) == 11
    login = next(one for one in facts if one["name"] == "bezgelor.auth.login_complete")
    assert (login["kind"], login["measurements"]) == ("histogram", {"duration_ms": "ms"})
    assert login["tags"] == ["success", "world_id", "zone_id"]


def test_list_of_an_unknown_namespace_names_the_known_ones() -> None:
    error = run("list", "--namespace", "gmae").exception
    assert isinstance(error, ConfigurationError)
    assert "gmae" in str(error)
    assert "game" in str(error)


def test_list_counts_the_users_own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "more.toml"
    path.write_text(SOUND, encoding="utf-8")
    monkeypatch.setenv("MILLRACE_CATALOGUE", str(path))
    assert "auth.token.used" in run("list").stdout


def test_check_accepts_a_sound_file_and_points_at_an_odd_name(tmp_path: Path) -> None:
    path = tmp_path / "more.toml"
    path.write_text(SOUND, encoding="utf-8")
    result = run("check", str(path))
    assert result.exit_code == 0
    assert "1 file of your own" in result.stdout
    assert "auth.token.used" in result.stderr
    assert "auth.token.used" not in result.stdout


def test_check_fails_on_a_faulty_file(tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text(FAULTY, encoding="utf-8")
    result = run("check", str(path))
    assert result.exit_code == 1
    assert isinstance(result.exception, CatalogueError)
    assert str(result.exception).startswith(f'{path}: [events."shop.paid"] kind')


@pytest.mark.parametrize("command", ["list", "check", "budgets"])
def test_help_has_an_example(command: str) -> None:
    assert f"Example: millrace catalogue {command}" in run(command, "--help").stdout
