"""``make test`` fails when a half fails, and when too little is covered."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest
import run_tests


def ending(code: int, output: IO[bytes] | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", f"exit({code})"], stdout=output)


@pytest.mark.requirement("METRIC-74")
@pytest.mark.parametrize(
    ("unit", "e2e", "coverage", "verdict"),
    [(0, 0, 0, 0), (1, 0, 0, 1), (0, 1, 0, 1), (0, 0, 2, 1), (5, 0, 0, 1)],
)
def test_everything_must_pass(
    monkeypatch: pytest.MonkeyPatch, unit: int, e2e: int, coverage: int, verdict: int
) -> None:
    codes = {"unit": unit, "e2e": e2e}
    asked = []

    def start(name: str, data: Path, output: IO[bytes] | None) -> subprocess.Popen[bytes]:
        return ending(codes[name], output)

    def run(command: list[str], *, check: bool) -> Any:
        asked.append(command[3])
        return subprocess.CompletedProcess(command, coverage if command[3] == "report" else 0)

    monkeypatch.setattr(run_tests, "start", start)
    monkeypatch.setattr(subprocess, "run", run)
    assert run_tests.main() == verdict
    assert asked == ["combine", "report"]


def test_every_folder_of_tests_is_in_a_half() -> None:
    folders = {folder for half in run_tests.HALVES.values() for folder in half}
    tests = Path(run_tests.__file__).parents[1] / "tests"
    found = {
        f"tests/{path.name}"
        for path in tests.iterdir()
        if path.is_dir() and any(path.rglob("test_*.py"))
    }
    assert folders == found
