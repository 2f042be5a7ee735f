"""The long fault suite: rounds of all cases with new seeds until the minutes are over.

``python tools/fault_rounds.py --minutes 60 [--seed N] [--output build/faults.md]``. Each round is
one run of tests/e2e/faults at full length. The first round that fails ends it; its seed replays it:
``FAULTS_SEED=N FAULTS_LONG=1 pytest tests/e2e/faults``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO / "tests" / "support"))

from faults.report import markdown  # noqa: E402


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rounds and write the summary; returns 1 when a round failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--output", type=Path, default=REPO / "build" / "faults.md")
    options, rest = parser.parse_known_args(arguments)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    results = options.output.with_suffix(".jsonl")
    results.unlink(missing_ok=True)
    began, rounds, code = time.monotonic(), 0, 0
    while code == 0 and (rounds == 0 or time.monotonic() - began < options.minutes * 60):
        seed = options.seed + rounds
        print(f"Round {rounds + 1}: FAULTS_SEED={seed}", flush=True)
        code = _round(seed, results, rest)
        rounds += 1
    minutes = (time.monotonic() - began) / 60
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    head = f"{rounds} rounds in {minutes:.0f} minutes, first seed {options.seed}.\n\n"
    options.output.write_text(head + markdown(rows))
    print(options.output.read_text())
    return code


def _round(seed: int, results: Path, arguments: Sequence[str]) -> int:
    environment = {
        **os.environ,
        "FAULTS_SEED": str(seed),
        "FAULTS_LONG": "1",
        "FAULTS_RESULTS": str(results.resolve()),
    }
    command = [sys.executable, "-m", "pytest", "tests/e2e/faults", "-x", "--no-header", "-q"]
    return subprocess.run([*command, *arguments], cwd=REPO, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
