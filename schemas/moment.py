"""A point in time of our own records: aware, in UTC, written with Z."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime


def _to_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_to_utc)]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
