"""What the ClickHouse plugin makes of a query's rows; here so that reading needs no SDK."""

from __future__ import annotations

from enum import IntEnum


class Shape(IntEnum):
    """The value is the query's ``format``."""

    TIMESERIES = 0
    TABLE = 1
