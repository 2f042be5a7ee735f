"""Budgets of tag values from a real broker to the real engine, and what people see of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from workers import events, publish, scalar, settings_for, wait_until, worker

from millrace.clickhouse.client import Store
from millrace.clickhouse.facts import Report
from millrace.streams.cli import main
from millrace.streams.letter_session import LetterSession
from millrace.streams.letters import Filters
from millrace.streams.local.environment import environment_of
from millrace.streams.reconcile import prove
from millrace.streams.settings import KafkaSettings, Settings

pytestmark = pytest.mark.integration

CATALOGUE = """
[namespace]
name = "shop"
prefixes = ["shop."]
undeclared = "closed"

[limits]
series_budget = 4

[events."shop.paid"]
kind = "counter"
measurements = { value = "EUR" }
tags = ["country"]
"""
OPEN = """
[namespace]
name = "lab"
prefixes = ["lab."]

[limits]
series_budget = %d
"""
#: What services sent, without the worker's own telemetry.
SERVICES = "endsWith(topic, 'telemetry.events')"
ROLLUPS = ("rollup_1m", "rollup_5m", "rollup_1h", "rollup_1d")
#: Values of a tag; each comes ten times to each of the two partitions.
VALUES = 10


@pytest.fixture
def settings(
    kafka_settings: KafkaSettings,
    store: Store,
    store_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Settings:
    paths = tmp_path / "shop.toml", tmp_path / "lab.toml"
    for path, text in zip(paths, (CATALOGUE, OPEN % 4), strict=True):
        path.write_text(text)
    settings = settings_for(
        kafka_settings.model_copy(update={"partitions": 2, "session_timeout": 3.0}),
        store_url,
        catalogue=":".join(map(str, paths)),
    )
    monkeypatch.chdir(tmp_path)
    for name, value in environment_of(settings, {}).items():
        monkeypatch.setenv(name, value)
    return settings


def records() -> list[bytes]:
    """Value after value of two names, each for both partitions, to which they go by turns."""
    return [
        line
        for _ in range(10)
        for value in range(VALUES)
        for line in (
            *events(2, start=1, name="shop.paid", tags={"country": f"c{value}"}),
            *events(2, start=1, name="lab.weight", tags={"probe": f"p{value}", "room": "r"}),
        )
    ]


def accounted(store: Store, count: int) -> Callable[[], bool]:
    sql = f"SELECT sum(stored + rejected + duplicate) FROM ingest_ledger WHERE {SERVICES}"
    return lambda: scalar(store, sql) >= count


def proof(settings: Settings, store: Store) -> Report:
    return asyncio.run(prove(settings, store, patience=30))


def of_tag(store: Store, key: str) -> list[tuple[Any, ...]]:
    """How often each value of a tag was stored, by partition."""
    return store.rows(
        f"SELECT partition, tags['{key}'] AS value, count() FROM events"
        f" WHERE mapContains(tags, '{key}') GROUP BY 1, 2 ORDER BY 1, 2"
    )


def assert_exact(store: Store) -> None:
    kept = [f"{n}" for n in range(4)]
    # Four values fit; the other six of ten came ten times each.
    assert of_tag(store, "country") == [
        row
        for partition in (0, 1)
        for row in [
            (partition, "__overflow__", 60),
            *((partition, f"c{value}", 10) for value in kept),
        ]
    ]
    assert of_tag(store, "probe") == [
        (partition, f"p{value}", 10) for partition in (0, 1) for value in kept
    ]
    assert store.rows(
        "SELECT name, key, count(), uniqExact(partition, value) FROM tag_values"
        f" WHERE {SERVICES} GROUP BY 1, 2 ORDER BY 1, 2"
    ) == [
        ("lab.weight", "probe", 8, 8),
        ("lab.weight", "room", 2, 2),
        ("shop.paid", "country", 8, 8),
    ]
    assert store.rows(
        "SELECT name, key, sum(overflowed), sum(refused) FROM tag_overflows GROUP BY 1, 2"
        " ORDER BY 1, 2"
    ) == [("lab.weight", "probe", 0, 120), ("shop.paid", "country", 120, 0)]
    assert store.rows(
        "SELECT reason, field, namespace, count(), uniqExact(partition, offset) FROM dead_letters"
        " GROUP BY 1, 2, 3"
    ) == [("tag_values_exceeded", "tags.probe", "lab", 120, 120)]
    for table in ROLLUPS:
        found = f"SELECT sum(events) FROM {table} WHERE tags['country'] = '__overflow__'"
        assert scalar(store, found) == 120


@pytest.mark.requirement("METRIC-10")
@pytest.mark.usefixtures("at_once")
def test_stored_and_refused_exactly_whoever_is_killed(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    found = records()
    third = len(found) // 12 * 4
    small = settings.model_copy(
        update={"sink": settings.sink.model_copy(update={"max_rows": 17, "max_seconds": 0.05})}
    )
    for round_, end in enumerate((third, 2 * third, len(found))):
        # Each part begins with partition 0.
        asyncio.run(publish(settings.kafka, found[round_ * third : end]))
        with worker(small, tmp_path / f"{round_}.log") as running:
            if end < len(found):
                wait_until(accounted(store, end - third // 2), "some to be taken in")
                running.kill()
            else:
                wait_until(accounted(store, end), "all to be taken in")
                assert running.terminate() == 0
    assert_exact(store)
    report = proof(settings, store)
    assert report.ok, report.differences
    # The proof reads the refusals anew: one that was not, or a row that should be one, is found.
    ((partition, offset),) = store.rows(
        "SELECT partition, min(offset) FROM dead_letters WHERE partition = 1 GROUP BY partition"
    )
    store.command(
        f"ALTER TABLE events UPDATE offset = {offset} WHERE partition = {partition} AND offset IN"
        f" (SELECT min(offset) FROM events WHERE partition = {partition} AND name = 'lab.weight')",
        settings={"mutations_sync": 2},
    )
    report = proof(settings, store)
    assert any(f"partition {partition}" in text for text in report.differences), report.differences


def taken_in(settings: Settings, store: Store, tmp_path: Path) -> None:
    found = records()
    asyncio.run(publish(settings.kafka, found))
    with worker(settings, tmp_path / "worker.log") as running:
        wait_until(accounted(store, len(found)), "all to be taken in")
        assert running.terminate() == 0
    assert_exact(store)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["catalogue", *arguments])
    captured = capsys.readouterr()
    return int(str(ended.value.code or 0)), captured.out, captured.err


def test_redriven_under_a_larger_budget(
    settings: Settings, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken_in(settings, store, tmp_path)
    known = store.rows("SELECT * FROM tag_values ORDER BY ALL")
    assert LetterSession(settings, store).redrive(Filters()).redriven == 0
    (tmp_path / "lab.toml").write_text(OPEN % 6)
    summary = LetterSession(settings, store).redrive(Filters())
    assert (summary.redriven, summary.refused) == (40, {"tag_values_exceeded": 80})
    assert len(of_tag(store, "probe")) == 12
    assert store.rows("SELECT * FROM tag_values ORDER BY ALL") == known
    report = proof(settings, store)
    assert report.ok, report.differences
    _, out, _ = run(capsys, "budgets", "--namespace", "lab", "--json")
    assert [(one["key"], one["values"], one["budget"]) for one in json.loads(out)] == [
        ("probe", 4, 6),
        ("room", 1, 6),
    ]


def test_the_command_shows_the_top_offenders_first(
    settings: Settings, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "budgets")
    assert (code, out) == (0, "")
    assert "No tag has had a value yet" in err
    taken_in(settings, store, tmp_path)
    code, out, _ = run(capsys, "budgets")
    assert code == 0
    lines = [line.split("\t") for line in out.splitlines()]
    assert [cells for cells in lines if cells[1] != "millrace"] == [
        ["default", "lab", "lab.weight", "probe", "4", "4", "100%", "0", "120"],
        ["default", "shop", "shop.paid", "country", "4", "4", "100%", "120", "0"],
        ["default", "lab", "lab.weight", "room", "1", "4", "25%", "0", "0"],
    ]
    _, out, _ = run(capsys, "budgets", "--namespace", "shop", "--json")
    (one,) = json.loads(out)
    assert one == {
        "tenant": "default",
        "namespace": "shop",
        "name": "shop.paid",
        "key": "country",
        "values": 4,
        "budget": 4,
        "over_budget": "overflow",
        "overflowed": 120,
        "refused": 0,
        "used": 1.0,
    }
    code, _, err = run(capsys, "budgets", "--namespace", "shpo")
    assert code == 1
    assert "There is no namespace shpo" in err


def test_the_command_without_a_store_or_its_tables(
    empty_store: Store,
    store_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MILLRACE_CLICKHOUSE__URL", store_url)
    code, _, err = run(capsys, "budgets")
    assert code == 1
    assert "run millrace migrate" in err
    monkeypatch.setenv("MILLRACE_CLICKHOUSE__URL", "http://127.0.0.1:9/millrace")
    code, _, err = run(capsys, "budgets")
    assert code == 1
    assert len(err.strip().splitlines()) == 1
