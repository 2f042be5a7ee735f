"""The suite's table: what was broken in each case, which steps the kills hit, what it took."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .scene import Outcome
from .steps import Step

_HEAD = ("case", "seed", "kills", "steps hit", "injected", "events", "MB", "s", "")


def table(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the table as lines of text, with a line of all steps below."""
    rows = [_HEAD, *(_row(as_dict(outcome)) for outcome in outcomes)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEAD))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    steps = sum((outcome.steps for outcome in outcomes), Counter[Step]())
    return [*lines, "steps hit: " + ", ".join(f"{step} {steps[step]}" for step in Step)]


def markdown(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows of ``as_dict``, of any number of rounds, as one table a case in Markdown."""
    cases: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        cases.setdefault(row["case"], []).append(row)
    lines = ["| case | rounds | kills | steps hit | injected | events | most MB | s | failed |"]
    lines.append("|---|--:|--:|---|---|--:|--:|--:|---|")
    for case, found in cases.items():
        failed = ", ".join(f"seed {row['seed']}" for row in found if not row["ok"]) or "none"
        lines.append(
            f"| {case} | {len(found)} | {sum(row['kills'] for row in found)} "
            f"| {_pairs(_added(found, 'steps'))} | {_pairs(_added(found, 'injected'))} "
            f"| {sum(row['events'] for row in found):,} | {max(row['rss'] for row in found)} "
            f"| {sum(row['seconds'] for row in found):.0f} | {failed} |"
        )
    every = [row for found in cases.values() for row in found]
    steps = _added(every, "steps")
    lines += ["", "Kills by step: " + ", ".join(f"{step} {steps[step]}" for step in Step) + "."]
    return "\n".join(lines) + "\n"


def as_dict(outcome: Outcome) -> dict[str, Any]:
    """Return one outcome as what JSON can hold."""
    return {
        "case": outcome.case,
        "seed": outcome.seed,
        "kills": outcome.kills,
        "steps": {str(step): count for step, count in outcome.steps.items()},
        "injected": dict(outcome.injected),
        "events": outcome.events,
        "rss": outcome.rss_peak >> 20,
        "seconds": round(outcome.seconds, 1),
        "ok": outcome.ok,
    }


def append(file: str, outcome: Outcome) -> None:
    """Append an outcome to a file of JSON lines; without a name nothing is written."""
    if file:
        with Path(file).open("a") as output:
            output.write(json.dumps(as_dict(outcome)) + "\n")


def _row(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        row["case"],
        str(row["seed"]),
        str(row["kills"]),
        _pairs(row["steps"]),
        _pairs(row["injected"]),
        f"{row['events']:,}",
        str(row["rss"]),
        str(row["seconds"]),
        "ok" if row["ok"] else "FAILED",
    )


def _pairs(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {counts[name]}" for name in sorted(counts)) or "-"


def _added(rows: Iterable[Mapping[str, Any]], what: str) -> Counter[str]:
    return sum((Counter(row[what]) for row in rows), Counter[str]())
