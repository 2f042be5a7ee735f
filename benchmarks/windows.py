"""The case "windows": what live windows and live values cost, in time and in memory."""

from __future__ import annotations

from typing import Any, Final

from figures import median_of, pair_ratios, round_figures
from rig import Rig
from rounds import MILLRACE, WITHOUT_WINDOWS, run_round
from workload import PARTITIONS, Workload

SERIES: Final = 1_000
#: Series of which each has an open window of both sizes.
OPEN_SERIES: Final = 50_000
#: The requirements: the share of the rate that is left, and the memory that comes on top.
LEAST_RATIO: Final = 0.85
MOST_MB: Final = 300
_CONTENDERS: Final = (MILLRACE, WITHOUT_WINDOWS)


def measure(rig: Rig, *, events: int, pairs: int, say: Any) -> dict[str, Any]:
    """Return the case's part of the results: the rate with windows on and off, and the memory."""
    say(f"Loading {events:,} events of {SERIES:,} series.")
    workload = Workload.until_now(events, series=SERIES, apart=True)
    rig.load("windows", workload)
    rounds: list[dict[str, Any]] = []
    for pair in range(pairs):
        for contender in _CONTENDERS if pair % 2 == 0 else _CONTENDERS[::-1]:
            name = f"windows_{contender.name}_{pair}"
            figures = round_figures(run_round(rig, contender, "windows", workload, name))
            rounds.append({"pair": pair, **figures})
            say(f"Pair {pair + 1}: {contender.name} {figures['events_per_second']:,.0f} events/s.")
    names = [contender.name for contender in _CONTENDERS]
    ratios = pair_ratios(rounds, *names)
    return {
        "workload": {"events": events, "partitions": PARTITIONS, "series": SERIES},
        "rounds": rounds,
        "medians": {
            name: median_of([r for r in rounds if r["contender"] == name]) for name in names
        },
        "ratios": ratios,
        "within_ratio": ratios["median"] >= LEAST_RATIO,
        "memory": _memory(rig, say),
    }


def _memory(rig: Rig, say: Any) -> dict[str, Any]:
    """Drain what opens one window of each size for every series, with windows on and off."""
    # All of it within ten seconds, which may lie in two windows of ten seconds.
    workload = Workload.until_now(
        4 * OPEN_SERIES, rate=OPEN_SERIES // 2, series=OPEN_SERIES, apart=True
    )
    say(f"Loading {workload.events:,} events of {OPEN_SERIES:,} series.")
    rig.load("open_windows", workload)
    peaks = {
        contender.name: run_round(
            rig, contender, "open_windows", workload, f"open_{contender.name}"
        ).peak_rss_mb
        for contender in _CONTENDERS
    }
    more = peaks[MILLRACE.name] - peaks[WITHOUT_WINDOWS.name]
    say(f"Memory of {2 * OPEN_SERIES:,} open windows: {more:,.0f} MB more.")
    return {"open_windows": 2 * OPEN_SERIES, **peaks, "more_mb": more, "within": more < MOST_MB}
