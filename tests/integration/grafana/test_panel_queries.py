"""Every registered query on the migrated store, compared with a count that does not use SQL."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

import pytest
from dashboard_seed import MINUTES, Row, Seeded

from millrace.clickhouse.client import Store
from millrace.grafana.dashboards.pipeline_overview import UID
from millrace.grafana.generated import dashboards
from millrace.grafana.preview.panel_queries import PanelQueries, registered

pytestmark = pytest.mark.integration
TITLES = {panel["title"]: str(panel["id"]) for panel in dashboards()[UID]["panels"]}
DAMAGE = "bezgelor.combat.damage"


@pytest.fixture
def queries(seeded: Seeded) -> PanelQueries:
    return PanelQueries(seeded.store.json)


def fields(queries: PanelQueries, seeded: Seeded, title: str, **variables: list[str]) -> list[Any]:
    given = seeded.given | {f"var-{name}": values for name, values in variables.items()}
    [frame] = queries.panel(UID, TITLES[title], "A", given)["frames"]
    found: list[Any] = frame["fields"]
    return found


def number(queries: PanelQueries, seeded: Seeded, title: str, **variables: list[str]) -> float:
    [field] = fields(queries, seeded, title, **variables)
    [value] = field["values"]
    return float(value)


def table(found: list[Any]) -> list[tuple[Any, ...]]:
    return list(zip(*(field["values"] for field in found), strict=True))


def series(found: list[Any]) -> dict[str, list[float | None]]:
    return {
        ", ".join(field.get("labels", {}).values()) or field["name"]: field["values"]
        for field in found
        if field["type"] == "number"
    }


def widths(found: list[Any]) -> int:
    times = found[0]["values"]
    steps = {later - earlier for earlier, later in pairwise(times)}
    assert len(steps) == 1, "the buckets have gaps"
    return int(steps.pop() // 1000)


def totals(found: list[Any]) -> dict[str, float]:
    width = widths(found)
    return {
        name: math.fsum(value or 0 for value in values) * width
        for name, values in series(found).items()
    }


def summed(rows: list[Row], key: str) -> int:
    return sum(row[key] for row in rows)


def test_every_query_finds_the_seed(seeded: Seeded, queries: PanelQueries) -> None:
    empty = []
    for name, ask in registered(queries, seeded.given):
        answer = ask()
        if not (answer if isinstance(answer, list) else answer["frames"]):
            empty.append(name)
    assert empty == []


def test_an_empty_store_makes_nothing_up(store: Store) -> None:
    queries = PanelQueries(store.json)
    drawn = set()
    for name, ask in registered(queries, {}):
        answer = ask()
        for frame in answer["frames"] if isinstance(answer, dict) else ():
            drawn.add(name)
            for field in frame["fields"]:
                assert field["type"] == "time" or set(field["values"]) == {0}, name
    # A rate of zero and no dead letters are facts; the others say that there is nothing.
    assert drawn == {"panel Events a second", "panel Events by outcome", "panel Dead letters"}


@pytest.mark.parametrize(
    ("title", "key"),
    [("Duplicates", "duplicate")],
)
def test_ledger_totals(seeded: Seeded, queries: PanelQueries, title: str, key: str) -> None:
    assert number(queries, seeded, title) == summed(seeded.all("ingest_ledger"), key)


def test_rejected_share(seeded: Seeded, queries: PanelQueries) -> None:
    ledger = seeded.all("ingest_ledger")
    share = summed(ledger, "rejected") / summed(ledger, "delivered")
    assert number(queries, seeded, "Rejected") == pytest.approx(share)


def test_dead_letters_follow_the_tenant(seeded: Seeded, queries: PanelQueries) -> None:
    everything = seeded.all("dead_letters")
    acme = seeded.all("dead_letters", tenant="acme")
    assert 0 < len(acme) < len(everything)
    assert number(queries, seeded, "Dead letters") == len(everything)
    assert number(queries, seeded, "Dead letters", tenant=["acme"]) == len(acme)
    hostile = "acme\\' OR 1=1 --"
    assert number(queries, seeded, "Dead letters", tenant=[hostile]) == 0


def test_rates_are_the_ledger_and_leave_own_telemetry_out(
    seeded: Seeded, queries: PanelQueries
) -> None:
    ledger = seeded.all("ingest_ledger")
    by_outcome = totals(fields(queries, seeded, "Events by outcome"))
    for outcome in ("stored", "rejected", "duplicate"):
        assert by_outcome[outcome] == pytest.approx(summed(ledger, outcome))
    now = totals(fields(queries, seeded, "Events a second"))
    assert now["Events a second"] == pytest.approx(summed(ledger, "stored"))


def test_rates_by_name_count_each_event_once(seeded: Seeded, queries: PanelQueries) -> None:
    expected = Counter(row["name"] for row in seeded.all("events"))
    assert totals(fields(queries, seeded, "Events by name")) == pytest.approx(dict(expected))


def test_a_rate_is_zero_where_nothing_came(seeded: Seeded, queries: PanelQueries) -> None:
    found = fields(queries, seeded, "Rejected by reason")
    assert None not in series(found)["too_old"]
    assert 0 in series(found)["too_old"]


def test_rejects_by_reason(seeded: Seeded, queries: PanelQueries) -> None:
    expected = Counter(row["reason"] for row in seeded.all("dead_letters"))
    per_minute = totals(fields(queries, seeded, "Rejected by reason"))
    assert {name: total / 60 for name, total in per_minute.items()} == pytest.approx(dict(expected))


def test_dropped_keys(seeded: Seeded, queries: PanelQueries) -> None:
    expected: Counter[str] = Counter()
    for row in seeded.all("dropped_keys"):
        expected[row["key"]] += row["dropped"]
    rows = table(fields(queries, seeded, "Dropped keys"))
    assert [(row[2], row[3]) for row in rows] == expected.most_common()
    assert {row[:2] for row in rows} == {("game", DAMAGE)}


def test_lag_is_the_last_of_each_partition_and_the_worst_of_them(
    seeded: Seeded, queries: PanelQueries
) -> None:
    last = (MINUTES - 1) * 10
    assert number(queries, seeded, "Worst lag") == last + 1
    lines = series(fields(queries, seeded, "Lag by partition"))
    assert lines["telemetry.events 0"][-1] == last
    assert lines["telemetry.events 1"][-1] == last + 1
    assert len(lines["telemetry.events 0"]) == MINUTES


def test_data_is_complete_to_where_the_slowest_partition_is(
    seeded: Seeded, queries: PanelQueries
) -> None:
    newest = max(row["occurred_at"] for row in seeded.all("events", name="millrace.ingest.lag"))
    moment = number(queries, seeded, "Data complete to")
    assert moment == newest.timestamp() * 1000 - 3000


def test_the_newest_data_is_the_last_flush(seeded: Seeded, queries: PanelQueries) -> None:
    newest = max(row["flushed_at"] for row in seeded.all("ingest_ledger"))
    age = (seeded.end - newest).total_seconds()
    assert number(queries, seeded, "Newest data") == pytest.approx(age)


@pytest.mark.parametrize("title", ["Ingest delay", "Flush time"])
def test_percentiles_are_merged_not_averaged(
    seeded: Seeded, queries: PanelQueries, title: str
) -> None:
    lines = series(fields(queries, seeded, title))
    # 0.1 to 1.0 s each minute; own telemetry's 900 s is not in it.
    assert lines["p50"] == pytest.approx([0.5] * MINUTES, rel=0.21)
    assert lines["p99"] == pytest.approx([1.0] * MINUTES, rel=0.005)


def test_the_delay_now(seeded: Seeded, queries: PanelQueries) -> None:
    assert number(queries, seeded, "Delay p99") == pytest.approx(1.0, rel=0.005)


def test_top_events(seeded: Seeded, queries: PanelQueries) -> None:
    events: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in seeded.all("events"):
        events[row["tenant"], row["name"]].append(row)
    found = table(fields(queries, seeded, "Top events"))
    assert {row[:2] for row in found} == set(events)
    assert [row[2] for row in found] == sorted(
        (len(rows) for rows in events.values()), reverse=True
    )
    for tenant, name, count, rate, actors, anonymous, last in found:
        rows = events[tenant, name]
        assert count == len(rows)
        assert rate == pytest.approx(count / (MINUTES * 60))
        assert actors == len({row["actor"] for row in rows if row["actor"]})
        assert anonymous == sum(not row["actor"] for row in rows)
        newest = max(row["occurred_at"] for row in rows).replace(second=0)
        assert last == newest.timestamp() * 1000


def test_top_events_of_one_tenant(seeded: Seeded, queries: PanelQueries) -> None:
    rows = table(fields(queries, seeded, "Top events", tenant=["acme"]))
    assert {row[0] for row in rows} == {"acme"}


def test_workers(seeded: Seeded, queries: PanelQueries) -> None:
    memory = series(fields(queries, seeded, "Worker memory"))
    assert memory == {"w1": [1e8 + minute for minute in range(MINUTES)]}
    retries = totals(fields(queries, seeded, "Insert retries"))
    assert retries == pytest.approx({"error 252": 2.0 * MINUTES * 60})


def test_marks_and_variables(seeded: Seeded, queries: PanelQueries) -> None:
    [frame] = queries.annotation(UID, "Workers", seeded.given)["frames"]
    texts = next(field for field in frame["fields"] if field["name"] == "text")["values"]
    assert texts == ["worker w1 started"] * MINUTES
    assert queries.variable(UID, "tenant", seeded.given) == ["acme", "default"]


def test_a_long_range_gives_the_same_totals_in_wider_buckets(
    seeded: Seeded, queries: PanelQueries
) -> None:
    given = {"from": ["now-7d"], "to": ["now"], "points": ["100"]}
    [frame] = queries.panel(UID, TITLES["Events by outcome"], "A", given)["frames"]
    width = widths(frame["fields"])
    assert width > 3600
    open_bucket = seeded.end.timestamp() // width * width
    closed = [
        row for row in seeded.all("ingest_ledger") if row["flushed_at"].timestamp() < open_bucket
    ]
    assert totals(frame["fields"])["stored"] == pytest.approx(summed(closed, "stored"))
