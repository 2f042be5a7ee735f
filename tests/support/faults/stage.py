"""The ground that all cases share: one broker and one store, both of which can be taken away."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from millrace.clickhouse.embedded import EmbeddedServer
from millrace.streams.connection import client_arguments
from millrace.streams.local import jars
from millrace.streams.local.kafka import LocalKafka
from millrace.streams.settings import KafkaSettings

from .steps import Position

T = TypeVar("T")
_SECONDS = 120.0


class Broker(LocalKafka):
    """A broker that starts again on its old port."""

    def start_again(self) -> None:
        """Start after ``stop`` or ``kill`` with everything as it was, the port too."""
        self._launch(60.0)

    def kill(self) -> None:
        """End it without a word of warning."""
        self.stop(0.0)


class Stage:
    """Broker and store of a session, and a loop in which to talk to the broker."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        java = jars.require_java(os.environ)
        cache = jars.cache_directory(os.environ)
        found = jars.fetch_jars(cache, jars.find_maven(os.environ))
        self.broker = Broker(directory / "kafka", java=java, jars=found)
        self.store = EmbeddedServer(directory / "store")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Stage:
        self._thread.start()
        try:
            self.broker.start()
            self.store.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.store.stop()
        self.broker.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_SECONDS)
        self._loop.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end; may be called from any thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_SECONDS)

    def kill_store(self) -> None:
        """End the store's process without a word of warning; ``start_store`` brings it back."""
        os.kill(self.store.pid, signal.SIGKILL)
        self.store.stop()  # only collects what is left of it

    def start_store(self) -> None:
        """Start the store again on its data and its port."""
        self.store = EmbeddedServer(self.directory / "store", self.store.port).start()

    def positions(self, kafka: KafkaSettings, topic: str) -> Mapping[int, Position]:
        """Return the group's committed position for each partition of a topic that has one."""
        return self.run(_positions(kafka, topic))


async def _positions(kafka: KafkaSettings, topic: str) -> dict[int, Position]:
    admin = AIOKafkaAdminClient(**client_arguments(kafka))
    try:
        await admin.start()
        found = await admin.list_consumer_group_offsets(kafka.group)
    except KafkaError as error:
        raise AssertionError(f"The broker does not tell the group's offsets: {error}") from error
    finally:
        await admin.close()
    return {
        place.partition: Position(entry.offset, entry.metadata or "")
        for place, entry in found.items()
        if place.topic == topic and entry.offset >= 0
    }
