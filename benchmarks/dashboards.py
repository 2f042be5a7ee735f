"""The case "dashboards": what every query of every dashboard costs on 90 days of 2,000 series.

``python benchmarks/dashboards.py DIRECTORY`` fills an embedded store there the first time and only
measures from then on.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from dashboard_figures import show_dashboards
from history import DAYS, SERIES, History, fill
from rich.console import Console
from rig import Rig

from millrace.clickhouse import migrate
from millrace.clickhouse.client import Store
from millrace.clickhouse.embedded import EmbeddedServer
from millrace.grafana.generated import dashboards
from millrace.grafana.preview.panel_queries import PanelQueries, registered
from millrace.streams.settings import RetentionSettings

#: The requirements: one panel, and the web application's dashboards over 30 days.
PANEL_LIMIT_MS: Final = 500
WEBAPP_LIMIT_S: Final = 5
RANGES: Final = ("now-1h", "now-24h", "now-7d", "now-30d", "now-90d")
#: What the explorer is asked for; other dashboards have no such variables.
_METRIC: Final = {
    "var-name": ["webapp.request"],
    "var-measurement": ["response_time_ms"],
    "var-group_by": ["endpoint"],
}
#: This one shows exactly one tenant, the one that has links.
_LINKS: Final = "millrace-links"
_ROUNDS: Final = 3
_WORST: Final = 12


def measure(rig: Rig, *, days: int, say: Any) -> dict[str, Any]:
    """Return the case's part of the results, from a store filled for it."""
    with rig.database("history") as (_, store):
        say(f"Storing {days} days of {SERIES:,} series.")
        return timed(store, fill(store, days=days), say=say)


def timed(store: Store, history: History, *, say: Any) -> dict[str, Any]:
    """Run every query over every range, three times each, and keep the medians."""
    queries = PanelQueries(store.json)
    found: list[dict[str, Any]] = []
    for since in RANGES:
        for name, ask in _asked(queries, _given(since, history.end)):
            taken = []
            for _ in range(_ROUNDS):
                start = time.perf_counter()
                ask()
                taken.append((time.perf_counter() - start) * 1000)
            found.append({"query": name, "range": since, "ms": statistics.median(taken)})
        say(f"{since}: {sum(one['ms'] for one in found if one['range'] == since):,.0f} ms in all.")
    over = [one for one in found if one["ms"] >= PANEL_LIMIT_MS]
    return {
        "events": history.events,
        "days": history.days,
        "series": SERIES,
        "dashboards": len(dashboards()),
        "queries": len(found) // len(RANGES),
        "ranges": [_range(found, since) for since in RANGES],
        "worst": sorted(found, key=lambda one: -one["ms"])[:_WORST],
        "over_limit": len(over),
        "panel_limit_ms": PANEL_LIMIT_MS,
        "webapp_30d_s": sum(
            one["ms"] for one in found if one["range"] == "now-30d" and "webapp" in one["query"]
        )
        / 1000,
        "webapp_limit_s": WEBAPP_LIMIT_S,
    }


def _asked(
    queries: PanelQueries, given: dict[str, list[str]]
) -> Iterator[tuple[str, Callable[[], Any]]]:
    for name, ask in registered(queries, {**given, **_METRIC}):
        if not name.startswith(_LINKS):
            yield name, ask
    for name, ask in registered(queries, {**given, "var-tenant": ["default"]}):
        if name.startswith(_LINKS):
            yield name, ask


def _given(since: str, end: datetime) -> dict[str, list[str]]:
    hours = {"h": 1, "d": 24}[since[-1]] * int(since[4:-1])
    until = round(end.timestamp() * 1000)
    return {"from": [str(until - hours * 3_600_000)], "to": [str(until)]}


def _range(found: list[dict[str, Any]], since: str) -> dict[str, Any]:
    times = sorted(one["ms"] for one in found if one["range"] == since)
    return {
        "range": since,
        "median_ms": statistics.median(times),
        "p95_ms": times[round(0.95 * (len(times) - 1))],
        "worst_ms": times[-1],
        "sum_s": sum(times) / 1000,
    }


def _kept(directory: Path) -> Iterator[str]:
    console = Console()
    new = not (directory / "metadata").exists() and not any(directory.glob("*"))
    directory.mkdir(parents=True, exist_ok=True)
    with EmbeddedServer(directory) as server:
        store = Store.connect(server.url, timeout=300)
        migrate.apply(store, retention=RetentionSettings().model_dump())
        if new:
            yield f"Storing {DAYS} days of {SERIES:,} series."
            fill(store)
        ((end, events),) = store.rows(
            "SELECT max(occurred_at), (SELECT sum(events) FROM rollup_1d) FROM events"
        )
        show_dashboards(timed(store, History(end, DAYS, int(events)), say=console.print), console)
        store.close()


if __name__ == "__main__":
    for line in _kept(Path(sys.argv[1])):
        print(line, flush=True)
