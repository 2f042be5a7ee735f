"""Rules for the SQL of a panel: what makes it slow, unsafe or wrong without an error."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from millrace.grafana.clickhouse_shape import Shape

#: A query that says which events it counts.
_NAMED = re.compile(r"\bname\s*(?:=|IN\b)|(?:startsWith|match)\((?:\w+\.)?name,", re.IGNORECASE)
_RANGE = re.compile(r"\$__(timeFilter|dateFilter|dateTimeFilter|dt|timeFrom|fromTime|toTime)")
_VARIABLE = re.compile(r"\$\{?(\w+)")
_BARE = re.compile(r"\$\{(?!__)\w+\}|\$\{\w+:(?!singlequote\})|'\$\{?\w+")
_BARE_NAME = re.compile(r"\$(?!__)(\w+)")
_MERGE = re.compile(
    r"\b(?:avg|sum|max|min)\w*\(\s*(?:\w+\.)?(?:quantiles|p50|p90|p95|p99)\b", re.IGNORECASE
)
_BEGUN = re.compile(r">= (?:\$__timeInterval\(\$__fromTime\)|first_(?!\d))")
#: A gauge is not a flow: its samples over time may be averaged or compared, never added.
_GAUGES = ("millrace.ingest.lag", "millrace.ingest.watermark", "millrace.worker.memory")
_ADDED = re.compile(r"\bsum\(\s*(?:\w+\.)?(?:sum|min|max|measurements)\b")
_COUNTED = re.compile(r"sum\(\s*(?:\w+\.)?events\s*\)|sum\(\s*(?:\w+\.)?stored\s*\)")


def findings(target: Mapping[str, Any], kind: str, variables: Collection[str]) -> Iterator[str]:
    """Yield one sentence for each rule that the target breaks."""
    sql, shape = target.get("rawSql", ""), target.get("format")
    if (target.get("datasource") or {}).get("uid") != "${datasource}":
        yield "the query does not use ${datasource}"
    if not target.get("pluginVersion"):
        yield "the query has no pluginVersion, so the plugin rewrites it"
    if not _RANGE.search(sql):
        yield "the SQL ignores the time range"
    if shape == Shape.TIMESERIES:
        yield from _time_series(sql)
    if kind == "table" and "LIMIT" not in sql.upper():
        yield "a table needs a LIMIT"
    yield from _variables(sql, variables)
    yield from _arithmetic(sql)
    if re.search(r"\bnow\(\)|\btoday\(\)", sql):
        yield "the SQL asks the clock; take $__toTime, so that a past range shows the past"


def _time_series(sql: str) -> Iterator[str]:
    if not re.search(r"ORDER BY\s+time\b", sql, re.IGNORECASE):
        yield "a time series must ORDER BY time"
    if "$__timeInterval" not in sql and "AS step" not in sql:
        yield "a time series must take its buckets from $__timeInterval, or its step from @grain"
    if "/ step" in sql and "< open_bucket" not in sql:
        yield "the open bucket is drawn as a fall of the rate; leave it out"
    if "/ $__interval_s" in sql and "< $__timeInterval($__toTime)" not in sql:
        yield "the open bucket is drawn as a fall of the rate; leave it out"
    if "WITH FILL" in sql and not _BEGUN.search(sql):
        yield "the first bucket is filled with too little; begin with first_bucket"


def _variables(sql: str, variables: Collection[str]) -> Iterator[str]:
    outside = re.sub(r",\s*\$\w+\s*\)", ")", sql)  # the plain variable of $__conditionalAll
    if _BARE.search(outside) or _BARE_NAME.search(outside):
        yield "a variable is not escaped; write ${name:singlequote}"
    for name in sorted(set(_VARIABLE.findall(sql))):
        if not name.startswith("__") and name not in variables:
            yield f"the variable ${name} is not known"


def _arithmetic(sql: str) -> Iterator[str]:
    if _MERGE.search(sql):
        yield "percentiles are added or averaged; merge the states instead"
    if any(f"'{gauge}'" in sql for gauge in _GAUGES) and _ADDED.search(sql):
        yield "samples of a gauge are added up"
    left_out = "millrace.'" in sql or "telemetry.millrace'" in sql or _NAMED.search(sql)
    if _COUNTED.search(sql) and not left_out:
        yield "own telemetry is counted in the total"
