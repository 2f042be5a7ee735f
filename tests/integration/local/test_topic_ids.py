"""A topic's life is told by its id, which no other life ever has."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from millrace.schemas.errors import BrokerError
from millrace.streams.settings import KafkaSettings
from millrace.streams.topic_ids import ask_topic_ids, topic_ids
from millrace.streams.topics import Topics, administrator, create_topics

pytestmark = pytest.mark.integration


async def gone(admin: AIOKafkaAdminClient, topic: str) -> None:
    while True:
        if topic not in await admin.list_topics():
            return
        await asyncio.sleep(0.05)


async def test_a_topic_that_is_created_anew_has_another_id(kafka_settings: KafkaSettings) -> None:
    await create_topics(kafka_settings)
    topics = Topics(kafka_settings.topic_prefix)
    names = [topics.events, topics.windows]
    first = await ask_topic_ids(kafka_settings, names)
    assert await ask_topic_ids(kafka_settings, names) == first
    async with administrator(kafka_settings) as admin:
        await admin.delete_topics([topics.events])
        await gone(admin, topics.events)
    assert await ask_topic_ids(kafka_settings, names) == {topics.windows: first[topics.windows]}
    await create_topics(kafka_settings)
    second = await ask_topic_ids(kafka_settings, names)
    assert second[topics.windows] == first[topics.windows]
    assert second[topics.events] != first[topics.events]
    assert all(len(identity) == 32 for identity in [*first.values(), *second.values()])


class OldBroker:
    """Takes requests for metadata in these versions."""

    def __init__(self, versions: dict[int, tuple[int, int]]) -> None:
        self.versions = versions

    def get_random_node(self) -> int:
        return 0

    async def send(self, node_id: int | None, request: Any, *, group: Any) -> Any:
        request.prepare(self.versions)
        pytest.fail("it took the request")


async def test_a_broker_without_ids_is_no_failure() -> None:
    assert await topic_ids(OldBroker({3: (0, 9)}), ["a", "b"]) == {"a": "", "b": ""}


async def test_a_lost_connection_is_not_a_broker_without_ids() -> None:
    with pytest.raises(KafkaError):
        await topic_ids(OldBroker({}), ["a"])


async def test_no_broker_is_one_sentence() -> None:
    nowhere = KafkaSettings(bootstrap_servers="127.0.0.1:1")
    with pytest.raises(BrokerError, match="ids of the topics"):
        await ask_topic_ids(nowhere, ["a"])
