from __future__ import annotations

import pytest

from millrace.streams.doctor.finding import Level
from millrace.streams.doctor.store import judge_settings, judge_version, judge_windows

GOOD = "MergeTree ORDER BY x SETTINGS non_replicated_deduplication_window = 100000"


@pytest.mark.parametrize(
    ("version", "level"),
    [
        pytest.param("25.8.1.1", Level.FAULT, id="too old"),
        pytest.param("26.2.1.1", Level.FAULT, id="wrong for partitioned targets"),
        pytest.param("26.6.3.18", Level.FAULT, id="just before the repair"),
        pytest.param("26.6.3.19", Level.OK, id="repaired"),
        pytest.param("26.7.3.8", Level.FAULT, id="newer line before the repair"),
        pytest.param("26.7.3.9", Level.OK, id="newer line repaired"),
        pytest.param("26.9.1.5", Level.OK, id="newer"),
        pytest.param("27.1.1.1-alpine", Level.OK, id="much newer"),
    ],
)
def test_versions(version: str, level: Level) -> None:
    assert judge_version(version).level is level


def test_a_short_window_is_named_with_its_table() -> None:
    engines = {
        "events": GOOD,
        "rollup_1m": GOOD.replace("100000", "100"),
        "dead_letters": "MergeTree",
    }
    (finding,) = judge_windows(engines)
    assert finding.level is Level.FAULT
    assert "rollup_1m, dead_letters" in finding.text
    assert finding.fix


def test_a_replicated_table_is_judged_by_its_own_setting() -> None:
    replicated = f"Replicated{GOOD}"
    assert next(judge_windows({"events": replicated})).level is Level.FAULT
    engine = replicated.replace("non_replicated_", "replicated_")
    assert next(judge_windows({"events": engine})).level is Level.OK


def test_a_profile_may_set_what_it_likes_but_not_force_it() -> None:
    free = {"insert_deduplicate": ("0", False), "async_insert": ("1", False)}
    assert [finding.level for finding in judge_settings(free)] == [Level.OK]
    forced = {"insert_deduplicate": ("0", True), "async_insert": ("0", True)}
    (finding,) = judge_settings(forced)
    assert finding.level is Level.FAULT
    assert "insert_deduplicate=0" in finding.text
    (finding,) = judge_settings({"deduplicate_insert": ("disable", False)})
    assert finding.level is Level.FAULT
