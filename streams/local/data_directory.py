"""The directory of a local pipeline: the one given and kept, or one that goes with the run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def data_directory(given: Path | None) -> Iterator[Path]:
    """Give the directory; one that was not named is removed at the end."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="millrace-", ignore_cleanup_errors=True) as temporary:
        yield Path(temporary)
