from __future__ import annotations

import pytest

from millrace.streams.doctor.finding import Level
from millrace.streams.doctor.store import Setting, judge_parts, judge_settings, judge_version


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


def test_a_profile_may_set_what_it_likes_but_not_force_it() -> None:
    free = {"insert_deduplicate": Setting("0"), "async_insert": Setting("1")}
    assert [finding.level for finding in judge_settings(free)] == [Level.OK]
    forced = {"insert_deduplicate": Setting("0", True), "async_insert": Setting("0", True)}
    (finding,) = judge_settings(forced)
    assert finding.level is Level.FAULT
    assert finding.text.endswith("insert_deduplicate=0")


@pytest.mark.parametrize(
    ("name", "setting", "fine"),
    [
        ("max_insert_block_size", Setting("1", high="1000000"), False),
        ("max_insert_block_size", Setting("1", high="20000000"), True),
        ("max_insert_threads", Setting("auto(2)", low="2"), False),
        ("min_insert_block_size_rows", Setting("1", low="0"), True),
        ("deduplicate_insert", Setting("disable"), False),
        ("deduplicate_insert", Setting("enable"), True),
        ("materialized_views_ignore_errors", Setting("1"), False),
        ("max_partitions_per_insert_block", Setting("50"), False),
        ("max_partitions_per_insert_block", Setting("0"), True),
        ("max_partitions_per_insert_block", Setting("100"), True),
    ],
)
def test_what_a_profile_may_not_do(name: str, setting: Setting, fine: bool) -> None:
    (finding,) = judge_settings({name: setting})
    assert finding.level is (Level.OK if fine else Level.FAULT)
    assert fine or name in finding.text


@pytest.mark.parametrize(
    ("most", "limit", "level"),
    [(0, 3000, Level.OK), (1500, 3000, Level.OK), (1501, 3000, Level.WARNING),
     (1, 100, Level.WARNING)],
)  # fmt: skip
def test_parts(most: int, limit: int, level: Level) -> None:
    assert judge_parts(most, limit).level is level
