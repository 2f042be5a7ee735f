"""The ids that Kafka gives to topics: one that is deleted and made anew gets another.

The client asks for metadata in a version from before the ids, so the request and its answer are
spelled out here.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any, ClassVar, Final, Protocol
from uuid import UUID

from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.errors import KafkaError
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from millrace.schemas.errors import BrokerError
from millrace.streams.connection import client_arguments
from millrace.streams.settings import KafkaSettings

_NONE: Final = UUID(int=0)
_TEXT: Final = CompactString("utf-8")
_METADATA: Final = 3


class Client(Protocol):
    """What is asked of an aiokafka client, which is not typed itself."""

    def get_random_node(self) -> int | None:
        """Return some broker's id."""

    async def send(self, node_id: int | None, request: Any, *, group: ConnectionGroup) -> Any:
        """Send a request to a broker over one of its connections and return its answer."""


class _Uuid(AbstractType[UUID]):  # type: ignore[misc]  # aiokafka is not typed
    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


class _Answer(Response):  # type: ignore[misc]
    API_KEY = _METADATA
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", _TEXT),
                ("port", Int32),
                ("rack", _TEXT),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", _TEXT),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", _TEXT),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_authorized_operations", Int32),
        ("tags", TaggedFields),
    )


class _Question(RequestStruct):  # type: ignore[misc]
    API_KEY = _METADATA
    API_VERSION = 10
    FLEXIBLE_VERSION: ClassVar[bool] = True
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", _TEXT), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _IdsOf(Request[_Question]):  # type: ignore[misc]
    API_KEY = _METADATA

    def __init__(self, names: Iterable[str]) -> None:
        self._names = names

    def build(self, request_struct_class: type[_Question]) -> _Question:
        tags: dict[int, bytes] = {}
        topics = [(_NONE, name, tags) for name in self._names]
        return request_struct_class(topics, False, False, False, tags)


async def topic_ids(client: Client, names: Iterable[str]) -> dict[str, str]:
    """Return the id of each topic that exists; "" from a broker that gives none (Kafka < 2.8).

    A topic may be absent for a moment after the start of its broker, which means nothing.
    What was read from a topic before this was asked is of the topic with this id, if that was its
    id before the reading too: an id never comes back. Raises KafkaError.
    """
    wanted = list(names)
    try:
        # On the other connection a consumer's fetch may be waiting for records, and us behind it.
        answer = await client.send(
            client.get_random_node(), _IdsOf(wanted), group=ConnectionGroup.COORDINATION
        )
    except KafkaError:
        # Among them: no version is known at all, on a connection that has just been lost.
        raise
    except RuntimeError:  # no version of the request in common
        return dict.fromkeys(wanted, "")
    # A topic without a leader has its id all the same; one that the broker does not know has none.
    return {
        name: "" if identity == _NONE else identity.hex
        for error, name, identity, *_rest in answer.topics
        if not error or identity != _NONE
    }


async def ask_topic_ids(kafka: KafkaSettings, names: Iterable[str]) -> dict[str, str]:
    """Connect and return what :func:`topic_ids` does; BrokerError when Kafka does not answer."""
    client = AIOKafkaClient(**client_arguments(kafka))
    try:
        await client.bootstrap()
        return await topic_ids(client, names)
    except KafkaError as error:
        raise BrokerError(f"Kafka did not tell the ids of the topics: {error}") from error
    finally:
        await client.close()
