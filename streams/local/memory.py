"""librdkafka's in-memory broker in a process of its own, for a machine without Java.

It speaks enough of Kafka's protocol for producers, consumers and groups. It keeps about 5 MB of
each partition and forgets the oldest beyond that, consumed or not, so whoever produces must wait
for the consumer (see :mod:`millrace.streams.produce`). It stamps no time of its own, and all is
gone with the process.

``python -m millrace.streams.local.memory TOPIC=PARTITIONS...`` runs one.
"""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

from millrace.schemas.errors import BrokerError
from millrace.streams.local import processes

#: Bytes that a producer may be ahead of the consumer in one partition; well below the 5 MB kept.
AHEAD_BYTES: Final = 3 * 1024 * 1024

_READY: Final = "Listening on "
_ERROR_TEXT: Final = 512
_PRODUCER: Final = 0


class MemoryKafka:
    """One in-memory broker with the topics given; ``directory`` gets its log file.

    Use as a context manager, or ``start`` and ``stop``. Blocking.
    """

    def __init__(self, directory: Path, topics: Mapping[str, int]) -> None:
        self.bootstrap_servers = ""
        self._log = directory / "memory.log"
        self._topics = topics
        self._child: processes.Child | None = None

    def start(self, timeout: float = 30.0) -> None:
        """Start the broker and wait until it serves; raises BrokerError when it does not."""
        start = self._log.stat().st_size if self._log.exists() else 0
        arguments = [f"{topic}={partitions}" for topic, partitions in self._topics.items()]
        command = [sys.executable, "-m", __name__, *arguments]
        self._child = processes.start("in-memory broker", command, log=self._log)
        try:
            processes.wait_for_line(self._child, _READY, after=start, timeout=timeout)
        except processes.ProcessError as error:
            self.stop(0)
            raise BrokerError(str(error)) from None
        said = self._log.read_bytes()[start:].decode()
        self.bootstrap_servers = said.partition(_READY)[2].split()[0]

    @property
    def pid(self) -> int:
        """The id of the broker's process, 0 when it is not started."""
        return 0 if self._child is None else self._child.pid

    def check(self) -> None:
        """Raise ProcessError when the broker is gone."""
        if self._child is not None:
            self._child.check()

    def terminate(self) -> None:
        """Ask the broker to end; returns at once."""
        if self._child is not None:
            self._child.terminate()

    def stop(self, timeout: float = 8.0) -> None:
        """Stop the broker; what it kept is gone."""
        if self._child is not None:
            self._child.stop(timeout)
            self._child = None

    def __enter__(self) -> MemoryKafka:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()


def run(topics: Mapping[str, int]) -> None:
    """Serve until the process is ended.

    The Python client has no call for a topic's number of partitions, so the library is driven
    directly; loading the extension module brings it in, wherever the wheel keeps it.
    """
    library = ctypes.CDLL(import_module("confluent_kafka.cimpl").__file__)
    library.rd_kafka_conf_new.restype = ctypes.c_void_p
    library.rd_kafka_new.restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_new.restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    fault = ctypes.create_string_buffer(_ERROR_TEXT)
    configuration = ctypes.c_void_p(library.rd_kafka_conf_new())
    # It would warn that the client, which nobody uses, has no broker to talk to.
    library.rd_kafka_conf_set(configuration, b"log_level", b"0", fault, len(fault))
    client = library.rd_kafka_new(_PRODUCER, configuration, fault, ctypes.c_size_t(_ERROR_TEXT))
    if not client:
        raise BrokerError(f"librdkafka did not start: {fault.value.decode()}")
    cluster = ctypes.c_void_p(library.rd_kafka_mock_cluster_new(ctypes.c_void_p(client), 1))
    # Like the real broker here: one worker, and nobody to wait for.
    library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0)
    for topic, partitions in topics.items():
        error = library.rd_kafka_mock_topic_create(cluster, topic.encode(), partitions, 1)
        if error:
            raise BrokerError(f"librdkafka did not create the topic {topic} (error {error})")
    servers = library.rd_kafka_mock_cluster_bootstraps(cluster)
    print(f"{_READY}{servers.decode()}", flush=True)
    signal.pause()


if __name__ == "__main__":
    run({name: int(count) for name, _, count in (one.rpartition("=") for one in sys.argv[1:])})
