from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from millrace.streams.local.data_directory import exclusive
from millrace.streams.local.environment import (
    environment_of,
    published_environment,
    read_environment,
)
from millrace.streams.settings import (
    ClickHouseSettings,
    KafkaSettings,
    LogSettings,
    RetentionSettings,
    Settings,
    load_settings,
)


def changed(folder: Path) -> Settings:
    return Settings(
        kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1", topic_prefix="p.", partitions=7),
        clickhouse=ClickHouseSettings(url=SecretStr("http://u:pw@127.0.0.1:2/db"), timeout=3),
        retention=RetentionSettings(events={"default": 3, "game": 1}),
        log=LogSettings.model_validate({"json": True}),
        catalogue=str(folder / "own.toml"),
        actor_key=SecretStr("key"),
        telemetry_seconds=0,
    )


def test_another_process_reads_the_same_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = changed(tmp_path)
    for name in [name for name in os.environ if name.startswith("MILLRACE_")]:
        monkeypatch.delenv(name)
    for name, value in environment_of(settings, {}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    assert load_settings() == settings


def test_what_was_set_before_does_not_shine_through(tmp_path: Path) -> None:
    inherited = {"HOME": "/h", "MILLRACE_KAFKA__GROUP": "other", "MILLRACE_NO_SUCH": "1"}
    environment = environment_of(changed(tmp_path), inherited)
    assert environment["HOME"] == "/h"
    assert environment["MILLRACE_KAFKA__GROUP"] == "millrace"
    assert "MILLRACE_NO_SUCH" not in environment


def test_a_running_pipeline_can_be_found_by_its_directory(tmp_path: Path) -> None:
    settings = changed(tmp_path)
    assert read_environment(tmp_path) is None
    with exclusive(tmp_path):
        assert read_environment(tmp_path) is None
        with published_environment(tmp_path, settings):
            assert read_environment(tmp_path) == environment_of(settings, {})
            mode = (tmp_path / "environment.json").stat().st_mode
            assert mode & 0o077 == 0
    assert read_environment(tmp_path) is None
    assert not (tmp_path / "environment.json").exists()


def test_what_a_killed_pipeline_left_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "environment.json").write_text('{"MILLRACE_KAFKA__GROUP": "stale"}')
    assert read_environment(tmp_path) is None
    with exclusive(tmp_path), published_environment(tmp_path, changed(tmp_path)):
        assert (read_environment(tmp_path) or {})["MILLRACE_KAFKA__GROUP"] == "millrace"
