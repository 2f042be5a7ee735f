"""What a process has cost so far, as Linux counts it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

MEGABYTE: Final = 1024 * 1024


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process, all threads, user and system."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def peak_rss(pid: int) -> int:
    """Return the most memory that the process has ever held, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"/proc/{pid}/status does not tell the peak memory; this needs Linux")
    return int(found[1]) * 1024


def busy_seconds() -> float:
    """Return the processor time that the whole machine has used, stolen time included."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


@dataclass(frozen=True, slots=True)
class CpuSeconds:
    """Processor time of the processes of a round, at one moment or between two."""

    worker: float
    store: float
    broker: float
    others: float  # everything else on the machine, the clock's own process included

    @classmethod
    def now(cls, worker: int, store: int, broker: int) -> CpuSeconds:
        """Return what these processes have used so far."""
        ours = cpu_seconds(worker), cpu_seconds(store), cpu_seconds(broker)
        return cls(*ours, busy_seconds() - sum(ours))

    def since(self, earlier: CpuSeconds) -> CpuSeconds:
        """Return what was used from ``earlier`` until this moment."""
        return CpuSeconds(
            self.worker - earlier.worker,
            self.store - earlier.store,
            self.broker - earlier.broker,
            self.others - earlier.others,
        )
