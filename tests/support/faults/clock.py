"""A wall clock of its own for a worker, which can be stepped while it runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

#: Holds the module that Python imports at a process's start.
_PATCH = Path(__file__).with_name("stepped_clock")


class SteppedClock:
    """The clock of every process that is started with its environment."""

    def __init__(self, file: Path, seconds: float = 0.0) -> None:
        self._file = file
        self.set(seconds)

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to go by this clock."""
        path = filter(None, (str(_PATCH), os.environ.get("PYTHONPATH")))
        return {"PYTHONPATH": os.pathsep.join(path), "FAULTS_CLOCK": str(self._file)}

    def set(self, seconds: float) -> None:
        """Step to so many seconds ahead of the true time."""
        # Never empty: a worker reads it at every look at the clock.
        new = self._file.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self._file)
