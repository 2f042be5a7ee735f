"""Real workers for tests: started as their own processes, stopped by their id."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from millrace.clickhouse.client import Store
from millrace.streams.local.environment import environment_of
from millrace.streams.settings import (
    ClickHouseSettings,
    KafkaSettings,
    ReconcileSettings,
    Settings,
)
from millrace.streams.topics import Topics, create_topics

#: Far beyond what anything takes here; a test that gets there has failed.
PATIENCE = 90.0


def settings_for(kafka: KafkaSettings, url: str, **changes: Any) -> Settings:
    """Settings of an installation of a test's own."""
    return Settings(
        kafka=kafka,
        clickhouse=ClickHouseSettings(url=SecretStr(url)),
        actor_key=SecretStr("a key for tests"),
        **{"telemetry_seconds": 0.0, "reconcile": ReconcileSettings(seconds=0), **changes},
    )


class WorkerProcess:
    """A running worker."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self.log = log
        with log.open("ab") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "millrace.streams.cli", "worker"],
                env=environment_of(settings, os.environ),
                cwd=log.parent,
                stdout=sink,
                stderr=sink,
            )

    def kill(self) -> None:
        """End it without a word of warning."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def terminate(self) -> int:
        """Ask it to stop; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    @property
    def text(self) -> str:
        """What it has said so far."""
        return self.log.read_text(errors="replace")


@contextmanager
def worker(settings: Settings, log: Path) -> Iterator[WorkerProcess]:
    """A worker that does not outlive the block."""
    running = WorkerProcess(settings, log)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.kill()


def events(count: int, *, start: int = 0, **fields: Any) -> list[bytes]:
    """Valid events of now; the ids differ from call to call."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return [
        json.dumps(
            {
                "id": str(uuid4()),
                "name": "checkout.duration_ms",
                "occurred_at": now,
                "value": float(number),
                "tags": {"route": f"/{number % 7}"},
                **fields,
            }
        ).encode()
        for number in range(start, start + count)
    ]


async def publish(kafka: KafkaSettings, records: Sequence[bytes | None]) -> None:
    """Publish records to the events' topic, round robin, and wait until they are in the log."""
    await create_topics(kafka)
    topic = Topics(kafka.topic_prefix).events
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers, linger_ms=10, max_request_size=1 << 20
    )
    await producer.start()
    try:
        waiting = [
            await producer.send(topic, record, key=b"k", partition=place % kafka.partitions)
            for place, record in enumerate(records)
        ]
        await asyncio.gather(*waiting)
    finally:
        await producer.stop()


def wait_until(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Look every 50 ms until the condition holds."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {patience:.0f} s in vain: {what}")
        time.sleep(0.05)


def scalar(store: Store, sql: str) -> Any:
    """The one value of a query."""
    ((value,),) = store.rows(sql)
    return value
