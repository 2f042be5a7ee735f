"""Runs every test, in two processes side by side, and reports the coverage of both together.

The end-to-end tests spend their time waiting for other processes, the others compute. Each half has
a broker and a store of its own. ``make test ARGS=...`` runs pytest with these arguments instead.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Final

HALVES: Final = {
    "unit": ["tests/unit", "tests/contract", "tests/integration"],
    "e2e": ["tests/e2e"],
}


def start(name: str, data: Path, output: IO[bytes] | None) -> subprocess.Popen[bytes]:
    """Start the tests of one half; it talks to ``output``, else to the terminal."""
    command = [sys.executable, "-m", "pytest", "--cov", "--cov-report=", "--cov-fail-under=0"]
    return subprocess.Popen(
        [*command, f"-ocache_dir=.pytest_cache/{name}", *HALVES[name]],
        env={**os.environ, "COVERAGE_FILE": str(data / f".coverage.{name}")},
        stdout=output,
        stderr=output and subprocess.STDOUT,
    )


def main() -> int:
    """Run both halves; 0 when all tests passed and enough is covered."""
    with tempfile.TemporaryDirectory(prefix="millrace-tests-") as scratch:
        data, later = Path(scratch), Path(scratch) / "e2e.txt"
        with later.open("wb") as output:
            end_to_end = start("e2e", data, output)
            print("== tests/e2e runs beside the others and is printed after them", flush=True)
            failed = start("unit", data, None).wait()
            failed |= end_to_end.wait()
        print("== tests/e2e", later.read_text(), sep="\n", flush=True)
        files = [str(data / f".coverage.{name}") for name in HALVES]
        coverage = [sys.executable, "-m", "coverage"]
        subprocess.run([*coverage, "combine", "--quiet", *files], check=True)
        covered = subprocess.run([*coverage, "report"], check=False).returncode
    return 1 if failed or covered else 0


if __name__ == "__main__":
    sys.exit(main())
