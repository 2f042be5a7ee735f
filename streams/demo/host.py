"""Real measurements of this machine, once a second, as metrics that no catalogue declares."""

from __future__ import annotations

import platform
from collections.abc import Iterator

import psutil

from millrace.streams.demo.moment import Document


def readings() -> list[Document]:
    """Return the machine's state now; CPU figures are since the last call."""
    source = f"host:{platform.node() or 'localhost'}"
    return [
        {
            "name": name,
            "kind": kind,
            "value": float(value),
            "unit": unit,
            "tags": tags,
            "source": source,
        }
        for name, kind, value, unit, tags in _all()
    ]


def _all() -> Iterator[tuple[str, str, float, str, dict[str, str]]]:
    for number, percent in enumerate(psutil.cpu_percent(percpu=True)):
        yield "host.cpu.usage", "gauge", percent, "percent", {"cpu": str(number)}
    memory = psutil.virtual_memory()
    yield "host.memory.used", "gauge", memory.total - memory.available, "bytes", {}
    yield "host.memory.usage", "gauge", memory.percent, "percent", {}
    for minutes, load in zip(("1", "5", "15"), psutil.getloadavg(), strict=True):
        yield "host.load", "gauge", load, "processes", {"minutes": minutes}
    yield "host.disk.usage", "gauge", psutil.disk_usage("/").percent, "percent", {"mount": "/"}
    network = psutil.net_io_counters()
    if network is not None:  # a sandbox may hide its interfaces
        yield "host.network.bytes", "gauge", network.bytes_sent, "bytes", {"direction": "sent"}
        yield "host.network.bytes", "gauge", network.bytes_recv, "bytes", {"direction": "received"}
    yield "host.processes", "gauge", len(psutil.pids()), "processes", {}
