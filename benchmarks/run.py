"""`make bench`: runs the cases, prints the figures and keeps them."""

from __future__ import annotations

import os
import sys
from typing import Any, Final

import dashboards
import drain
import memory
import stages
import windows
from report import earlier, machine, result, save, show
from rich.console import Console
from rig import rig
from rounds import BenchmarkError

from millrace.schemas.errors import MillraceError

CASES: Final = ("drain", "stages", "memory", "windows", "dashboards")


def chosen(text: str) -> list[str]:
    """Return the cases named in ``text``, separated by commas or blanks; all when it is empty.

    Raises BenchmarkError for a name that is no case.
    """
    names = text.replace(",", " ").split()
    for name in names:
        if name not in CASES:
            raise BenchmarkError(f"There is no case {name}; choose from {', '.join(CASES)}")
    return names or list(CASES)


def run(cases: list[str], *, quick: bool, console: Console) -> None:
    """Run the cases on one broker and one store, then show and keep the results."""
    facts = machine()
    busy = facts["load_before"]
    console.print(f"{facts['cpus']} x {facts['cpu']}, load average {busy:.1f} before the start.")
    if busy > 1:
        console.print("The machine is busy with something else; the figures will suffer from it.")
    found: dict[str, Any] = {}
    with rig() as shared:
        if "stages" in cases:
            found["stages"] = stages.measure(shared, say=console.print)
        if "drain" in cases:
            events, pairs = (300_000, 2) if quick else (1_000_000, 3)
            found["drain"] = drain.measure(shared, events=events, pairs=pairs, say=console.print)
        if "memory" in cases:
            events = 1_000_000 if quick else 5_000_000
            found["memory"] = memory.measure(shared, events=events, say=console.print)
        if "windows" in cases:
            events, pairs = (300_000, 2) if quick else (1_000_000, 3)
            found["windows"] = windows.measure(
                shared, events=events, pairs=pairs, say=console.print
            )
        if "dashboards" in cases:
            days = 14 if quick else 90
            found["dashboards"] = dashboards.measure(shared, days=days, say=console.print)
    whole = result(found, facts, quick=quick)
    show(whole, earlier(whole), console)
    console.print(f"Kept in {save(whole).name}.")


def main() -> int:
    """Read CASES and QUICK from the environment; return the exit code."""
    quick = os.environ.get("QUICK", "0") not in ("", "0")
    try:
        run(chosen(os.environ.get("CASES", "")), quick=quick, console=Console())
    except (BenchmarkError, MillraceError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
