"""The directory of a local pipeline: the one given and kept, or one that goes with the run."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from millrace.schemas.errors import ConfigurationError

_LOCK: Final = "pipeline.lock"


@contextmanager
def data_directory(given: Path | None) -> Iterator[Path]:
    """Give the directory; one that was not named is removed at the end."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="millrace-", ignore_cleanup_errors=True) as temporary:
        yield Path(temporary)


@contextmanager
def exclusive(data: Path) -> Iterator[None]:
    """Hold the directory, made if need be; raises ConfigurationError when someone else does.

    The hold ends with the process, however that ends.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = (data / _LOCK).open("w")
    except OSError as error:
        raise ConfigurationError(
            f"The data directory {data} cannot be used: {error.strerror}"
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(
                f"Another millrace runs on {data}; stop it or choose another --data"
            ) from None
        yield


def in_use(data: Path) -> bool:
    """Tell whether a pipeline runs on the directory."""
    try:
        with (data / _LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
