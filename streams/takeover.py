"""Where a partition goes on from when a worker gets it, and whether it may."""

from __future__ import annotations

from faust.types import TP

from millrace.schemas.errors import ConfigurationError
from millrace.streams.intent import Intent
from millrace.streams.transport_thread import Committed


def start_of(
    tp: TP,
    committed: Committed | None,
    intent: Intent | None,
    ledger: int | None,
    first: int,
    *,
    anew: bool = False,
) -> int:
    """Return the position a partition goes on from; ``first`` is where its log begins.

    The committed offset must be where the ledger ends; under an intent the ledger may also end
    where the intent does. Anything else means that offsets or rows were lost or moved by hand,
    and raises ConfigurationError. ``anew`` says that the topic was deleted and made again: while
    nothing of this life is stored, an offset is of the one before.
    """
    if anew and ledger is None and intent is None:
        return first
    if committed is None:
        if ledger is None:
            return first
        raise ConfigurationError(
            f"The group has no offset for {tp.topic}-{tp.partition} but the ledger ends at"
            f" {ledger}: reset the group's offset to {ledger}"
        )
    allowed = {committed.offset} | ({intent.end} if intent else set())
    if ledger is None and (intent is not None or committed.offset == 0):
        return committed.offset  # the very first range
    if ledger not in allowed:
        raise ConfigurationError(
            f"The group's offset for {tp.topic}-{tp.partition} is {committed.offset} but the ledger"
            f" ends at {ledger or 0}: reset the group's offset to {ledger or 0} to go on"
        )
    return committed.offset


def lost_events(tp: TP, position: int, intent: Intent | None, log_start: int) -> int:
    """Return how many offsets the log forgot before they were stored; 0 as a rule.

    Raises ConfigurationError when they are of an open range: nobody can repeat it any more, and
    the store may hold it in part.
    """
    if log_start <= position:
        return 0
    if intent is not None:
        raise ConfigurationError(
            f"The range {tp.topic}-{tp.partition} [{position}, {intent.end}) was left open, but the"
            f" log begins at {log_start} by now: follow docs/exactly-once.md, 'The log is gone'"
        )
    return log_start - position
