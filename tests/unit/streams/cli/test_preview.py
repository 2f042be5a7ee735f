"""``millrace dashboards preview``: which store it opens, and that it stops when told."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from typer.testing import CliRunner

from millrace.clickhouse.client import Store
from millrace.grafana import preview as page
from millrace.streams.cli import preview
from millrace.streams.cli.dashboards import app


class OneStore:
    """A store that is closed once."""

    def __init__(self) -> None:
        self.closed = 0

    def json(self, _sql: str) -> bytes:
        return b"{}"

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> OneStore:
    one = OneStore()

    def stop(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", stop)
    monkeypatch.setattr(page, "build_pages", lambda _cache, _say: None)
    return one


def test_a_url_is_connected_to_and_closed(monkeypatch: pytest.MonkeyPatch, store: OneStore) -> None:
    asked: list[str] = []

    def connect(url: str) -> OneStore:
        asked.append(url)
        return store

    monkeypatch.setattr(Store, "connect", connect)
    result = CliRunner().invoke(app, ["preview", "--url", "http://store:8123/millrace"])
    assert result.exit_code == 0
    assert asked == ["http://store:8123/millrace"]
    assert "Preview: http://127.0.0.1:" in result.output
    assert result.output.endswith("Stopped.\n")
    assert store.closed == 1


def test_a_directory_is_opened(
    monkeypatch: pytest.MonkeyPatch, store: OneStore, tmp_path: Path
) -> None:
    asked: list[Path | None] = []

    def kept(data: Path | None) -> AbstractContextManager[OneStore]:
        asked.append(data)
        return nullcontext(store)

    monkeypatch.setattr(preview, "kept_or_configured", kept)
    result = CliRunner().invoke(app, ["preview", "--data", str(tmp_path)])
    assert result.exit_code == 0
    assert asked == [tmp_path]
