"""Runs every test, in three processes side by side, and reports the coverage of all together.

The tests with workers spend much of their time waiting for other processes, the others compute.
Each part has a broker and a store of its own. ``make test ARGS=...`` runs pytest with these
arguments instead.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Final

_WORKERS: Final = "tests/integration/streams"
#: What each part runs; the first one talks to the terminal, the others are printed after it.
PARTS: Final = {
    "unit": ["tests/unit", "tests/contract", "tests/integration", f"--ignore={_WORKERS}"],
    "workers": [_WORKERS],
    "e2e": ["tests/e2e"],
}


def start(name: str, data: Path, output: IO[bytes] | None) -> subprocess.Popen[bytes]:
    """Start the tests of one part; it talks to ``output``, else to the terminal."""
    command = [sys.executable, "-m", "pytest", "--cov", "--cov-report=", "--cov-fail-under=0"]
    return subprocess.Popen(
        [*command, f"-ocache_dir=.pytest_cache/{name}", *PARTS[name]],
        env={**os.environ, "COVERAGE_FILE": str(data / f".coverage.{name}")},
        stdout=output,
        stderr=output and subprocess.STDOUT,
    )


def main() -> int:
    """Run all parts; 0 when all tests passed and enough is covered."""
    with tempfile.TemporaryDirectory(prefix="millrace-tests-") as scratch:
        data = Path(scratch)
        first, *others = PARTS
        running = {}
        for name in others:
            with (data / f"{name}.txt").open("wb") as output:
                running[name] = start(name, data, output)
        print(f"== {', '.join(others)} run beside {first} and are printed after it", flush=True)
        failed = start(first, data, None).wait()
        for name, process in running.items():
            failed |= process.wait()
            print(f"== {name}", (data / f"{name}.txt").read_text(), sep="\n", flush=True)
        files = [str(data / f".coverage.{name}") for name in PARTS]
        coverage = [sys.executable, "-m", "coverage"]
        subprocess.run([*coverage, "combine", "--quiet", *files], check=True)
        covered = subprocess.run([*coverage, "report"], check=False).returncode
    return 1 if failed or covered else 0


if __name__ == "__main__":
    sys.exit(main())
