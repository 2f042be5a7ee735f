"""Child processes of the local pipeline: started with a log, stopped by id, never left behind.

A child does not see the terminal's Ctrl-C (its parent stops it in order) and is killed by the
kernel when the thread that started it is gone, so start children from the main thread.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import getpid
from pathlib import Path

from millrace.schemas.errors import MillraceError
from millrace.streams.local import guard

#: How much of a dead child's log goes into the error.
_TAIL_LINES = 5


class ProcessError(MillraceError):
    """A child process ended on its own or never became ready."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running child process and the file that holds what it says."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self.process.pid

    @property
    def running(self) -> bool:
        """Tell whether it is still there."""
        return self.process.poll() is None

    def check(self) -> None:
        """Raise ProcessError with the end of its log when it is no longer there."""
        if not self.running:
            raise ProcessError(
                f"The {self.name} ended with status {self.process.returncode}; "
                f"its log {self.log} ends: {tail(self.log)}"
            )

    def terminate(self) -> None:
        """Ask it to end; returns at once."""
        if self.running:
            self.process.terminate()

    def stop(self, timeout: float) -> int:
        """Ask it to end, kill it after ``timeout`` seconds, and return its status."""
        self.terminate()
        try:
            return self.process.wait(max(timeout, 0.0))
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def start(
    name: str,
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Child:
    """Start ``command`` with both its outputs appended to ``log``."""
    log.parent.mkdir(parents=True, exist_ok=True)
    guarded = [sys.executable, "-I", "-S", guard.__file__, str(getpid()), *command]
    with log.open("ab") as output:
        process = subprocess.Popen(
            guarded,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            cwd=directory,
            start_new_session=True,
        )
    return Child(name, process, log)


def wait_for_line(child: Child, text: str, *, after: int, timeout: float) -> None:
    """Wait until the child's log holds ``text`` beyond byte ``after``.

    Raises ProcessError when the child ends or the time is up; the child is left as it is.
    """
    deadline = time.monotonic() + timeout
    while text.encode() not in child.log.read_bytes()[after:]:
        child.check()
        if time.monotonic() > deadline:
            raise ProcessError(
                f"The {child.name} was not ready within {timeout:g} s; "
                f"its log {child.log} ends: {tail(child.log)}"
            )
        time.sleep(0.03)


def tail(log: Path) -> str:
    """Return the last lines of a log on one line, without Java's and Python's call stacks."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    telling = [line for line in lines if line and not line[0].isspace()]
    return " | ".join(telling[-_TAIL_LINES:]) or "(nothing)"
