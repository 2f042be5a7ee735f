"""The arithmetic of the results: rates, medians and ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rounds import Round

Figures = Mapping[str, Any]


def round_figures(done: Round) -> dict[str, Any]:
    """Return a round's figures; seconds of CPU are for a million events, so us for one."""
    millions = done.events / 1_000_000
    return {
        "contender": done.contender,
        "seconds": done.seconds,
        "first_seconds": done.first_seconds,
        "events_per_second": done.events / done.seconds,
        "worker_cpu": done.cpu.worker / millions,
        "store_cpu": done.cpu.store / millions,
        "broker_cpu": done.cpu.broker / millions,
        "others_cpus": done.cpu.others / done.seconds,
        "peak_rss_mb": done.peak_rss_mb,
    }


def median_of(rounds: Sequence[Figures]) -> dict[str, float]:
    """Return the median of each figure over some rounds."""
    if not rounds:
        raise ValueError("there is no round to take a median of")
    names = [name for name, value in rounds[0].items() if isinstance(value, float)]
    return {name: median(float(figures[name]) for figures in rounds) for name in names}


def pair_ratios(rounds: Sequence[Figures], ours: str, theirs: str) -> dict[str, Any]:
    """Return how many times faster ours was, pair by pair, and the median of that."""
    rates = {(r["pair"], r["contender"]): float(r["events_per_second"]) for r in rounds}
    pairs = sorted({pair for pair, _ in rates})
    ratios = [rates[pair, ours] / rates[pair, theirs] for pair in pairs]
    return {"pairs": ratios, "median": median(ratios)}


def per_event(seconds: Sequence[float], events: int) -> float:
    """Return the median of some timings as microseconds an event."""
    return median(seconds) / events * 1_000_000
