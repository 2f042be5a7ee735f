"""Results: the file that keeps them, the tables that show them."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from dashboard_figures import show_dashboards
from rich.console import Console
from rich.table import Table

RESULTS: Final = Path(__file__).with_name("results")
FORMAT: Final = 1
_PACKAGES: Final = (
    *("aiokafka", "chdb-core", "clickhouse-connect", "faust-streaming", "msgspec", "numpy"),
    *("pyarrow", "pydantic"),
)
_ROWS: Final = (
    ("events/s", "events_per_second", "{:,.0f}"),
    ("seconds", "seconds", "{:.1f}"),
    ("of them to the first rows", "first_seconds", "{:.1f}"),
    ("CPU s a million events: worker", "worker_cpu", "{:.2f}"),
    ("CPU s a million events: store", "store_cpu", "{:.2f}"),
    ("CPU s a million events: broker", "broker_cpu", "{:.2f}"),
    ("CPUs taken by everything else", "others_cpus", "{:.2f}"),
    ("peak RSS of the worker, MB", "peak_rss_mb", "{:,.0f}"),
)
_STAGES: Final = (
    ("Decoder.decode", "decode_us"),
    ("Decoder.decode, every event with a tag value of its own", "decode_unlike_us"),
    ("Store.insert, with four rollups", "insert_us"),
    ("the store's CPU during it", "insert_store_cpu_us"),
    ("the peer's decoding", "peer_decode_us"),
)


def machine() -> dict[str, Any]:
    """Return what the figures depend on besides the code."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "cpu": _cpu(),
        "cpus": len(os.sched_getaffinity(0)),
        "load_before": os.getloadavg()[0],
        "versions": {name: version(name) for name in _PACKAGES},
    }


def result(cases: Mapping[str, Any], facts: Mapping[str, Any], *, quick: bool) -> dict[str, Any]:
    """Return a run as it is kept."""
    return {
        "format": FORMAT,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "--short", "HEAD") or "none",
        "changed": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "quick": quick,
        "machine": dict(facts),
        "cases": dict(cases),
    }


def save(found: Mapping[str, Any], folder: Path = RESULTS) -> Path:
    """Write a run's file, named by date, commit and whether it was quick; return where it is."""
    ending = "-quick" if found["quick"] else ""
    file = folder / f"{found['date'][:10]}-{found['commit']}{ending}.json"
    folder.mkdir(exist_ok=True)
    file.write_text(json.dumps(_rounded(found), indent=2) + "\n")
    return file


def earlier(found: Mapping[str, Any], folder: Path = RESULTS) -> dict[str, Any] | None:
    """Return the newest kept run of the same kind that has the case "drain", if there is one."""
    kept = [json.loads(file.read_text()) for file in folder.glob("*.json")]
    alike = [
        run
        for run in kept
        if run["quick"] == found["quick"]
        and "drain" in run["cases"]
        and run["date"] < found["date"]
    ]
    return max(alike, key=lambda run: str(run["date"]), default=None)


def show(found: Mapping[str, Any], before: Mapping[str, Any] | None, console: Console) -> None:
    """Print the tables of the cases that were run."""
    cases = found["cases"]
    if "drain" in cases:
        _show_drain(cases["drain"], console)
        if before is not None:
            ratio = before["cases"]["drain"]["ratios"]["median"]
            console.print(f"The ratio was {ratio:.2f} on {before['date'][:10]}.")
    if "windows" in cases:
        _show_windows(cases["windows"], console)
    if "stages" in cases:
        table = Table("stage", "us an event", title="Stages, ranges of 50,000 events")
        for label, name in _STAGES:
            table.add_row(label, f"{cases['stages'][name]:.2f}")
        console.print(table)
    if "memory" in cases:
        _show_memory(cases["memory"], console)
    if "dashboards" in cases:
        show_dashboards(cases["dashboards"], console)


def _show_drain(case: Mapping[str, Any], console: Console) -> None:
    medians, ratios = case["medians"], case["ratios"]
    rounds = len(ratios["pairs"])
    table = Table(
        f"median of {rounds}", "millrace", "peer", title=f"Drain {case['workload']['events']:,}"
    )
    for label, name, form in _ROWS:
        table.add_row(label, *(form.format(medians[who][name]) for who in ("millrace", "peer")))
    pairs = ", ".join(f"{ratio:.2f}" for ratio in ratios["pairs"])
    table.add_row("times faster, by pair", f"{ratios['median']:.2f} ({pairs})", "1")
    console.print(table)


def _show_windows(case: Mapping[str, Any], console: Console) -> None:
    medians, ratios, memory = case["medians"], case["ratios"], case["memory"]
    names = ("millrace", "without_windows")
    table = Table(
        f"median of {len(ratios['pairs'])}",
        *("windows on", "windows off"),
        title=f"Windows of {case['workload']['series']:,} series",
    )
    for label, name, form in _ROWS:
        table.add_row(label, *(form.format(medians[who][name]) for who in names))
    pairs = ", ".join(f"{ratio:.2f}" for ratio in ratios["pairs"])
    table.add_row("share of the rate, by pair", f"{ratios['median']:.2f} ({pairs})", "1")
    console.print(table)
    console.print(
        f"{memory['open_windows']:,} open windows take {memory['more_mb']:,.0f} MB more,"
        f" {'within' if memory['within'] else 'OVER'} the limit."
    )


def _show_memory(case: Mapping[str, Any], console: Console) -> None:
    verdict = "within" if case["within_limit"] else "OVER"
    console.print(
        f"Memory over {case['events']:,} events: {case['peak_rss_mb']:,.0f} MB at most,"
        f" {verdict} the limit of {case['limit_mb']} MB;"
        f" {case['events_per_second']:,.0f} events/s."
    )


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, Mapping):
        return {name: _rounded(part) for name, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list) else value


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(RESULTS.parent), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
