"""The program to compare with: what one would write by hand with aiokafka, pydantic and a driver.

It validates each event with pydantic, drops the denied tags, inserts in batches into the same raw
table with the same views behind it, and commits offsets after the insert: at least once. It has no
ledger, dead letters, counts of dropped keys, exact repeats or telemetry.
"""

from __future__ import annotations

import argparse
import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import clickhouse_connect
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from clickhouse_connect.driver.client import Client
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

BATCH = 50_000
DENIED = frozenset(
    (
        *("account_id", "authorization", "client_ip", "cookie", "device_id", "email", "ip"),
        *("password", "phone", "session_id", "token", "url", "user", "user_agent", "user_id"),
    )
)
COLUMNS = (
    *("topic", "partition", "offset", "received_at", "retention_class", "schema_version", "id"),
    *("tenant", "name", "kind", "occurred_at", "measurements", "tags", "unit", "source"),
)

TagKey = Annotated[str, Field(min_length=1, max_length=50)]
TagValue = Annotated[str, Field(max_length=100)]


class Event(BaseModel):
    """An event as it may arrive."""

    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1] = 1
    id: UUID
    tenant: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = "default"
    name: Annotated[str, Field(max_length=255, pattern=r"^[a-zA-Z][a-zA-Z0-9._-]*$")]
    kind: Literal["event", "counter", "gauge", "histogram", "summary"] = "event"
    occurred_at: AwareDatetime
    value: Annotated[float, Field(ge=-1e38, le=1e38)]
    unit: Annotated[str, Field(max_length=50)] = ""
    source: Annotated[str, Field(max_length=251)] = ""
    tags: Annotated[dict[TagKey, TagValue], Field(max_length=20)] = {}


class Announcer(ConsumerRebalanceListener):  # type: ignore[misc]  # shipped without types
    """Says when the group is joined, which is when the clock starts."""

    def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        pass

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        print("Partitions assigned:", *assigned, flush=True)


def row(record: ConsumerRecord[bytes, bytes]) -> tuple[Any, ...]:
    event = Event.model_validate_json(record.value or b"")
    return (
        record.topic,
        record.partition,
        record.offset,
        datetime.fromtimestamp(record.timestamp / 1000, UTC),
        "default",
        event.schema_version,
        event.id,
        event.tenant,
        event.name,
        event.kind,
        event.occurred_at,
        {"value": event.value},
        {key: value for key, value in sorted(event.tags.items()) if key.lower() not in DENIED},
        event.unit,
        event.source,
    )


def rows_of(records: list[ConsumerRecord[bytes, bytes]]) -> list[tuple[Any, ...]]:
    rows = []
    for record in records:
        try:
            rows.append(row(record))
        except ValidationError as error:
            print(f"Refused {record.partition}@{record.offset}: {error.error_count()}", flush=True)
    return rows


def insert(client: Client, rows: list[tuple[Any, ...]]) -> None:
    client.insert("events", rows, column_names=COLUMNS)


async def consume(consumer: AIOKafkaConsumer, client: Client) -> None:
    """Decode a batch while the one before it is being inserted."""
    under_way: asyncio.Task[None] | None = None
    while True:
        polled = await consumer.getmany(timeout_ms=500, max_records=BATCH)
        rows = rows_of([record for records in polled.values() for record in records])
        if under_way is not None:
            await under_way
            under_way = None
        if rows:
            ends = {place: records[-1].offset + 1 for place, records in polled.items()}
            under_way = asyncio.create_task(store(consumer, client, rows, ends))


async def store(
    consumer: AIOKafkaConsumer,
    client: Client,
    rows: list[tuple[Any, ...]],
    ends: dict[TopicPartition, int],
) -> None:
    await asyncio.to_thread(insert, client, rows)
    await consumer.commit(ends)


async def main(options: argparse.Namespace) -> None:
    client = clickhouse_connect.get_client(dsn=options.store, compress=False)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=options.bootstrap_servers,
        group_id=options.group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_poll_records=BATCH,
        max_partition_fetch_bytes=8 << 20,
    )
    consumer.subscribe([options.topic], listener=Announcer())
    async with consumer:
        await consume(consumer, client)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for option in ("--bootstrap-servers", "--topic", "--group", "--store"):
        parser.add_argument(option, required=True)
    asyncio.run(main(parser.parse_args()))
