from __future__ import annotations

import pytest

from millrace.schemas.errors import BrokerError
from millrace.streams.intent import Intent
from millrace.streams.local.ports import free_ports
from millrace.streams.open_intents import Position, intents_of, open_intents
from millrace.streams.settings import KafkaSettings, Settings


def test_what_is_open_and_what_is_not() -> None:
    positions = {
        ("events", 2): Position(7, Intent(9, "c", "log").metadata()),
        ("events", 0): Position(5),
        ("events", 1): Position(3, '{"v":99,"end":4,"catalogue":"","log":""}'),
        ("millrace", 0): Position(1, Intent(2, "c", "gone").metadata()),
    }
    found = list(intents_of(positions))
    assert [str(intent) for intent in found] == [
        "events-1 [3, ?)",
        "events-2 [7, 9)",
        "millrace-0 [1, 2)",
    ]
    assert "version 99" in found[0].problem
    assert (found[1].end, found[1].catalogue, found[1].log) == (9, "c", "log")
    current = intents_of(positions, {"events": "log", "millrace": "new"})
    assert [intent.topic for intent in current] == ["events", "events"]


async def test_an_absent_broker_is_an_error_with_its_address() -> None:
    (port,) = free_ports(1)
    kafka = KafkaSettings(bootstrap_servers=f"127.0.0.1:{port}")
    with pytest.raises(BrokerError, match=f"127.0.0.1:{port} did not tell"):
        await open_intents(Settings(kafka=kafka))
