"""The rules about what a worker enters now: silence, refusals, letters; on a store of their own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alert_evaluation import close, evaluate, labels
from workers import events, publish, scalar, settings_for, wait_until, worker

from millrace.clickhouse.client import Store
from millrace.grafana import limits
from millrace.streams.settings import KafkaSettings

pytestmark = pytest.mark.integration
GOOD, UNKNOWN, BAD_VALUE, MORE = 100, 12, 3, 2_000


def accounted(store: Store) -> int:
    sql = "SELECT sum(delivered) FROM ingest_ledger WHERE NOT endsWith(topic, 'telemetry.millrace')"
    return int(scalar(store, sql))


def newest(store: Store) -> datetime:
    """When a worker last stored anything, of its own or of others."""
    moments: list[datetime] = [
        moment for (moment,) in store.rows("SELECT flushed_at FROM ingest_ledger")
    ]
    return max(moments).replace(tzinfo=UTC)


def test_what_the_ledger_and_the_letters_say(
    store: Store, store_url: str, kafka: str, tmp_path: Path
) -> None:
    """At first one event in eight is refused, then so many good ones come that it is a trifle."""
    settings = KafkaSettings(bootstrap_servers=kafka, topic_prefix=f"{tmp_path.name}.", group="g")
    refused = [
        *events(UNKNOWN, name="webapp.no_such_thing", tenant="alert-a"),
        *events(BAD_VALUE, name="webapp.request", value="much", tenant="alert-b"),
    ]
    with worker(settings_for(settings, store_url), tmp_path / "worker.log") as running:
        asyncio.run(publish(settings, [*events(GOOD), *refused]))
        wait_until(lambda: accounted(store) >= GOOD + len(refused), "the refused are entered")
        first = newest(store)
        share = len(refused) / (GOOD + len(refused))
        check_refusals(store, first, share, {"warning", "critical"})
        asyncio.run(publish(settings, events(MORE)))
        wait_until(lambda: accounted(store) >= GOOD + len(refused) + MORE, "all are entered")
        second = newest(store)
        check_refusals(store, second, len(refused) / (GOOD + len(refused) + MORE), set())
        running.terminate()
    check_letters(store, second)
    check_silence(store)


def check_refusals(store: Store, moment: datetime, share: float, firing: set[str]) -> None:
    moment += timedelta(seconds=1)
    for severity in ("warning", "critical"):
        found = evaluate(store, f"millrace-reject-ratio-{severity}", moment)
        close(dict(found.values), {(): share})
        assert bool(found.firing) == (severity in firing)
        # Later nothing has come, so nothing is refused; before, neither.
        for away in (timedelta(minutes=12), timedelta(hours=-1)):
            assert evaluate(store, f"millrace-reject-ratio-{severity}", moment + away).no_data


def check_letters(store: Store, moment: datetime) -> None:
    uid = "millrace-dead-letters-warning"
    moment += timedelta(seconds=1)
    rows = store.rows("SELECT tenant, reason, count() FROM dead_letters GROUP BY tenant, reason")
    reasons = {tenant: reason for tenant, reason, _ in rows}
    expected = {
        labels(tenant="alert-a", reason=reasons["alert-a"]): UNKNOWN,
        labels(tenant="alert-b", reason=reasons["alert-b"]): BAD_VALUE,
    }
    found = evaluate(store, uid, moment)
    close(dict(found.values), expected)
    assert found.firing == expected.keys()
    assert evaluate(store, uid, moment + timedelta(hours=2)).no_data
    # What a redrive leaves behind: one tenant's letters are stored, the other's are refused again.
    for tenant, mark in (("alert-a", "redriven"), ("alert-b", "refused")):
        store.command(
            "INSERT INTO letter_marks (log, topic, partition, offset, mark, at)"
            " SELECT log, topic, partition, offset, {mark:String}, received_at"
            " FROM dead_letters WHERE tenant = {tenant:String}",
            {"tenant": tenant, "mark": mark},
        )
    assert evaluate(store, uid, moment).firing == {
        labels(tenant="alert-b", reason=reasons["alert-b"])
    }


def check_silence(store: Store) -> None:
    """The age of whatever was stored last, until the hour that is looked at holds nothing."""
    uid, last = "millrace-pipeline-stopped-critical", newest(store)
    for seconds, fires in ((10, False), (limits.AGE_BAD - 2, False), (limits.AGE_BAD, True)):
        found = evaluate(store, uid, last + timedelta(seconds=seconds))
        assert list(found.values.values()) == pytest.approx([seconds], abs=0.001)
        assert bool(found.firing) == fires
    late = evaluate(store, uid, last + timedelta(hours=2))
    assert late.no_data
    assert late.firing
