"""Shifts a worker's wall clock by the seconds in the file that ``FAULTS_CLOCK`` names.

Python imports this at its start where this directory is on PYTHONPATH. The file is read for every
look at the clock, so that the clock steps while the process runs; monotonic time goes on.
"""

from __future__ import annotations

import os
import time
from datetime import datetime, tzinfo
from pathlib import Path

from millrace.streams import clock, generations

_FILE = Path(os.environ["FAULTS_CLOCK"])
_true_time = time.time


class _Stepped(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> _Stepped:
        return cls.fromtimestamp(time.time(), tz)


def _time() -> float:
    return _true_time() + float(_FILE.read_text())


time.time = _time
for module in (clock, generations):
    vars(module)["datetime"] = _Stepped
