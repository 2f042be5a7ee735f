"""The case "drain": the worker and its peer take turns at the same topic."""

from __future__ import annotations

from typing import Any, Final

from figures import median_of, pair_ratios, round_figures
from rig import Rig
from rounds import MILLRACE, PEER, run_round
from workload import PARTITIONS, SERIES, Workload

TOPICS: Final = "drain"


def measure(rig: Rig, *, events: int, pairs: int, say: Any) -> dict[str, Any]:
    """Return the case's part of the results: every round, the medians and the ratios."""
    workload = Workload.until_now(events)
    say(f"Loading {events:,} events.")
    rig.load(TOPICS, workload)
    rounds: list[dict[str, Any]] = []
    for pair in range(pairs):
        # Who goes first changes, so that neither always finds the machine warmer.
        for contender in (MILLRACE, PEER) if pair % 2 == 0 else (PEER, MILLRACE):
            done = run_round(rig, contender, TOPICS, workload, f"{contender.name}_{pair}")
            figures = round_figures(done)
            rounds.append({"pair": pair, **figures})
            say(f"Pair {pair + 1}: {contender.name} {figures['events_per_second']:,.0f} events/s.")
    names = (MILLRACE.name, PEER.name)
    return {
        "workload": {"events": events, "partitions": PARTITIONS, "series": SERIES},
        "rounds": rounds,
        "medians": {
            name: median_of([r for r in rounds if r["contender"] == name]) for name in names
        },
        "ratios": pair_ratios(rounds, *names),
    }
