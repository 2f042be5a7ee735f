"""``millrace demo`` as a user runs it: a file in, totals that were computed here, a proof."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import psutil
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.integration, pytest.mark.timeout(400)]

Document = dict[str, Any]
GRAINS = ("1m", "5m", "1h", "1d")


@dataclass
class Input:
    """A file's lines, and what must become of them."""

    lines: list[bytes] = field(default_factory=list)
    stored: int = 0
    duplicates: int = 0
    rejected: Counter[str] = field(default_factory=Counter)

    def good(self, document: Document) -> None:
        self.lines.append(json.dumps(document).encode())
        self.stored += 1

    def bad(self, reason: str, line: bytes) -> None:
        self.lines.append(line)
        self.rejected[reason] += 1

    def repeat(self, line: bytes) -> None:
        self.lines.append(line)
        self.duplicates += 1


def event(run: int, number: int, **changes: Any) -> Document:
    """A valid event of some namespace, some time in the last three hours."""
    age = timedelta(seconds=number % 10_800)
    kinds: tuple[Document, ...] = (
        {"name": "shop.sale", "kind": "counter", "value": 1.5, "tags": {"shop": f"s{number % 9}"}},
        {"name": "linkInteracted", "tags": {"type": "opened"}, "actor": f"u{number % 50}"},
        {"name": "bezgelor.quest.accepted", "attributes": {"quest_id": str(number)}},
        {
            "name": "webapp.request",
            "kind": "histogram",
            "measurements": {"response_time_ms": number % 700 + 0.25},
            "tags": {"endpoint": "/a", "method": "GET", "status_code": "200"},
        },
        {"name": "authz.decision.count", "kind": "counter", "tags": {"result": "allowed"}},
    )
    return {
        "id": str(UUID(int=run << 64 | number)),
        "tenant": f"t{number % 3}",
        "occurred_at": (datetime.now(UTC) - age).isoformat(),
        **kinds[number % len(kinds)],
        **changes,
    }


FAULTS: tuple[tuple[str, Callable[[Document], bytes]], ...] = (
    ("malformed_json", lambda good: json.dumps(good).encode()[:-3]),
    ("malformed_json", lambda good: json.dumps(good | {"label": "caf"}).encode()[:-3] + b'\xe9"}'),
    ("not_an_object", lambda good: b"[1]"),
    ("unsupported_version", lambda good: json.dumps(good | {"schema_version": 9}).encode()),
    ("unknown_name", lambda good: json.dumps(good | {"name": "bezgelor.no.such"}).encode()),
    ("invalid_field", lambda good: json.dumps({**good, "occurred_at": "now"}).encode()),
    ("value_range", lambda good: json.dumps(good | {"measurements": {"a": 1e39}}).encode()),
    ("too_old", lambda good: json.dumps({**good, "occurred_at": "2001-01-01T00:00:00Z"}).encode()),
    (
        "in_future",
        lambda good: json.dumps({**good, "occurred_at": "2999-01-01T00:00:00Z"}).encode(),
    ),
    ("too_large", lambda good: json.dumps({**good, "label": "x" * 70_000}).encode()),
    (
        "too_many_tags",
        lambda good: json.dumps({**good, "tags": {f"k{n}": "v" for n in range(21)}}).encode(),
    ),
    ("tag_key_too_long", lambda good: json.dumps({**good, "tags": {"k" * 51: "v"}}).encode()),
    ("tag_value_too_long", lambda good: json.dumps({**good, "tags": {"k": "v" * 101}}).encode()),
)


def mixed(run: int, number: int) -> Input:
    """Make ``number`` lines, one in 50 bad and one in 100 a repeat."""
    made = Input()
    for index in range(number):
        if index % 50 == 7:
            reason, spoil = FAULTS[index // 50 % len(FAULTS)]
            # Without a value of its own, and in the namespace that refuses what is too long.
            made.bad(reason, spoil({**event(run, index), "name": "shop.sale", "value": None}))
        elif index % 100 == 20:
            made.repeat(made.lines[-5])
        else:
            made.good(event(run, index))
    return made


@pytest.mark.requirement("IDENT-27", "WEBAPP-13")
def test_a_file_is_stored_counted_once_and_proved_and_a_second_run_adds_up(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    first = mixed(run=1, number=20_000)
    report = demo(tmp_path, data, first)
    check(report, [first], data)
    # WEBAPP-13, from what the store itself has noted of every range.
    query = (
        "SELECT max(dateDiff('second', received_at, flushed_at)) FROM events AS e"
        " JOIN ingest_ledger AS l ON e.topic = l.topic AND e.partition = l.partition"
        " WHERE e.offset >= l.first_offset AND e.offset < l.end_offset"
    )
    assert int(run("query", "--data", str(data), "--format", "TSV", query).stdout) <= 60
    second = mixed(run=2, number=3_000)
    check(demo(tmp_path, data, second), [first, second], data)
    assert not processes_of(data)
    query = "SELECT count() FROM events WHERE topic = 'telemetry.events'"
    said = run("query", "--data", str(data), "--format", "TSV", query)
    assert int(said.stdout) == first.stored + second.stored


def test_lines_that_cannot_be_published_are_named_and_fail_the_run(tmp_path: Path) -> None:
    made = mixed(run=1, number=200)
    made.lines.insert(3, b"x" * 1_100_000)
    file = write(tmp_path, made.lines)
    ended = run("demo", "--input", str(file), "--json", check=False)
    assert ended.returncode == 1
    assert "Line 4 was not published" in ended.stderr
    assert json.loads(ended.stdout)["reconciled"] is False


def test_the_in_memory_broker_gives_the_same_totals(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first, second = mixed(run=1, number=5_000), mixed(run=2, number=1_000)
    without_java = {"PATH": "/nowhere"}
    report = demo(tmp_path, data, first, **without_java)
    assert report["broker"] == "in-memory"
    check(report, [first], data)
    check(demo(tmp_path, data, second, **without_java), [first, second], data)


@pytest.mark.requirement("METRIC-68")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_takes_everything_along_in_time(tmp_path: Path, number: signal.Signals) -> None:
    data = tmp_path / "data"
    process = subprocess.Popen(
        [*COMMAND, "demo", "--seconds", "300", "--rate", "500", "--json", "--data", str(data)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until((data / "environment.json").exists, 120)
        time.sleep(3)
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 3
        process.send_signal(number)
        assert process.wait(20) == 130
    finally:
        process.kill()
    assert not psutil.wait_procs(children, timeout=1)[1]
    assert not (data / "environment.json").exists()
    # What was acknowledged is there when it starts again, and is counted once.
    report = demo(tmp_path, data, Input())
    assert report["produced"] > 0
    assert report["reconciled"] is True


def test_simulated_services_reconcile_and_the_directory_goes_with_the_run(tmp_path: Path) -> None:
    ended = run("demo", "--seconds", "3", "--rate", "1000", "--json")
    report = json.loads(ended.stdout)
    assert report["produced"] == 3000
    assert report["duplicates"] + sum(report["rejected"].values()) > 0
    assert report["reconciled"] is True
    assert "Broker:" in ended.stderr
    assert not Path(report["store"]).exists()


NOTHING: Mapping[str, str] = MappingProxyType({})
COMMAND = [sys.executable, "-m", "millrace.streams.cli"]


def demo(folder: Path, data: Path, given: Input, **environment: str) -> Document:
    """Run the file's lines and return the report; stdout must hold nothing else."""
    file = write(folder, given.lines)
    arguments = ["demo", "--input", str(file), "--data", str(data), "--json"]
    ended = run(*arguments, environment=environment)
    report: Document = json.loads(ended.stdout)
    return report


def check(report: Document, runs: Iterable[Input], data: Path) -> None:
    """Compare a report with what was computed independently, over all runs on the directory."""
    runs = list(runs)
    rejected: Counter[str] = sum((one.rejected for one in runs), Counter())
    stored = sum(one.stored for one in runs)
    figures = {key: report[key] for key in ("produced", "stored", "duplicates", "reconciled")}
    assert figures == {
        "produced": sum(len(one.lines) for one in runs),
        "stored": stored,
        "duplicates": sum(one.duplicates for one in runs),
        "reconciled": True,
    }
    assert report["rejected"] == dict(rejected)
    assert report["rollups"] == dict.fromkeys(GRAINS, stored)
    assert report["store"] == str(data)
    assert report["events_per_second"] > 0


def write(folder: Path, lines: list[bytes]) -> Path:
    file = folder / "events.ndjson"
    file.write_bytes(b"\n".join(lines))
    return file


def run(
    *arguments: str, check: bool = True, environment: Mapping[str, str] = NOTHING
) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, **environment},
    )
    assert not check or ended.returncode == 0, ended.stderr
    return ended


def wait_until(true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def processes_of(data: Path) -> list[int]:
    """Return the processes that have the directory in their command line."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if any(str(data) in part for part in process.info["cmdline"] or ())
    ]
