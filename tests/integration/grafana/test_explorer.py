"""The figures of the metric explorer, beside the same worked out in Python from the seeds."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dashboard_buckets import DAY, FIVE_MINUTES, MINUTE, Event, Window, floor, moment, rank
from dashboard_seeds.explorer import LAB, OTHER, ROOMS
from dashboard_story import Story, panel_ids

from millrace.grafana.dashboards.explorer import AGGREGATIONS
from millrace.grafana.generated import dashboards

pytestmark = pytest.mark.integration
UID = "millrace-explorer"
ID = panel_ids(UID)
CHART = ID["${name}: ${aggregation:text}"]
TEMPERATURE, VISITS, WAIT = "lab.temperature", "lab.visits", "lab.wait"
TAG = {TEMPERATURE: "room", VISITS: "door", WAIT: "queue"}
#: What every kind of metric may be asked for; a gauge's sum is another matter.
ASKED: Mapping[str, Callable[[Sequence[float]], float]] = {
    "avg": lambda values: math.fsum(values) / len(values),
    "sum": math.fsum,
    "min": min,
    "max": max,
    "count": len,
    "last": lambda values: values[-1],
    "p50": lambda values: rank(values, 0.5),
    "p90": lambda values: rank(values, 0.9),
    "p95": lambda values: rank(values, 0.95),
    "p99": lambda values: rank(values, 0.99),
}
PERCENTILE = 1 / 256


def chosen(name: str, aggregation: str = "avg", **given: Any) -> dict[str, Any]:
    """The variables of a viewer who looks at the last two hours of the lab's metric."""
    return {
        "hours": 2.0,
        "var_tenant": [LAB],
        "var_name": name,
        "var_measurement": "value",
        "var_aggregation": aggregation,
        "var_group_by": "-",
        "var_filter_tag": "-",
        **given,
    }


def inside(
    story: Story, name: str, tenants: Sequence[str] = (LAB,), hours: float = 2.0
) -> list[Event]:
    """The range's events, oldest first."""
    window = Window(story.anchor, hours, step_of(hours))
    found = window.inside(story.events["explorer"], name, tenants=tenants)
    return sorted((one for one in found if moment(one) < end(story, hours)), key=moment)


def step_of(hours: float) -> int:
    return {2.0: MINUTE, 24.0: FIVE_MINUTES, 720.0: DAY}[hours]


def end(story: Story, hours: float) -> datetime:
    return floor(story.anchor, step_of(hours)) + timedelta(seconds=step_of(hours))


def groups(events: Iterable[Event], tag: str) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        found[event["tags"].get(tag, "without this tag")].append(event)
    return found


def numbers(events: Iterable[Event]) -> list[float]:
    return [float(event["value"]) for event in events]


@pytest.mark.parametrize(
    ("name", "aggregation"),
    [
        (name, aggregation)
        for name in TAG
        for aggregation in ASKED
        if (name, aggregation) != (TEMPERATURE, "sum")  # what that is stands below
    ],
)
def test_one_figure_for_the_range(story: Story, name: str, aggregation: str) -> None:
    given = chosen(name, aggregation)
    values = numbers(inside(story, name))
    found = story.number(UID, ID["Over the range"], **given)
    precision = PERCENTILE if aggregation.startswith("p") else 1e-9
    assert found == pytest.approx(ASKED[aggregation](values), rel=precision)


def newest(events: Iterable[Event]) -> float:
    """The newest value of each series, added up: what the sum of a gauge means."""
    latest = {tuple(sorted(one["tags"].items())): one["value"] for one in events}
    return math.fsum(latest.values())


def test_samples_of_a_gauge_are_never_added_over_time(story: Story) -> None:
    events = inside(story, TEMPERATURE)
    given = chosen(TEMPERATURE, "sum")
    assert newest(events) < math.fsum(numbers(events)) / 10
    assert story.number(UID, ID["Over the range"], **given) == newest(events)
    [line] = story.series(UID, CHART, **given).values()
    for at, group in Window(story.anchor, 2.0, MINUTE).by_bucket(events):
        assert line[at] == (newest(group) if group else None)
    assert {row["Sum"] for row in story.table(UID, ID["Groups"], **given)} == {None}


def test_what_a_rate_is(story: Story) -> None:
    given = chosen(VISITS, "rate")
    [line] = story.series(UID, CHART, **given).values()
    open_bucket = floor(story.anchor, MINUTE)
    for at, group in Window(story.anchor, 2.0, MINUTE).by_bucket(inside(story, VISITS)):
        if at < open_bucket:
            assert line[at] == pytest.approx(math.fsum(numbers(group)) / MINUTE)
    assert open_bucket not in line
    # Of what is no counter the number of values counts, and not what they are.
    [(name, waits)] = story.series(UID, CHART, **chosen(WAIT, "rate")).items()
    assert name == "value, milliseconds"
    whole = [one for one in inside(story, WAIT) if moment(one) < open_bucket]
    assert math.fsum(value or 0 for value in waits.values()) * MINUTE == pytest.approx(len(whole))


@pytest.mark.parametrize("name", [TEMPERATURE, VISITS, WAIT])
@pytest.mark.parametrize("aggregation", ["avg", "max", "last", "count", "p95"])
def test_lines_by_any_tag(story: Story, name: str, aggregation: str) -> None:
    tag = TAG[name]
    found = story.series(UID, CHART, **chosen(name, aggregation, var_group_by=tag))
    by_tag = groups(inside(story, name), tag)
    precision = PERCENTILE if aggregation.startswith("p") else 1e-9
    for group, line in found.items():
        if group == "other":
            continue
        for at, events in Window(story.anchor, 2.0, MINUTE).by_bucket(by_tag[group]):
            values = numbers(events)
            expected = (
                ASKED[aggregation](values) if values else 0 if aggregation == "count" else None
            )
            assert line[at] == (
                None if expected is None else pytest.approx(expected, rel=precision)
            )
    assert len(found.keys() - {"other"}) == min(10, len(by_tag))


@pytest.mark.parametrize("aggregation", ["sum", "count"])
def test_the_rest_is_one_line_where_values_can_be_added(story: Story, aggregation: str) -> None:
    found = story.series(UID, CHART, **chosen(VISITS, aggregation, var_group_by="door"))
    sizes = {
        door: ASKED[aggregation](numbers(events))
        for door, events in groups(inside(story, VISITS), "door").items()
    }
    largest = sorted(sizes, key=lambda door: (-sizes[door], door))[:10]
    assert found.keys() == {*largest, "other"}
    rest = math.fsum(size for door, size in sizes.items() if door not in largest)
    assert rest > 0
    assert math.fsum(value or 0 for value in found["other"].values()) == rest
    gap = story.anchor - timedelta(minutes=60)
    assert found["other"][floor(gap, MINUTE)] == 0  # an hour without visits is not bridged


def test_the_rest_is_left_out_where_they_cannot(story: Story) -> None:
    found = story.series(UID, CHART, **chosen(TEMPERATURE, "avg", var_group_by="room"))
    means = {
        room: ASKED["avg"](numbers(events))
        for room, events in groups(inside(story, TEMPERATURE), "room").items()
    }
    assert found.keys() == set(sorted(means, key=means.__getitem__, reverse=True)[:10])
    assert len(means) == len(ROOMS) > 10


@pytest.mark.parametrize("name", [TEMPERATURE, VISITS, WAIT])
def test_the_table_of_groups(story: Story, name: str) -> None:
    tag = TAG[name]
    by_tag = groups(inside(story, name), tag)
    rows = story.table(UID, ID["Groups"], **chosen(name, var_group_by=tag))
    order = sorted(by_tag, key=lambda group: (-len(by_tag[group]), group))
    assert [row["Group"] for row in rows] == order
    for row in rows:
        events = by_tag[row["Group"]]
        values = numbers(events)
        for column, aggregation in (
            *(("Values", "count"), ("Mean", "avg"), ("Min", "min"), ("Max", "max")),
            ("Newest", "last"),
        ):
            assert row[column] == pytest.approx(ASKED[aggregation](values)), column
        for column in ("p50", "p95", "p99"):
            assert row[column] == pytest.approx(ASKED[column](values), rel=PERCENTILE)
        assert row["Sum"] == (None if name == TEMPERATURE else math.fsum(values))
        assert row["Series"] == len({tuple(sorted(one["tags"].items())) for one in events})


def test_percentiles_of_two_tags_are_merged(story: Story) -> None:
    p95 = story.number(UID, ID["Over the range"], **chosen(WAIT, "p95"))
    assert p95 is not None
    by_tag = groups(inside(story, WAIT), "queue")
    each = [rank(numbers(events), 0.95) for events in by_tag.values()]
    assert p95 != pytest.approx(sum(each) / len(each), rel=0.05)


def test_another_tenants_metric_of_the_same_name_is_not_mixed_in(story: Story) -> None:
    both = chosen(VISITS, "sum", var_tenant=[LAB, OTHER])
    everything = math.fsum(numbers(inside(story, VISITS, (LAB, OTHER))))
    assert story.number(UID, ID["Over the range"], **both) == everything
    alone = story.number(UID, ID["Over the range"], **chosen(VISITS, "sum"))
    assert alone is not None
    assert alone < everything / 10


def test_a_tag_narrows_every_panel(story: Story) -> None:
    given = chosen(VISITS, "count", var_filter_tag="door", var_filter_value=["d00", "d02"])
    events = [one for one in inside(story, VISITS) if one["tags"]["door"] in {"d00", "d02"}]
    assert story.number(UID, ID["Values"], **given) == len(events)
    assert story.number(UID, ID["Series"], **given) == 2
    assert story.number(UID, ID["Distinct actors"], **given) == len({e["actor"] for e in events})
    [line] = story.series(UID, CHART, **given).values()
    assert sum(value or 0 for value in line.values()) == len(events)
    [row] = story.table(UID, ID["Groups"], **given)
    assert row["Values"] == len(events)


def test_those_without_the_tag_are_a_group_of_their_own(story: Story) -> None:
    rows = story.table(UID, ID["Groups"], **chosen(TEMPERATURE, var_group_by="hall"))
    by_hall = groups(inside(story, TEMPERATURE), "hall")
    assert {row["Group"]: row["Values"] for row in rows} == {
        hall: len(events) for hall, events in by_hall.items()
    }
    assert "without this tag" in by_hall


def test_all_grains_agree(story: Story) -> None:
    for hours in (24.0, 720.0):
        given = chosen(VISITS, "sum", hours=hours)
        expected = math.fsum(numbers(inside(story, VISITS, hours=hours)))
        assert story.number(UID, ID["Over the range"], **given) == expected
        [line] = story.series(UID, CHART, **given).values()
        assert math.fsum(value or 0 for value in line.values()) == expected


@pytest.mark.requirement("METRIC-70")
def test_about_says_kind_and_unit_in_words(story: Story) -> None:
    def about(name: str, **given: Any) -> dict[str, Any]:
        [row] = story.table(UID, ID["About"], **{**chosen(name), **given})
        return row

    assert about(WAIT)["Unit"] == "milliseconds"
    assert about(WAIT, var_lang="pl")["Unit"] == "milliseconds"
    gauge = about(TEMPERATURE, var_aggregation="sum")
    assert (gauge["Kind"], gauge["Unit"]) == ("gauge", "celsius")
    assert "never over time" in gauge["What is drawn"]
    assert about(VISITS, var_aggregation="sum")["What is drawn"] == "all values of a bucket added"
    assert about(VISITS)["Description"] == "not declared in the catalogue"
    declared = {"var_tenant": [], "var_measurement": "avgProcessingTimeMs"}
    snapshot = about("metricsSnapshotRecorded", **declared)
    assert (snapshot["Kind"], snapshot["Unit"]) == ("gauge", "milliseconds")
    assert snapshot["Description"].startswith("The totals at a full hour")
    unknown = about("no.such.metric")
    assert unknown["Kind"].startswith("unknown")


@pytest.mark.requirement("METRIC-70", "METRIC-71")
def test_the_polish_board_says_milliseconds_in_polish() -> None:
    board = dashboards("pl")[UID]
    [about] = (panel for panel in board["panels"] if panel["title"] == "O metryce")
    [target] = about["targets"]
    assert "unit = 'ms', 'milisekundy'" in target["rawSql"]
    assert "unit = 'bytes', 'bajty'" in target["rawSql"]
    labels = [variable["label"] for variable in board["templating"]["list"]]
    assert "Agregacja" in labels


def test_what_can_be_chosen_comes_from_the_data(story: Story) -> None:
    given = chosen(TEMPERATURE)
    names = story.choices(UID, "name", **given)
    assert names == [TEMPERATURE, VISITS, WAIT]
    assert story.choices(UID, "measurement", **given) == ["value"]
    assert story.choices(UID, "group_by", **given) == ["-", "hall", "room"]
    assert story.choices(UID, "filter_value", **{**given, "var_filter_tag": "hall"}) == [
        "north",
        "south",
    ]
    assert {LAB, OTHER} <= set(story.choices(UID, "tenant", **given))
    assert story.choices(UID, "aggregation", **given) == list(AGGREGATIONS)


def test_nothing_is_made_up(story: Story) -> None:
    long_ago = {"end": datetime(2024, 1, 1, tzinfo=UTC)}
    given = {**chosen(VISITS, "sum", var_group_by="door"), **long_ago}
    assert story.panel(UID, CHART, **given) == []
    assert story.number(UID, ID["Over the range"], **given) is None
    assert story.table(UID, ID["Groups"], **given) == []
    for title in ("Values", "Series", "Distinct actors"):
        assert story.number(UID, ID[title], **given) == 0


def test_a_hostile_choice_is_only_a_text(story: Story) -> None:
    hostile = "room'] OR 1=1 --\\"
    given = chosen(VISITS, "sum", var_group_by=hostile, var_filter_value=[hostile])
    [row] = story.table(UID, ID["Groups"], **given)
    assert row["Group"] == "without this tag"
