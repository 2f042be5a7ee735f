"""The embedded store's directory: one live process a time, and a note where it can be reached."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Final

from millrace.schemas.errors import ConfigurationError

#: The engine's own files.
STORE: Final = "store"
_LOCK: Final = "millrace.lock"
_NOTE: Final = "millrace.json"


class DataDirectory:
    """Holds the directory for this process; the lock goes with the process, however it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = -1

    def __enter__(self) -> DataDirectory:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise ConfigurationError(
                f"The data directory {self.path} is in use by process {_holder(self.path)}: "
                "stop it or choose another directory"
            ) from None
        except OSError as error:
            raise ConfigurationError(
                f"The data directory {self.path} cannot be used: {error.strerror}"
            ) from None
        return self

    def note(self, url: str) -> None:
        """Write down where the store answers."""
        text = json.dumps({"pid": os.getpid(), "url": url})
        (self.path / _NOTE).write_text(text, encoding="utf-8")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        (self.path / _NOTE).unlink(missing_ok=True)
        os.close(self._lock)


def running_url(path: Path) -> str | None:
    """Return where the live store on this directory answers, or None when there is none."""
    url = _read_note(path).get("url") if in_use(path) else None
    return url if isinstance(url, str) else None


def is_store(path: Path) -> bool:
    """Say whether a store has ever been started on the directory."""
    return (path / STORE).is_dir()


def in_use(path: Path) -> bool:
    """Say whether a live process holds the directory."""
    try:
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _holder(path: Path) -> str:
    return str(_read_note(path).get("pid", "that does not answer yet"))


def _read_note(path: Path) -> dict[str, object]:
    try:
        note = json.loads((path / _NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}
