"""What all rounds share: one real broker, one store engine, one directory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from load import load
from pydantic import SecretStr
from usage import CpuSeconds
from workload import PARTITIONS, Workload

from millrace.clickhouse import migrate
from millrace.clickhouse.client import Store
from millrace.clickhouse.embedded import EmbeddedServer
from millrace.streams.local import jars
from millrace.streams.local.kafka import LocalKafka
from millrace.streams.settings import ClickHouseSettings, KafkaSettings, RetentionSettings, Settings


@dataclass(frozen=True, slots=True)
class Rig:
    """A running broker and a running store."""

    directory: Path
    broker: LocalKafka
    server: EmbeddedServer

    def kafka(self, topics: str, group: str = "nobody") -> KafkaSettings:
        """Return the settings of a consumer group on one of the loaded sets of topics."""
        return KafkaSettings(
            bootstrap_servers=self.broker.bootstrap_servers,
            topic_prefix=f"{topics}.",
            group=group,
            partitions=PARTITIONS,
        )

    def load(self, topics: str, workload: Workload) -> None:
        """Fill a set of topics of its own with a workload."""
        load(self.kafka(topics), workload)

    @contextmanager
    def database(self, name: str) -> Iterator[tuple[str, Store]]:
        """Give the URL of a fresh, migrated database and a connection; it is dropped afterwards."""
        url = f"{self.server.url.rsplit('/', 1)[0]}/{name}"
        store = Store.connect(url)
        try:
            migrate.apply(store, retention=RetentionSettings().model_dump())
            yield url, store
        finally:
            store.command(f"DROP DATABASE IF EXISTS {name} SYNC")
            store.close()

    def settings(self, topics: str, name: str, url: str) -> Settings:
        """Return a worker's settings: the defaults, in a group and a database of its own."""
        return Settings(
            kafka=self.kafka(topics, group=name),
            clickhouse=ClickHouseSettings(url=SecretStr(url)),
            actor_key=SecretStr("a key for benchmarks"),
        )

    def cpu(self, worker: int) -> CpuSeconds:
        """Return the processor time used so far by a worker, the store and the broker."""
        return CpuSeconds.now(worker, self.server.pid, self.broker.pid)


@contextmanager
def rig() -> Iterator[Rig]:
    """Start broker and store in a temporary directory; stop both and remove it in the end.

    Raises ConfigurationError without Java, or without Kafka's jars and Maven to fetch them.
    """
    java = jars.require_java(os.environ)
    libraries = jars.fetch_jars(jars.cache_directory(os.environ), jars.find_maven(os.environ))
    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as name:
        directory = Path(name)
        with (
            LocalKafka(directory / "kafka", java=java, jars=libraries) as broker,
            EmbeddedServer(directory / "clickhouse") as server,
        ):
            yield Rig(directory, broker, server)
