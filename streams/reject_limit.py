"""When so much is refused that a bad deploy is likelier than bad events."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from millrace.streams.batch import EventBatch
from millrace.streams.settings import RefusalSettings

Verdicts = npt.NDArray[np.bool_]


class RejectLimit:
    """Watches the share of refused records of one partition, and their longest run."""

    def __init__(self, settings: RefusalSettings) -> None:
        self._settings = settings
        self._newest: Verdicts = np.zeros(0, np.bool_)  # of the last ``window`` records: refused?
        self._run = 0  # refused records one after another, up to the newest

    def reached(self, batch: EventBatch) -> str:
        """Say why a range should not be taken in, or nothing when it may be."""
        settings, verdicts = self._settings, _verdicts(batch)
        longest = int(_runs(verdicts, self._run).max(initial=0))
        if settings.max_consecutive and longest >= settings.max_consecutive:
            return f"{longest:,} records one after another were refused"
        judged = np.concatenate([self._newest, verdicts])[-max(settings.window, len(verdicts)) :]
        refused = int(judged.sum())
        if len(judged) >= settings.window and refused > settings.max_ratio * len(judged):
            return f"{refused:,} of the last {len(judged):,} records were refused"
        return ""

    def note(self, batch: EventBatch) -> None:
        """Take in a range that has been stored."""
        verdicts = _verdicts(batch)
        if len(verdicts):
            self._run = int(_runs(verdicts, self._run)[-1])
        self._newest = np.concatenate([self._newest, verdicts])[-self._settings.window :]

    def forget(self) -> None:
        """Begin anew, after somebody has looked at it."""
        self._newest = np.zeros(0, np.bool_)
        self._run = 0


def _verdicts(batch: EventBatch) -> Verdicts:
    """Tell of each record, in offset order, whether it was refused; duplicates are left out."""
    if not batch.refusals:
        return np.zeros(batch.stored, np.bool_)
    accepted = np.asarray(batch.rows.column("offset"))
    refused = np.array([refusal.offset for refusal in batch.refusals], np.uint64)
    order = np.argsort(np.concatenate([accepted, refused]), kind="stable")
    return np.asarray(order >= len(accepted))


def _runs(verdicts: Verdicts, before: int) -> npt.NDArray[np.int64]:
    """Return at each record how many were refused one after another up to it."""
    places = np.arange(1, len(verdicts) + 1)
    last_accepted = np.maximum.accumulate(np.where(verdicts, 0, places))
    return places - last_accepted + np.where(last_accepted == 0, before, 0)
