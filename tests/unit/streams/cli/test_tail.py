"""What ``millrace tail`` takes and how it shows what it is given."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console
from rich.live import Live
from window_builders import FakeRecord, record, tombstone, window

from millrace.streams.cli import main
from millrace.streams.cli.tail import Lines, Picture, Screen, json_line, tab_line
from millrace.streams.kept_windows import KeptWindows, WindowKey
from millrace.streams.local.ports import free_ports
from millrace.streams.window_board import COLUMNS


class SetClock:
    """A clock that stands still until it is told."""

    seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read no .env file, and find no broker."""
    monkeypatch.chdir(tmp_path)
    (port,) = free_ports(1)
    monkeypatch.setenv("MILLRACE_KAFKA__BOOTSTRAP_SERVERS", f"127.0.0.1:{port}")


def taken(kept: KeptWindows, *records: FakeRecord) -> list[WindowKey]:
    return [key for one in records if (key := kept.take(one))]


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["tail", *arguments])
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--tag", "region"], "KEY=VALUE, not 'region'", id="a tag without a value"),
        pytest.param(["--tag", "=eu"], "KEY=VALUE, not '=eu'", id="a tag without a key"),
        pytest.param(["--size", "0"], "'--size'", id="no size"),
        pytest.param(["--for", "-1"], "'--for'", id="backwards"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 2
    assert said in capsys.readouterr().err


def test_a_size_that_is_not_kept_is_told_with_those_that_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("--size", "30") == 1
    assert capsys.readouterr().err == (
        "millrace: There are no windows of 30 s: choose one of 10, 60 (MILLRACE_WINDOWS__SIZES)\n"
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param("MILLRACE_WINDOWS__ENABLED", "false", id="switched off"),
        pytest.param("MILLRACE_WINDOWS__SIZES", "[]", id="of no size"),
    ],
)
def test_windows_that_nobody_keeps(
    variable: str,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(variable, value)
    assert run() == 1
    assert "Live windows are switched off" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--json"], ["--once"], ["--for", "1"]])
def test_an_absent_broker_is_one_sentence(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 1
    said = capsys.readouterr().err
    assert said.startswith("millrace: The topic telemetry.windows could not be read: ")
    assert said.count("\n") == 1


def test_a_line_for_every_change_but_none_for_what_is_removed() -> None:
    written: list[str] = []
    lines, kept = Lines(written.append, tab_line), KeptWindows()
    lines.show([], kept)
    assert written == []
    keys = taken(kept, record(window(name="a")), record(window(name="b")))
    keys += taken(kept, tombstone(window(name="b")))
    lines.show(keys, kept)
    (text,) = written
    (line,) = text.splitlines()
    assert dict(zip(COLUMNS, line.split("\t"), strict=True))["name"] == "a"


def test_json_lines_show_the_window_over_all_partitions() -> None:
    written: list[str] = []
    kept = KeptWindows()
    keys = taken(kept, record(window([1.0])), record(window([3.0], partition=1)))
    Lines(written.append, json_line).show(keys[:1], kept)
    (shown,) = map(json.loads, written)
    assert (shown["count"], shown["sum"], shown["p99"]) == (2, 4.0, 3.0)
    assert "histogram" not in shown


def test_the_screen_is_drawn_again_only_when_something_changed_and_not_all_the_time() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=200, height=20)
    shown = console.file
    assert isinstance(shown, io.StringIO)
    clock, kept = SetClock(), KeptWindows()

    def drawn() -> str:
        text = shown.getvalue()
        shown.seek(0)
        shown.truncate()
        return text

    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        screen = Screen(live, clock)
        screen.show([], kept)
        assert "tenant" in drawn()
        screen.show(taken(kept, record(window(name="a"))), kept)
        assert drawn() == ""
        clock.seconds = 1.0
        screen.show([], kept)
        assert " a " in drawn()
        clock.seconds = 2.0
        screen.show([], kept)
        assert drawn() == ""
        screen.show(taken(kept, record(window(name="b"))), kept)
        assert " b " in drawn()


def test_one_picture_shows_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    kept = KeptWindows()
    keys = taken(kept, *(record(window(name=f"n{number}")) for number in range(50)))
    Picture(Console(width=120, height=10)).show(keys, kept)
    said = capsys.readouterr().out
    assert all(f" n{number} " in said for number in range(50))
