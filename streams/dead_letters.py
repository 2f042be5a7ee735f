"""Refusals as dead letters: the message that goes to the dead-letter topic."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from millrace.schemas.dead_letter import DeadLetter
from millrace.schemas.reasons import Reason
from millrace.streams.batch import EventBatch


def dead_letters(batch: EventBatch) -> Iterator[DeadLetter]:
    """Yield a dead letter for each record of the range that was refused, in offset order."""
    for refusal in batch.refusals:
        yield DeadLetter(
            log=batch.log,
            topic=batch.topic,
            partition=batch.partition,
            offset=refusal.offset,
            received_at=datetime.fromtimestamp(refusal.timestamp / 1000, UTC),
            tenant=refusal.tenant,
            namespace=refusal.namespace,
            name=refusal.name,
            reason=Reason(refusal.reason),
            field=refusal.field,
            message=refusal.message,
            payload=refusal.payload,
            size=refusal.size,
        )
