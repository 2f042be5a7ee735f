"""The workers of a case: real processes, watched for their memory, stopped by their id."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import psutil
from workers import PATIENCE, WorkerProcess

from millrace.streams.local import guard
from millrace.streams.local.environment import environment_of
from millrace.streams.settings import Settings

#: A worker of the suite's small ranges stays far below; a leak would not.
RSS_BOUND = 1 << 30
_SAMPLE_SECONDS = 0.2
_ASSIGNED = re.compile(r"Partitions assigned: (.*)\.$", re.MULTILINE)
_BROKEN = Path(__file__).with_name("broken_worker.py")


class Worker(WorkerProcess):
    """One worker process with a name of its own; its log is appended to."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        log: Path,
        *,
        breaks: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.log = name, log
        self.rss_peak = 0
        self._said_before = log.stat().st_size if log.exists() else 0
        command = [sys.executable, "-m", "millrace.streams.cli", "worker"]
        if breaks:
            command = [sys.executable, str(_BROKEN), breaks]
        # It dies with the suite, however that ends.
        guarded = [sys.executable, "-I", "-S", guard.__file__, str(os.getpid()), *command]
        with log.open("ab") as sink:
            self.process = subprocess.Popen(
                guarded,
                env={**environment_of(settings, os.environ), **(environment or {})},
                cwd=log.parent,
                stdout=sink,
                stderr=sink,
            )
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def text(self) -> str:
        """What this process has said so far."""
        return self.log.read_bytes()[self._said_before :].decode(errors="replace")

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    @property
    def up(self) -> bool:
        """Whether it has come up; from then on it stops in order when it is told to."""
        return "Worker started" in self.text

    def partitions(self, topic: str) -> list[int]:
        """Return the partitions of a topic that it was assigned last."""
        said = _ASSIGNED.findall(self.text)
        places = said[-1].split(", ") if said else []
        prefix = f"{topic}-"
        return sorted(int(p.removeprefix(prefix)) for p in places if p.startswith(prefix))

    def freeze(self) -> None:
        """Stop it without its knowing (SIGSTOP)."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one go on."""
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Make sure that it is gone; a frozen one too."""
        if self.alive:
            self.kill()
        self._over.set()

    def _watch(self) -> None:
        try:
            seen = psutil.Process(self.process.pid)
            while not self._over.wait(_SAMPLE_SECONDS):
                self.rss_peak = max(self.rss_peak, seen.memory_info().rss)
        except psutil.Error:
            return


class Fleet:
    """All workers that a case has started."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.workers: list[Worker] = []

    def start(
        self,
        name: str,
        settings: Settings,
        *,
        breaks: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> Worker:
        """Start a worker; its log is ``<name>.log`` and is appended to."""
        log = self._directory / f"{name}.log"
        worker = Worker(name, settings, log, breaks=breaks, environment=environment)
        self.workers.append(worker)
        return worker

    @property
    def alive(self) -> list[Worker]:
        """The workers that have not ended."""
        return [worker for worker in self.workers if worker.alive]

    @property
    def rss_peak(self) -> int:
        """The most memory that any of them was seen with, in bytes."""
        return max((worker.rss_peak for worker in self.workers), default=0)

    @property
    def complaints(self) -> list[str]:
        """Lines by which a worker said that it stopped a partition or failed unexpectedly."""
        marks = ("is stopped, its events stay in the log", "Unexpected failure", "Traceback")
        return [
            f"{worker.name}: {line}"
            for worker in self.workers
            for line in worker.text.splitlines()
            if any(mark in line for mark in marks)
        ]

    def terminate(self) -> None:
        """Ask all to stop; none may have ended but in order or by the suite's own hand."""
        for worker in self.alive:
            worker.process.send_signal(signal.SIGTERM)
        for worker in self.workers:
            code = worker.process.wait(PATIENCE)
            allowed = (0, -signal.SIGKILL)
            assert code in allowed, f"{worker.name} ended with {code}: {worker.text[-2000:]}"

    def end(self) -> None:
        """Make sure that none is left."""
        for worker in self.workers:
            worker.end()
