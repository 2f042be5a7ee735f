from __future__ import annotations

from millrace.streams.doctor.broker import (
    check_broker,
    judge_partitions,
    judge_session,
    judge_settings,
)
from millrace.streams.doctor.finding import Level
from millrace.streams.local.ports import free_ports
from millrace.streams.settings import KafkaSettings
from millrace.streams.topics import declarations

WANTED = declarations(KafkaSettings(partitions=4))
EVENTS = WANTED[0]


def test_a_topic_as_declared_is_well() -> None:
    assert [finding.level for finding in judge_settings(EVENTS, EVENTS.config)] == [Level.OK]


def test_a_producers_clock_for_received_at_is_a_fault_with_its_fix() -> None:
    settings = dict(EVENTS.config) | {"message.timestamp.type": "CreateTime"}
    (finding,) = judge_settings(EVENTS, settings)
    assert finding.level is Level.FAULT
    assert "message.timestamp.type=LogAppendTime" in finding.fix


def test_settings_that_may_not_be_read_are_no_fault() -> None:
    assert [finding.level for finding in judge_settings(EVENTS, {})] == [Level.NOTE]


def test_a_size_limit_below_the_contracts_is_a_fault() -> None:
    (finding,) = judge_settings(EVENTS, dict(EVENTS.config) | {"max.message.bytes": "1000"})
    assert finding.level is Level.FAULT


def test_topics_that_are_read_together_must_be_partitioned_alike() -> None:
    numbers = {one.name: one.partitions for one in WANTED}
    assert list(judge_partitions(WANTED, numbers)) == []
    numbers["telemetry.events"] = 8
    (finding,) = judge_partitions(WANTED, numbers)
    assert finding.level is Level.FAULT
    assert "telemetry.events 8" in finding.text


def test_missing_topics_are_only_noted() -> None:
    (finding,) = judge_partitions(WANTED, {})
    assert finding.level is Level.NOTE


async def test_an_absent_broker_is_a_fault() -> None:
    (port,) = free_ports(1)
    (finding,) = await check_broker(KafkaSettings(bootstrap_servers=f"127.0.0.1:{port}"))
    assert finding.level is Level.FAULT
    assert "MILLRACE_KAFKA__BOOTSTRAP_SERVERS" in finding.fix


def test_a_session_timeout_that_the_broker_would_refuse() -> None:
    assert list(judge_session(10, 6_000, 300_000)) == []
    for seconds in (5.9, 301):
        (finding,) = judge_session(seconds, 6_000, 300_000)
        assert finding.level is Level.FAULT
        assert "between 6 and 300" in finding.fix
