"""``make test`` runs every test, fails when a part fails, and when too little is covered."""

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
    ("codes", "coverage", "verdict"),
    [
        ({}, 0, 0),
        ({"unit": 1}, 0, 1),
        ({"workers": 1}, 0, 1),
        ({"e2e": 1}, 0, 1),
        ({"unit": 5}, 0, 1),
        ({}, 2, 1),
    ],
)
def test_everything_must_pass(
    monkeypatch: pytest.MonkeyPatch, codes: dict[str, int], coverage: int, verdict: int
) -> None:
    started: list[str] = []
    asked: list[str] = []

    def start(name: str, data: Path, output: IO[bytes] | None) -> subprocess.Popen[bytes]:
        started.append(name)
        return ending(codes.get(name, 0), output)

    def run(command: list[str], *, check: bool) -> Any:
        asked.append(command[3])
        return subprocess.CompletedProcess(command, coverage if command[3] == "report" else 0)

    monkeypatch.setattr(run_tests, "start", start)
    monkeypatch.setattr(subprocess, "run", run)
    assert run_tests.main() == verdict
    assert asked == ["combine", "report"]
    assert sorted(started) == sorted(run_tests.PARTS)


def test_every_file_of_tests_is_in_one_part() -> None:
    root = Path(run_tests.__file__).parents[1]
    ran: list[Path] = []
    for arguments in run_tests.PARTS.values():
        left_out = [root / one.removeprefix("--ignore=") for one in arguments if "=" in one]
        folders = [root / one for one in arguments if "=" not in one]
        ran += [
            path
            for folder in folders
            for path in folder.rglob("test_*.py")
            if not any(path.is_relative_to(one) for one in left_out)
        ]
    assert sorted(ran) == sorted((root / "tests").rglob("test_*.py"))
