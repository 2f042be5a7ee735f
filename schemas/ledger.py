"""A row of the ingest ledger: what became of one contiguous range of the log."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from millrace.schemas.moment import EPOCH, Moment

Offset = Annotated[int, Field(ge=0, lt=2**63)]
Count = Annotated[int, Field(ge=0)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class LedgerRow(BaseModel):
    """The range ``[first_offset, end_offset)`` of one partition.

    ``log`` is the topic's generation id. ``delivered`` may be less than the range is long, as the
    log skips the offsets of control records. ``first_day`` and ``last_day`` span the days of the
    stored events and equal the epoch when none was stored. ``refused`` are the offsets of rows
    that the store itself could not take; they count as rejected. ``catalogue`` is the fingerprint
    of the rules by which the range was decided.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, title="Millrace ledger row")

    log: Text
    topic: Text
    partition: Annotated[int, Field(ge=0, lt=2**32)]
    first_offset: Offset
    end_offset: Offset
    delivered: Count
    stored: Count
    rejected: Count
    duplicate: Count
    refused: tuple[Offset, ...] = ()
    first_day: date = EPOCH.date()
    last_day: date = EPOCH.date()
    catalogue: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    flushed_at: Moment

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.end_offset <= self.first_offset:
            raise ValueError("end_offset must be beyond first_offset")
        if self.delivered > self.end_offset - self.first_offset:
            raise ValueError("delivered must fit into the range")
        if self.delivered != self.stored + self.rejected + self.duplicate:
            raise ValueError("delivered must equal stored + rejected + duplicate")
        if len(self.refused) > self.rejected:
            raise ValueError("refused must be among the rejected")
        if self.last_day < self.first_day:
            raise ValueError("last_day must not be before first_day")
        return self
