"""A live window: the whole current value of one series in one tumbling window."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from millrace.schemas import limits
from millrace.schemas.event import Measurement, MeasurementKey, Name, TagKey, TagValue, Tenant
from millrace.schemas.moment import Moment

#: The upper 16 bits of a 32-bit float, as the store's quantilesBFloat16 keeps them.
BFloat16 = Annotated[int, Field(ge=0, le=0xFFFF)]


class Window(BaseModel):
    """One window of one series, as one source partition sees it.

    Each record holds the whole value, so that a repeated one changes nothing: a reader keeps the
    record with the higher ``through_offset``. ``histogram`` counts values by their bfloat16 bits;
    it gives the same percentiles as the rollups. ``final`` windows change only by a late event,
    which raises ``revision``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, title="Millrace window")

    tenant: Tenant
    name: Name
    measurement: MeasurementKey
    tags: Annotated[dict[TagKey, TagValue], Field(max_length=limits.TAGS)] = {}
    size: Annotated[int, Field(ge=1, le=86_400, description="seconds")]
    start: Moment
    partition: Annotated[int, Field(ge=0)]
    count: Annotated[int, Field(ge=1)]
    sum: Annotated[float, Field(allow_inf_nan=False)]
    min: Measurement
    max: Measurement
    last: Measurement
    histogram: dict[BFloat16, Annotated[int, Field(ge=1)]]
    through_offset: Annotated[int, Field(ge=0)]
    final: bool
    revision: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.start.microsecond or int(self.start.timestamp()) % self.size:
            raise ValueError("start must be a multiple of size")
        if not self.min <= self.last <= self.max:
            raise ValueError("last must lie between min and max")
        if sum(self.histogram.values()) != self.count:
            raise ValueError("histogram must hold as many values as count says")
        return self
