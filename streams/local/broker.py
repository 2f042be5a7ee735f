"""Which broker the local pipeline runs: a real one where it can, else the in-memory one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from millrace.schemas.errors import ConfigurationError
from millrace.streams.local import jars
from millrace.streams.local.kafka import LocalKafka, new_cluster_id
from millrace.streams.local.memory import MemoryKafka


class LocalBroker(Protocol):
    """What the pipeline needs of a broker."""

    bootstrap_servers: str

    def start(self, timeout: float = ...) -> None:
        """Start it and wait until it serves."""

    def check(self) -> None:
        """Raise ProcessError when it is gone."""

    def terminate(self) -> None:
        """Ask it to end; returns at once."""

    def stop(self, timeout: float = ...) -> None:
        """Stop it within ``timeout`` seconds."""


@dataclass(frozen=True, slots=True)
class BrokerChoice:
    """The broker, its kind as ``demo --json`` reports it, and one line that says why."""

    broker: LocalBroker
    kind: Literal["kafka", "in-memory"]
    reason: str


def choose_broker(
    data: Path, topics: Mapping[str, int], environment: Mapping[str, str]
) -> BrokerChoice:
    """Choose the broker for a data directory; ``topics`` maps each name to its partitions.

    Without Java, or without Kafka's jars and Maven to fetch them, it is the in-memory broker.
    Raises ConfigurationError when the directory holds a real broker's log that could not be read
    then: what it holds would look lost.
    """
    directory = data / "kafka"
    try:
        java = jars.require_java(environment)
        cache = jars.cache_directory(environment)
        libraries = jars.fetch_jars(cache, jars.find_maven(environment))
    except ConfigurationError as error:
        if (directory / "log" / "meta.properties").exists():
            raise ConfigurationError(
                f"The log in {directory} needs the real Kafka broker, and {error}; "
                "or choose another data directory"
            ) from None
        return BrokerChoice(
            MemoryKafka(directory, topics),
            "in-memory",
            f"Broker: in-memory, 5 MB a partition, so producers wait for the worker ({error}).",
        )
    broker = LocalKafka(directory, java=java, jars=libraries, cluster_id=_cluster_id(data))
    reason = f"Broker: Apache Kafka ({java} found); its log is kept in {directory}."
    return BrokerChoice(broker, "kafka", reason)


def _cluster_id(data: Path) -> str:
    file = data / "cluster_id"
    if not file.exists():
        data.mkdir(parents=True, exist_ok=True)
        file.write_text(new_cluster_id())
    return file.read_text().strip()
