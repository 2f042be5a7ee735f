"""The case "memory": how much a worker ever holds while it drains millions of events."""

from __future__ import annotations

from typing import Any, Final

import psutil
from figures import round_figures
from rig import Rig
from rounds import MILLRACE, run_round
from usage import MEGABYTE
from workload import Workload

#: The requirement on a worker.
LIMIT_MB: Final = 700
TOPICS: Final = "memory"
_STEPS: Final = 10


class Samples:
    """Notes the memory held as each tenth of the events is stored."""

    def __init__(self, events: int) -> None:
        self._step = events // _STEPS
        self.found: list[dict[str, float]] = []

    def take(self, pid: int, events: int) -> None:
        """Take a sample when the next tenth is reached."""
        if events >= self._step * (len(self.found) + 1):
            held = psutil.Process(pid).memory_info().rss / MEGABYTE
            self.found.append({"events": events, "rss_mb": held})


def measure(rig: Rig, *, events: int, say: Any) -> dict[str, Any]:
    """Return the case's part of the results: the peak, the samples on the way and the limit."""
    workload = Workload.until_now(events)
    say(f"Loading {events:,} events.")
    rig.load(TOPICS, workload)
    samples = Samples(events)
    done = run_round(rig, MILLRACE, TOPICS, workload, "memory", watch=samples.take)
    say(f"Memory: {done.peak_rss_mb:,.0f} MB at most.")
    return {
        "events": events,
        **round_figures(done),
        "samples": samples.found,
        "limit_mb": LIMIT_MB,
        "within_limit": done.peak_rss_mb < LIMIT_MB,
    }
