"""A dead letter: why one record was refused, and as much of it as may be kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from millrace.schemas import limits
from millrace.schemas.ledger import Offset, Text
from millrace.schemas.moment import Moment
from millrace.schemas.reasons import Reason


class DeadLetter(BaseModel):
    """One refused record, found again by log, topic, partition and offset.

    ``tenant``, ``namespace`` and ``name`` are empty when the record does not say them. ``payload``
    is JSON that holds no value the catalogue does not allow; ``size`` is what the whole record had,
    in bytes.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, title="Millrace dead letter"
    )

    log: Text
    topic: Text
    partition: Annotated[int, Field(ge=0, lt=2**32)]
    offset: Offset
    received_at: Moment
    tenant: Annotated[str, StringConstraints(max_length=64)] = ""
    namespace: Annotated[str, StringConstraints(max_length=64)] = ""
    name: Annotated[str, StringConstraints(max_length=limits.NAME_LENGTH)] = ""
    reason: Annotated[Reason, Field(strict=False)]
    field: Annotated[str, StringConstraints(max_length=255)] = ""
    message: Annotated[str, StringConstraints(max_length=1_000)]
    payload: str = ""
    size: Annotated[int, Field(ge=0, lt=2**32)]
