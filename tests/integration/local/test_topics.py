from __future__ import annotations

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from millrace.streams.settings import KafkaSettings
from millrace.streams.topics import Topics, administrator, create_topics, declarations

pytestmark = pytest.mark.integration


async def test_creating_topics_twice_leaves_them_as_declared(kafka_settings: KafkaSettings) -> None:
    await create_topics(kafka_settings)
    await create_topics(kafka_settings)
    names = [one.name for one in declarations(kafka_settings)]
    async with administrator(kafka_settings) as admin:
        described = await admin.describe_topics(names)
        assert {topic["topic"]: len(topic["partitions"]) for topic in described} == {
            one.name: one.partitions for one in declarations(kafka_settings)
        }
        resource = ConfigResource(
            ConfigResourceType.TOPIC, Topics(kafka_settings.topic_prefix).events
        )
        (answer,) = await admin.describe_configs([resource])
    entries = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    assert entries["message.timestamp.type"] == "LogAppendTime"
    assert entries["max.message.bytes"] == str(1024 * 1024)


async def test_an_existing_topic_is_left_alone(kafka_settings: KafkaSettings) -> None:
    await create_topics(kafka_settings)
    more = kafka_settings.model_copy(update={"partitions": kafka_settings.partitions + 1})
    await create_topics(more)
    async with administrator(kafka_settings) as admin:
        (events,) = await admin.describe_topics([Topics(kafka_settings.topic_prefix).events])
    assert len(events["partitions"]) == kafka_settings.partitions


def test_the_prefix_is_on_every_name() -> None:
    topics = Topics("a.")
    names = [
        getattr(topics, name) for name in dir(Topics) if isinstance(getattr(Topics, name), property)
    ]
    assert len(names) == 6
    assert all(name.startswith("a.telemetry.") for name in names)
