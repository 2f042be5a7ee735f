"""The whole life of dead letters: a real broker, a real worker, the real engine, and a mistake."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import RecordsToDelete
from aiokafka.structs import TopicPartition
from workers import events, publish, scalar, settings_for, wait_until, worker

from millrace.clickhouse.client import Store
from millrace.streams.cli import main
from millrace.streams.letter_session import LetterSession
from millrace.streams.letters import Filters
from millrace.streams.local.environment import environment_of
from millrace.streams.reconcile import prove
from millrace.streams.settings import KafkaSettings, Settings
from millrace.streams.topics import Topics, administrator

pytestmark = pytest.mark.integration

ROLLUPS = ("rollup_1m", "rollup_5m", "rollup_1h", "rollup_1d")
SECRET = "somebody@example.org"

REFUSING = """
[namespace]
name = "shop"
prefixes = ["shop."]
undeclared = "closed"

[events."shop.viewed"]
kind = "counter"
measurements = { value = "count" }
"""
MENDED = (
    REFUSING
    + """
[events."shop.paid"]
kind = "counter"
measurements = { value = "count" }
tags = ["country"]
"""
)


def paid(count: int, *, start: int = 0) -> list[bytes]:
    return events(
        count, start=start, name="shop.paid", tags={"country": "SE", "email": SECRET}, actor=SECRET
    )


def accounted(store: Store, count: int) -> Callable[[], bool]:
    sql = (
        "SELECT sum(stored + rejected + duplicate) FROM ingest_ledger"
        " WHERE endsWith(topic, 'telemetry.events')"
    )
    return lambda: scalar(store, sql) >= count


def totals(store: Store) -> set[tuple[Any, ...]]:
    """What raw and each rollup say of shop.paid: events and their sum."""
    raw = "SELECT count(), sum(measurements['value']) FROM events WHERE name = 'shop.paid'"
    return {
        *store.rows(raw),
        *(
            row
            for table in ROLLUPS
            for row in store.rows(
                f"SELECT sum(events), sum(sum) FROM {table} WHERE name = 'shop.paid'"
            )
        ),
    }


def assert_proved(settings: Settings, store: Store) -> None:
    report = asyncio.run(prove(settings, store, patience=30))
    assert report.ok, report.differences


@pytest.fixture
def shop(
    kafka_settings: KafkaSettings,
    store: Store,
    store_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Settings:
    """An installation that has refused 300 payments among 400 other events."""
    catalogue = tmp_path / "shop.toml"
    catalogue.write_text(REFUSING)
    settings = settings_for(kafka_settings, store_url, catalogue=str(catalogue))
    records = [*events(200, name="shop.viewed"), *paid(300), b"{", *events(199)]
    asyncio.run(publish(settings.kafka, records))
    with worker(settings, tmp_path / "worker.log") as running:
        wait_until(accounted(store, len(records)), "all to be taken in")
        assert running.terminate() == 0
    assert scalar(store, "SELECT count() FROM dead_letters") == 301
    catalogue.write_text(MENDED)
    monkeypatch.chdir(tmp_path)
    for name, value in environment_of(settings, {}).items():
        monkeypatch.setenv(name, value)
    return settings


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["dead-letters", *arguments])
    captured = capsys.readouterr()
    return int(str(ended.value.code or 0)), captured.out, captured.err


def test_the_whole_life(
    shop: Settings, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = {(300, float(sum(range(300))))}
    chosen = ("--name", "shop.paid", "--json")
    code, out, _ = run(capsys, "redrive", *chosen, "--dry-run")
    assert (code, json.loads(out)["redriven"]) == (0, 300)
    assert totals(store) == {(0, 0.0)}

    code, out, _ = run(capsys, "redrive", *chosen, "--limit", "100")
    assert json.loads(out)["redriven"] == 100
    code, out, err = run(capsys, "redrive", "--json")
    assert code == 0, err
    assert json.loads(out)["redriven"] == 200
    assert json.loads(out)["refused"] == {"malformed_json": 1}
    assert totals(store) == expected
    code, out, _ = run(capsys, "redrive")
    assert "Redriven: 0" in out
    assert totals(store) == expected

    # Received when Kafka took it in, at its own place; nobody's address is anywhere.
    assert (
        scalar(
            store,
            "SELECT count() FROM events AS e INNER JOIN dead_letters AS d"
            " USING (log, topic, partition, offset) WHERE e.received_at = d.received_at",
        )
        == 300
    )
    assert scalar(store, "SELECT sum(dropped) FROM dropped_keys WHERE key = 'email'") == 300
    code, everything, _ = run(capsys, "export", "--all")
    assert len(everything.splitlines()) == 301
    coordinate = json.loads(everything.splitlines()[7])
    code, shown, _ = run(capsys, "show", "{topic}/{partition}/{offset}".format(**coordinate))
    assert "redriven" in shown
    dump = str(store.rows("SELECT * FROM events WHERE name LIKE 'shop%'"))
    assert SECRET not in everything + shown + dump

    assert_proved(shop, store)
    code, out, _ = run(capsys, "list", "--json")
    assert [group["reason"] for group in json.loads(out)] == ["malformed_json"]
    code, out, _ = run(capsys, "purge", "--reason", "malformed_json", "--yes")
    assert "Deleted 1 letters." in out
    assert scalar(store, "SELECT count() FROM dead_letters") == 300
    assert totals(store) == expected
    assert_proved(shop, store)


def test_redrive_while_workers_go_on(shop: Settings, store: Store, tmp_path: Path) -> None:
    with worker(shop, tmp_path / "mended.log"):
        asyncio.run(publish(shop.kafka, paid(200, start=300)))
        summary = LetterSession(shop, store).redrive(Filters())
        wait_until(accounted(store, 900), "the worker to take in what came meanwhile")
    assert summary.redriven == 300
    assert totals(store) == {(500, float(sum(range(500))))}
    assert_proved(shop, store)


@pytest.mark.requirement("GAME-24")
@pytest.mark.parametrize("table", ["letter_jobs", "events", "letter_marks"])
def test_killed_and_run_again(shop: Settings, store: Store, tmp_path: Path, table: str) -> None:
    script = tmp_path / "dies.py"
    script.write_text(
        "import os, signal, sys\n"
        "from millrace.clickhouse.client import Store\n"
        "real = Store.insert\n"
        "def insert(self, table, batch, token):\n"
        "    real(self, table, batch, token)\n"
        f"    if table == {table!r}:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "Store.insert = insert\n"
        "from millrace.streams.cli import main\n"
        "main(['dead-letters', 'redrive'])\n"
    )
    killed = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert killed.returncode == -9, killed.stderr
    # Whatever the catalogue says by now, a begun job ends by the one that it began with.
    Path(shop.catalogue).write_text(MENDED.replace('tags = ["country"]', ""))
    # The dead one's lease is over after a minute; nobody waits for that here.
    store.command("DROP TABLE leases SYNC")
    LetterSession(shop, store).redrive(Filters())
    assert totals(store) == {(300, float(sum(range(300))))}
    assert LetterSession(shop, store).redrive(Filters()).redriven == 0
    begun = scalar(store, "SELECT partition FROM letter_jobs WHERE number = 1 AND state = 'begun'")
    assert store.rows(
        f"SELECT partition = {begun}, tags['country'] FROM events WHERE name = 'shop.paid'"
        " GROUP BY 1, 2 ORDER BY 1"
    ) == [(0, ""), (1, "SE")]
    assert store.rows(
        "SELECT count(), uniqExact(partition, offset) FROM letter_marks WHERE mark = 'redriven'"
    ) == [(300, 300)]


def test_what_kafka_has_forgotten(shop: Settings, store: Store) -> None:
    topic = Topics(shop.kafka.topic_prefix).events
    ((first,),) = store.rows(
        "SELECT min(offset) + 20 FROM dead_letters WHERE partition = 0 AND name = 'shop.paid'"
    )
    lost = scalar(
        store, f"SELECT count() FROM dead_letters WHERE partition = 0 AND offset < {first}"
    )

    async def forget() -> None:
        async with administrator(shop.kafka) as admin:
            place = TopicPartition(topic, 0)
            await admin.delete_records({place: RecordsToDelete(first)})

    asyncio.run(forget())
    summary = LetterSession(shop, store).redrive(Filters())
    assert (summary.gone, summary.redriven) == (lost, 300 - lost)


def test_the_letters_of_a_topic_that_was_made_anew_stay_letters(
    shop: Settings, store: Store
) -> None:
    topic = Topics(shop.kafka.topic_prefix).events

    async def recreate() -> None:
        async with administrator(shop.kafka) as admin:
            await admin.delete_topics([topic])
            while topic in await admin.list_topics():  # noqa: ASYNC110  # nothing tells
                await asyncio.sleep(0.1)
        await publish(shop.kafka, paid(40))

    asyncio.run(recreate())
    summary = LetterSession(shop, store).redrive(Filters())
    assert (summary.recreated, summary.redriven, summary.jobs) == (301, 0, 0)
    assert totals(store) == {(0, 0.0)}
