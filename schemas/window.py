"""Live windows and live values: what the compacted topics of a source partition hold.

Each record is the whole current value, so that a repeated one changes nothing and a reader may join
at any time. Of two records with the same ``log`` a reader keeps the one with the higher
``through_offset``; a record of another ``log`` replaces what was there: the topic of the events was
made anew. A record without a value takes its key away.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import accumulate
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from millrace.schemas import limits
from millrace.schemas.event import Measurement, MeasurementKey, Name, TagKey, TagValue, Tenant
from millrace.schemas.moment import Moment

#: The upper 16 bits of a 32-bit float, as the store's quantilesBFloat16 keeps them.
BFloat16 = Annotated[int, Field(ge=0, le=0xFFFF)]
Count = Annotated[int, Field(ge=0)]
Finite = Annotated[float, Field(allow_inf_nan=False)]

_FORM = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Measured(BaseModel):
    """What every record says of its series and of how far it has come."""

    tenant: Tenant
    name: Name
    measurement: MeasurementKey
    tags: Annotated[dict[TagKey, TagValue], Field(max_length=limits.TAGS)] = {}
    log: Annotated[str, Field(description="generation of the events' topic")]
    partition: Annotated[int, Field(ge=0, description="of the events' topic")]
    through_offset: Annotated[int, Field(ge=0, description="all events below it are in")]


class Window(_Measured):
    """One window of one series, as one source partition sees it.

    ``histogram`` counts values by their bfloat16 bits, rounded to the nearest; it gives the same
    percentiles as the rollups. ``last`` is the value of the latest event, at ``last_at``. A window
    is ``final`` once the watermark has passed its end; after that only a late event changes it,
    which raises ``revision``. ``late`` counts the values that came after the watermark.
    """

    model_config = ConfigDict(**_FORM, title="Millrace window")

    size: Annotated[int, Field(ge=1, le=86_400, description="seconds")]
    start: Moment
    count: Annotated[int, Field(ge=1)]
    sum: Finite
    min: Measurement
    max: Measurement
    last: Measurement
    last_at: Moment
    histogram: dict[BFloat16, Annotated[int, Field(ge=1)]]
    final: bool
    revision: Count = 0
    late: Count = 0

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.start.microsecond or int(self.start.timestamp()) % self.size:
            raise ValueError("start must be a multiple of size")
        if not 0 <= (self.last_at - self.start).total_seconds() < self.size:
            raise ValueError("last_at must lie within the window")
        if not self.min <= self.last <= self.max:
            raise ValueError("last must lie between min and max")
        if sum(self.histogram.values()) != self.count:
            raise ValueError("histogram must hold as many values as count says")
        if self.late > self.count:
            raise ValueError("late must not exceed count")
        return self


class Progress(BaseModel):
    """How far a partition had come at an offset: what a too-late event is judged by.

    ``watermark`` is the event time, in Unix microseconds, before which no more is expected; null
    before the first event. ``too_late`` counts, by window size, the values that came after a
    window could still be corrected. ``first_offsets`` says, by window size, from which offset on
    all stored events are in: windows of that size were begun there.
    """

    model_config = _FORM

    through_offset: Annotated[int, Field(ge=0)]
    watermark: int | None
    too_late: dict[int, Count] = {}
    first_offsets: dict[int, Count] = {}


class WindowProgress(BaseModel):
    """A partition's own record among its windows: where it stands, and where it stood before.

    ``before`` is the same as of the start of the range that ended at ``now``: whoever has to repeat
    that range begins with it.
    """

    model_config = ConfigDict(**_FORM, title="Millrace window progress")

    log: str
    partition: Annotated[int, Field(ge=0)]
    now: Progress
    before: Progress


class LiveKind(StrEnum):
    """The kinds of event that have a live value."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    SUMMARY = "summary"


class LiveValue(_Measured):
    """The live value of one series, as one source partition sees it.

    ``value`` is the running sum of a counter, else the value of the latest event, at ``last_at``.
    ``observations`` are the newest values of a histogram or summary by event time, oldest first.
    ``time_steps`` are their event times in microseconds, the first since 1970, each other one since
    the one before: short, for there may be a thousand. It is over at ``expires_at``, an hour after
    the last write reached the log.
    """

    model_config = ConfigDict(**_FORM, title="Millrace live value")

    kind: Annotated[LiveKind, Field(strict=False)]
    value: Finite
    last_at: Moment
    expires_at: Moment
    observations: list[Measurement] = []
    time_steps: list[int] = []

    @property
    def times(self) -> list[int]:
        """The event times of the observations in Unix microseconds."""
        return list(accumulate(self.time_steps))

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if len(self.observations) != len(self.time_steps):
            raise ValueError("observations and time_steps must be equally many")
        if min(self.time_steps[1:], default=0) < 0:
            raise ValueError("time_steps must not go back")
        return self


class LiveProgress(BaseModel):
    """A partition's own record among its live values: all events below the offset are in them."""

    model_config = ConfigDict(**_FORM, title="Millrace live progress")

    log: str
    partition: Annotated[int, Field(ge=0)]
    through_offset: Annotated[int, Field(ge=0)]
