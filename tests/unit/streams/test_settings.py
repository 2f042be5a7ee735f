"""Settings come from one place, and a mistyped one is not passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from millrace.schemas.errors import ConfigurationError
from millrace.streams.settings import Settings, load_settings, variable_names


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in variable_names():
        monkeypatch.delenv(name, raising=False)


def test_nested_names_reach_their_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_KAFKA__GROUP", "blue")
    monkeypatch.setenv("MILLRACE_LOG__JSON", "true")
    monkeypatch.setenv("MILLRACE_RETENTION__EVENTS", '{"default": 5}')
    settings = load_settings()
    assert settings.kafka.group == "blue"
    assert settings.log.json_lines
    assert settings.retention.events == {"default": 5}


def test_an_unknown_name_is_refused_with_the_nearest_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_SINK__MAX_ROW", "5")
    with pytest.raises(ConfigurationError, match="did you mean MILLRACE_SINK__MAX_ROWS"):
        load_settings()


def test_an_unknown_name_in_the_env_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MILLRACE_KAFKA__GROUPS=x\n")
    with pytest.raises(ConfigurationError, match="did you mean MILLRACE_KAFKA__GROUP"):
        load_settings()


def test_a_value_out_of_range_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_SINK__MAX_ROWS", "0")
    with pytest.raises(ConfigurationError, match="MILLRACE_SINK__MAX_ROWS"):
        load_settings()


@pytest.mark.requirement("METRIC-66")
def test_the_flush_limits_are_settings_within_the_required_ceiling() -> None:
    sink = Settings().sink
    assert sink.max_rows >= 1000
    assert sink.max_seconds <= 5.0


@pytest.mark.requirement("GAME-32", "IDENT-15", "WEBAPP-43")
def test_the_default_retention_is_the_required_one() -> None:
    retention = Settings().retention
    assert (retention.events["game"], retention.events["webapp"]) == (2, 7)
    assert 7 <= retention.events["default"] <= 30
    assert (retention.rollup_1m["default"], retention.rollup_1h["default"]) == (14, 90)
    assert retention.rollup_1d["game"] == 365


def test_settings_cannot_be_changed_and_secrets_do_not_show() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.kafka.group = "x"  # type: ignore[misc]
    assert "127.0.0.1:8123" not in repr(settings)
