"""What the identity dashboard times and gauges, compared with the seeds."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from dashboard_seeds.identity import OTHER
from dashboard_story import Story, panel_ids
from identity_reference import (
    PERIODS,
    TENANT,
    Reference,
    everything,
    measured,
    moment,
    percentile,
    where,
)

from millrace.grafana.dashboards.identity import UID

pytestmark = pytest.mark.integration
IDS = panel_ids(UID)
#: What the sketch in a rollup may be off by.
CLOSE = 0.005
DAY_MS = 86_400_000
TIMED = {
    "Emit P95": "webhook.emit.duration_ms",
    "Delivery P95": "webhook.delivery.duration_ms",
    "Resolve P95": "apikey.resolve.duration",
    "Email P95": "email.send.duration_ms",
    "Rotation P95": "jwks.rotate.duration_ms",
}


def reference(story: Story, hours: int) -> Reference:
    return Reference(story.events["identity"], story.anchor, hours)


def number(story: Story, title: str, hours: float = 24, tenant: str = TENANT) -> float | None:
    return story.number(UID, IDS[title], hours=hours, var_tenant=tenant)


def lines(story: Story, title: str, hours: int, **given: str) -> dict[str, list[float | None]]:
    found = story.series(UID, IDS[title], hours=hours, var_tenant=TENANT, **given)
    return {name: list(values.values()) for name, values in found.items()}


def close(values: list[float | None]) -> list[object]:
    return [None if value is None else pytest.approx(value, rel=CLOSE) for value in values]


@pytest.mark.requirement("IDENT-43", "IDENT-45", "IDENT-46", "IDENT-47")
@pytest.mark.parametrize("hours", PERIODS)
@pytest.mark.parametrize("title", TIMED)
def test_p95_of_all_tag_sets_together(story: Story, title: str, hours: int) -> None:
    expected = percentile(reference(story, hours).values(TIMED[title]), 0.95)
    assert number(story, title, hours) == pytest.approx(expected, rel=CLOSE)


@pytest.mark.requirement("IDENT-40")
@pytest.mark.parametrize("hours", PERIODS)
def test_checks_are_merged_and_a_gap_has_no_value(story: Story, hours: int) -> None:
    here = reference(story, hours)
    found = lines(story, "Check Duration", hours)
    name = "authz.check.duration"
    assert found["P50"] == close(here.levels(name, 0.5))
    assert found["P95"] == close(here.levels(name, 0.95))
    assert None in found["P50"] or hours == 168
    # Few slow checks beside many fast ones: a mean of both resources' percentiles is far away.
    fast = percentile(here.values(name, where("resource", "page")), 0.5)
    slow = percentile(here.values(name, where("resource", "vault")), 0.5)
    assert percentile(here.values(name), 0.5) != pytest.approx((fast + slow) / 2, rel=0.5)


@pytest.mark.requirement("IDENT-40")
@pytest.mark.parametrize("hours", PERIODS)
@pytest.mark.parametrize(
    ("title", "name", "column"),
    [
        ("Traversal Depth", "authz.rebac.traversal_depth", "Levels"),
        ("Subjects Expanded", "authz.rebac.subjects_expanded", "Subjects"),
    ],
)
def test_how_deep_and_wide_checks_go(
    story: Story, title: str, name: str, column: str, hours: int
) -> None:
    values = reference(story, hours).values(name)
    expected = {"lowest": min(values), "peak": max(values)} | {
        f"P{level}": percentile(values, level / 100) for level in (50, 90, 95, 99)
    }
    rows = story.table(UID, IDS[title], hours=hours, var_tenant=TENANT)
    assert {row["part"]: row[column] for row in rows} == expected
    assert [row["part"] for row in rows] == ["peak", "P99", "P95", "P90", "P50", "lowest"]


@pytest.mark.requirement("IDENT-41")
@pytest.mark.parametrize("hours", PERIODS)
def test_runs_of_the_five_busiest_triggers(story: Story, hours: int) -> None:
    here = reference(story, hours)
    name = "pipeline.exec.duration"
    runs = Counter(one["tags"]["trigger_event"] for _, one in here.of(name))
    busiest = sorted(runs, key=lambda trigger: (-runs[trigger], trigger))[:5]
    assert len(runs) == 6
    expected = {
        f"{trigger} {text}": close(here.levels(name, level, where("trigger_event", trigger)))
        for trigger in busiest
        for text, level in (("P50", 0.5), ("P95", 0.95))
    }
    assert lines(story, "Pipeline Executions", hours) == expected


@pytest.mark.requirement("IDENT-44", "IDENT-63")
@pytest.mark.parametrize("hours", PERIODS)
def test_oidc_latency(story: Story, hours: int) -> None:
    here = reference(story, hours)
    names = {"Authorize": "oidc.authorize.latency_ms", "Token": "oidc.token.latency_ms"}
    expected = {
        f"{title} {text}": close(here.levels(name, level))
        for title, name in names.items()
        for text, level in (("P50", 0.5), ("P95", 0.95))
    }
    assert lines(story, "OIDC Latency", hours) == expected
    both = [value for name in names.values() for value in here.values(name)]
    assert number(story, "API Latency", hours) == pytest.approx(percentile(both, 0.95), rel=CLOSE)


@pytest.mark.requirement("IDENT-45")
def test_groups_are_an_average_over_keys_and_not_over_buckets(story: Story) -> None:
    values = reference(story, 720).values("apikey.groups.count")
    assert number(story, "Groups per Key", 720) == pytest.approx(sum(values) / len(values))


@pytest.mark.requirement("IDENT-42")
def test_pool_values_are_the_last_ones_said(story: Story) -> None:
    # Said at 9, 4 and 2 minutes before the end; three hours later somebody says 7777.
    for hours in PERIODS:
        assert number(story, "Pool Waiting", hours) == 3
        assert number(story, "Pool Active", hours) == 23
    both = [TENANT, OTHER]
    assert story.number(UID, IDS["Pool Active"], var_tenant=both) == 23 + 73
    quiet = story.anchor - timedelta(hours=9)
    assert story.number(UID, IDS["Pool Active"], end=quiet, var_tenant=TENANT) is None
    # Beyond the minutes' retention the hours still know it.
    said = [at for at, _ in reference(story, 365 * 24).of("lua.pool.active")]
    old = max(at for at in said if at < story.anchor - timedelta(days=35))
    end = old + timedelta(minutes=20)
    [(_, last)] = [one for one in reference(story, 365 * 24).of("lua.pool.active") if one[0] == old]
    found = story.number(UID, IDS["Pool Active"], end=end, var_tenant=TENANT)
    assert found == measured(last, "value")


@pytest.mark.requirement("IDENT-63")
def test_the_most_that_ever_waited(story: Story) -> None:
    assert number(story, "Most Waiting", 24) == 8
    said = reference(story, 720).values("lua.pool.waiting")
    assert number(story, "Most Waiting", 720) == max(said)


@pytest.mark.requirement("IDENT-47")
def test_the_key_is_as_old_as_was_last_said(story: Story) -> None:
    assert number(story, "Signing Key") == pytest.approx(26.4)
    assert number(story, "Key Age") == pytest.approx(26.4)
    # Of all tenants' keys the oldest counts.
    for title in ("Signing Key", "Key Age"):
        both = story.number(UID, IDS[title], var_tenant=[TENANT, OTHER])
        assert both == pytest.approx(40)


@pytest.mark.requirement("IDENT-47")
def test_the_last_rotation_is_the_last_before_the_end(story: Story) -> None:
    rotated = [moment(one) for one in story.events["identity"] if "rotation.success" in one["name"]]
    last = max(at for at in rotated if at <= story.anchor)
    assert last < max(rotated)
    for hours in PERIODS:
        assert number(story, "Last Rotation", hours) == last.timestamp() * 1000
    # Raw events are gone by then: the hour or the day in which it was is still known.
    long_ago = story.anchor - timedelta(days=50)
    found = story.number(UID, IDS["Last Rotation"], end=long_ago, var_tenant=TENANT)
    oldest = min(rotated)
    assert found is not None
    assert 0 <= oldest.timestamp() * 1000 - found < 3_600_000


@pytest.mark.requirement("IDENT-49")
@pytest.mark.parametrize("hours", PERIODS)
def test_a_counter_of_a_user_is_summed(story: Story, hours: int) -> None:
    name = "user.invoice.processed_count"
    found = lines(story, "User-Defined Metrics", hours, var_user_metric=name)
    assert found == {name: reference(story, hours).sums(name)}


@pytest.mark.requirement("IDENT-49")
@pytest.mark.parametrize("hours", PERIODS)
def test_a_gauge_of_a_user_shows_the_last_value_of_each_series(story: Story, hours: int) -> None:
    name, here = "user.queue.length", reference(story, hours)
    expected: dict[str, list[float | None]] = {}
    for queue in ("mail", "sms"):
        newest: dict[object, tuple[object, float]] = {}
        for at, one in here.of(name, where("queue", queue)):
            slot = here.slot(at)
            if slot not in newest or newest[slot][0] < at:  # type: ignore[operator]
                newest[slot] = (at, measured(one, "value"))
        values = [newest.get(slot, (None, None))[1] for slot in here.slots]
        expected[f"{name} {TENANT} {queue}"] = values
    assert lines(story, "User-Defined Metrics", hours, var_user_metric=name) == expected


@pytest.mark.requirement("IDENT-49")
def test_the_stored_kind_decides_and_not_the_name(story: Story) -> None:
    name = "user.odd.gauge"
    found = lines(story, "User-Defined Metrics", 24, var_user_metric=name)
    assert found == {name: reference(story, 24).sums(name)}
    assert sum(value or 0 for value in found[name]) == 9
    assert story.choices(UID, "user_metric", var_tenant=TENANT) == [
        "user.invoice.processed_count",
        "user.odd.gauge",
        "user.queue.length",
    ]
    assert story.choices(UID, "user_metric", var_tenant="nobody") == []


@pytest.mark.requirement("IDENT-28", "IDENT-59")
@pytest.mark.parametrize("hours", PERIODS)
def test_engine_and_scripts_apart(story: Story, hours: int) -> None:
    here = reference(story, hours)
    engine = here.levels("identity.run.finished", 0.95, everything, "overhead_ms")
    script = here.levels("identity.script.finished", 0.95, everything, "duration_ms")
    assert lines(story, "Engine and Script Time", hours) == {
        "Engine P95": close(engine),
        "Script P95": close(script),
    }


@pytest.mark.requirement("IDENT-59")
def test_decisions_by_audit(story: Story) -> None:
    here, name = reference(story, 168), "identity.decision.audited"
    assert lines(story, "Decision Time", 168) == {
        "P50": close(here.levels(name, 0.5, everything, "execution_time_ms")),
        "P95": close(here.levels(name, 0.95, everything, "execution_time_ms")),
    }


@pytest.mark.requirement("IDENT-28", "IDENT-59")
def test_runs_of_each_pipeline(story: Story) -> None:
    here, name = reference(story, 720), "identity.run.finished"
    rows = story.table(UID, IDS["Pipeline Runs"], hours=720, var_tenant=TENANT)
    runs = Counter(one["tags"]["pipeline_id"] for _, one in here.of(name))
    assert {row["Pipeline"]: row["Runs"] for row in rows} == runs
    for row in rows:
        mine = where("pipeline_id", row["Pipeline"])
        blocks = [one["tags"] for _, one in here.of(name, mine)]
        reasons = sorted({tags["block_reason"] for tags in blocks if "block_reason" in tags})
        assert row["Blocked"] == sum(tags["status"] == "blocked" for tags in blocks)
        assert row["Failures"] == 0
        assert row["Block Reasons"] == (", ".join(reasons) or "\u2013")
        whole = here.values(name, mine, "duration_ms")
        assert row["Run P95"] == pytest.approx(percentile(whole, 0.95), rel=CLOSE)
        engine = sum(here.values(name, mine, "overhead_ms"))
        assert row["Engine Share"] == pytest.approx(engine / sum(whole))


@pytest.mark.requirement("IDENT-28", "IDENT-59")
def test_scripts_those_that_take_most_first(story: Story) -> None:
    here, name = reference(story, 720), "identity.script.finished"
    rows = story.table(UID, IDS["User Scripts"], hours=720, var_tenant=TENANT)
    assert [row["Total Time"] for row in rows] == sorted(
        (row["Total Time"] for row in rows), reverse=True
    )
    assert len(rows) == 3
    for row in rows:
        mine = where("script_id", row["Script"])
        spent = here.values(name, mine, "duration_ms")
        told = [one["tags"]["status"] for _, one in here.of(name, mine)]
        assert (row["Runs"], row["Failures"]) == (len(told), told.count("failure"))
        assert row["Total Time"] == pytest.approx(sum(spent))
        assert row["P50"] == pytest.approx(percentile(spent, 0.5), rel=CLOSE)
        assert row["P95"] == pytest.approx(percentile(spent, 0.95), rel=CLOSE)
