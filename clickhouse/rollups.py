"""Questions to the rollups: one query builder for every aggregation at every grain.

Nothing that a user typed becomes SQL: values are bound, and what is not a value is an enum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from millrace.clickhouse.client import Store
from millrace.schemas.errors import ConfigurationError


class Grain(StrEnum):
    """The widths of buckets that are kept."""

    MINUTE = "1m"
    FIVE_MINUTES = "5m"
    HOUR = "1h"
    DAY = "1d"

    @property
    def width(self) -> timedelta:
        """How long a bucket lasts."""
        return _WIDTHS[self]


class Aggregate(StrEnum):
    """What can be asked of a bucket."""

    AVG = "AVG"
    SUM = "SUM"
    MIN = "MIN"
    MAX = "MAX"
    #: Number of measured values; for a name with one measurement the number of events.
    COUNT = "COUNT"
    #: Value of the latest event.
    LAST = "LAST"
    P50 = "P50"
    P90 = "P90"
    P95 = "P95"
    P99 = "P99"
    #: Number of different actors, anonymous ones not among them.
    DISTINCT = "DISTINCT"
    #: Number of events, however many measurements each has; without a measurement in the query.
    EVENTS = "EVENTS"
    #: Number of events without an actor.
    ANONYMOUS = "ANONYMOUS"


_WIDTHS: Final = {
    Grain.MINUTE: timedelta(minutes=1),
    Grain.FIVE_MINUTES: timedelta(minutes=5),
    Grain.HOUR: timedelta(hours=1),
    Grain.DAY: timedelta(days=1),
}

_STARTS: Final = {
    Grain.MINUTE: "toStartOfMinute",
    Grain.FIVE_MINUTES: "toStartOfFiveMinutes",
    Grain.HOUR: "toStartOfHour",
    Grain.DAY: "toStartOfDay",
}

_LEVELS: Final = {Aggregate.P50: 1, Aggregate.P90: 2, Aggregate.P95: 3, Aggregate.P99: 4}

_FROM_ROLLUP: Final = {
    Aggregate.AVG: "sum(part.sum) / sum(part.count)",
    Aggregate.SUM: "sum(part.sum)",
    Aggregate.MIN: "min(part.min)",
    Aggregate.MAX: "max(part.max)",
    Aggregate.COUNT: "sum(part.count)",
    Aggregate.LAST: "argMaxMerge(part.last)",
    Aggregate.DISTINCT: "uniqCombined64Merge(part.actors)",
    Aggregate.EVENTS: "sum(part.events)",
    Aggregate.ANONYMOUS: "sum(part.anonymous)",
}
_ROLLUP_LEVELS: Final = "quantilesBFloat16Merge(0.5, 0.9, 0.95, 0.99)(part.quantiles)"

_FROM_EVENTS: Final = {
    Aggregate.AVG: "sum(part.value) / count()",
    Aggregate.SUM: "sum(part.value)",
    Aggregate.MIN: "min(part.value)",
    Aggregate.MAX: "max(part.value)",
    Aggregate.COUNT: "count()",
    Aggregate.LAST: "argMax(part.value, (part.occurred_at, part.partition, part.offset))",
    Aggregate.DISTINCT: "uniqExactIf(part.actor, part.actor != '')",
    Aggregate.EVENTS: "countIf(part.number = 1)",
    Aggregate.ANONYMOUS: "countIf(part.number = 1 AND part.actor = '')",
}
_EXACT_LEVELS: Final = "quantilesExactInclusive(0.5, 0.9, 0.95, 0.99)(part.value)"


@dataclass(frozen=True, slots=True)
class Question:
    """What to read: buckets of ``[start, end)`` for some names of one tenant.

    A bucket belongs to the range when it starts in it. Without ``measurement`` each one is
    answered apart, except that EVENTS and ANONYMOUS are then over all of them. ``tags`` keeps the
    series that hold every pair; ``group_by`` keeps these keys apart and merges the rest.
    ``exact`` reads the raw events instead: percentiles interpolate, distinct actors are exact, and
    the first bucket may be partial.
    """

    tenant: str
    names: Sequence[str]
    start: datetime
    end: datetime
    grain: Grain = Grain.HOUR
    aggregates: Sequence[Aggregate] = (Aggregate.AVG,)
    measurement: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    group_by: Sequence[str] = ()
    exact: bool = False
    newest_first: bool = False
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Bucket:
    """One answer: the values asked for, of one group in one period."""

    name: str
    measurement: str
    start: datetime
    end: datetime
    tags: Mapping[str, str]
    values: Mapping[Aggregate, float]


@dataclass(frozen=True, slots=True)
class Query:
    """A statement with its parameters, bound by the server."""

    sql: str
    parameters: Mapping[str, Any]


def build(question: Question) -> Query:
    """Return the query that answers a question.

    Columns: name, measurement, bucket, one a ``group_by`` key, then one an aggregate.
    """
    if not question.aggregates or not question.names:
        raise ConfigurationError("A question to the rollups needs a name and an aggregation")
    over_all = question.measurement is None and set(question.aggregates) <= {
        Aggregate.EVENTS,
        Aggregate.ANONYMOUS,
    }
    parameters: dict[str, Any] = {
        "tenant": question.tenant,
        "names": list(question.names),
        "start": _seconds(question.start, question.exact),
        "end": _seconds(question.end, question.exact),
    }
    groups = []
    for number, key in enumerate(question.group_by):
        parameters[f"group_{number}"] = key
        groups.append(f"part.tags[{{group_{number}:String}}]")
    select = [
        "part.name",
        "''" if over_all else "part.measurement",
        _bucket(question),
        *groups,
        *(_expression(aggregate, exact=question.exact) for aggregate in question.aggregates),
    ]
    keys = ", ".join(str(number + 1) for number in range(3 + len(groups)))
    order = "DESC" if question.newest_first else "ASC"
    sql = (
        f"SELECT {', '.join(select)} FROM {_source(question)} AS part "
        f"WHERE {' AND '.join(_conditions(question, parameters))} "
        f"GROUP BY {keys} ORDER BY 3 {order}, {keys}"
    )
    if question.limit is not None:
        parameters["limit"] = question.limit
        sql += " LIMIT {limit:UInt64}"
    return Query(sql, parameters)


def ask(store: Store, question: Question) -> list[Bucket]:
    """Answer a question; a period without events has no bucket."""
    query = build(question)
    keys = len(question.group_by)
    buckets = []
    for name, measurement, start, *rest in store.rows(query.sql, query.parameters):
        values = (float(value) for value in rest[keys:])
        buckets.append(
            Bucket(
                name=name,
                measurement=measurement,
                start=start,
                end=start + question.grain.width,
                tags=dict(zip(question.group_by, rest[:keys], strict=True)),
                values=dict(zip(question.aggregates, values, strict=True)),
            )
        )
    return buckets


def _expression(aggregate: Aggregate, *, exact: bool) -> str:
    if aggregate in _LEVELS:
        levels = _EXACT_LEVELS if exact else _ROLLUP_LEVELS
        return f"{levels}[{_LEVELS[aggregate]}]"
    return (_FROM_EVENTS if exact else _FROM_ROLLUP)[aggregate]


def _bucket(question: Question) -> str:
    if question.exact:
        return f"{_STARTS[question.grain]}(part.occurred_at)"
    return "part.bucket"


def _source(question: Question) -> str:
    if not question.exact:
        return f"rollup_{question.grain}"
    return (
        "(SELECT tenant, name, occurred_at, partition, offset, actor, tags, measurement, value, "
        "number FROM events ARRAY JOIN mapKeys(measurements) AS measurement, "
        "mapValues(measurements) AS value, arrayEnumerate(mapKeys(measurements)) AS number)"
    )


def _conditions(question: Question, parameters: dict[str, Any]) -> list[str]:
    time = "part.occurred_at" if question.exact else "part.bucket"
    kind = "DateTime64(6, 'UTC')" if question.exact else "DateTime('UTC')"
    conditions = [
        "part.tenant = {tenant:String}",
        "part.name IN {names:Array(String)}",
        f"{time} >= {{start:{kind}}}",
        f"{time} < {{end:{kind}}}",
    ]
    if question.measurement is not None:
        parameters["measurement"] = question.measurement
        conditions.append("part.measurement = {measurement:String}")
    for number, (key, value) in enumerate(question.tags.items()):
        parameters[f"key_{number}"] = key
        parameters[f"value_{number}"] = value
        conditions.append(f"part.tags[{{key_{number}:String}}] = {{value_{number}:String}}")
        # A missing key reads as the empty text.
        conditions.append(f"mapContains(part.tags, {{key_{number}:String}})")
    return conditions


def _seconds(moment: datetime, exact: bool) -> str:
    if moment.tzinfo is None:
        raise ConfigurationError(f"The time {moment} needs a time zone")
    utc = moment.astimezone(UTC)
    if not exact and utc.microsecond:
        # Buckets start on whole seconds: none starts between this moment and the next second.
        utc = utc.replace(microsecond=0) + timedelta(seconds=1)
    return utc.strftime("%Y-%m-%d %H:%M:%S.%f" if exact else "%Y-%m-%d %H:%M:%S")
