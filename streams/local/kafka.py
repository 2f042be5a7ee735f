"""A real Kafka broker of one node, KRaft, on 127.0.0.1; its log outlives it in a directory."""

from __future__ import annotations

import base64
import subprocess
import uuid
from pathlib import Path
from string import Template
from typing import Final

from millrace.schemas.errors import BrokerError
from millrace.streams.local import processes
from millrace.streams.local.ports import free_ports

_STARTED: Final = "Kafka Server started"
_IN_USE: Final = "Address already in use"
_LOGGING: Final = Path(__file__).with_name("log4j2.xml")

#: Small and quick to start: one user on one machine, not a data centre.
_JVM: Final = (
    "-Xms64m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    f"-Dlog4j2.configurationFile={_LOGGING}",
)

#: Group offsets are kept for a year: a store may be opened again long after.
_PROPERTIES: Final = Template("""\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:$controller
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$log
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
offsets.retention.minutes=525600
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=16777216
""")


class LocalKafka:
    """One broker whose data is in ``directory``; a second start there continues.

    Use as a context manager, or ``start`` and ``stop``. Blocking.
    """

    def __init__(self, directory: Path, *, java: Path, jars: Path, cluster_id: str = "") -> None:
        self.directory = directory.resolve()
        self.bootstrap_servers = ""
        self._java = java
        self._jars = jars
        self._cluster_id = cluster_id or new_cluster_id()
        self._child: processes.Child | None = None
        self._log_start = 0

    def start(self, timeout: float = 60.0) -> None:
        """Start the broker and wait until it serves; raises BrokerError when it does not."""
        (self.directory / "log").mkdir(parents=True, exist_ok=True)
        for last_try in (False, False, True):
            port, controller = free_ports(2)
            self._configure(port, controller)
            try:
                self._launch(timeout)
            except processes.ProcessError as error:
                self.stop(0)
                # Someone may have taken a port that was free a moment ago.
                if last_try or _IN_USE not in self._said_since_start():
                    raise BrokerError(str(error)) from None
                continue
            self.bootstrap_servers = f"127.0.0.1:{port}"
            return

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
        """Stop the broker, killing it after ``timeout`` seconds; nothing acknowledged is lost."""
        if self._child is not None:
            self._child.stop(timeout)
            self._child = None

    def __enter__(self) -> LocalKafka:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def _configure(self, port: int, controller: int) -> None:
        log = self.directory / "log"
        properties = _PROPERTIES.substitute(port=port, controller=controller, log=log)
        self._properties.write_text(properties)
        if (log / "meta.properties").exists():
            return
        command = self._command("kafka.tools.StorageTool", "format", "--ignore-formatted")
        command += ["-t", self._cluster_id, "-c", str(self._properties)]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        if result.returncode != 0:
            said = (result.stderr or result.stdout).strip().splitlines()
            raise BrokerError(f"Kafka could not format {log}: {said[-1] if said else '(nothing)'}")

    def _launch(self, timeout: float) -> None:
        self._log_start = self._log.stat().st_size if self._log.exists() else 0
        command = self._command("kafka.Kafka", str(self._properties))
        self._child = processes.start("Kafka broker", command, log=self._log)
        processes.wait_for_line(self._child, _STARTED, after=self._log_start, timeout=timeout)

    def _said_since_start(self) -> str:
        return self._log.read_bytes()[self._log_start :].decode(errors="replace")

    @property
    def _log(self) -> Path:
        return self.directory / "server.log"

    @property
    def _properties(self) -> Path:
        return self.directory / "server.properties"

    def _command(self, *arguments: str) -> list[str]:
        return [str(self._java), *_JVM, "-cp", f"{self._jars}/*", *arguments]


def new_cluster_id() -> str:
    """Return a cluster id as Kafka writes it: a random UUID in URL-safe base 64."""
    identity = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # A leading dash would read as an option of the format tool.
    return new_cluster_id() if identity.startswith("-") else identity
