from __future__ import annotations

import pytest

from millrace.streams.doctor.clocks import judge_skew
from millrace.streams.doctor.finding import Level


@pytest.mark.parametrize(
    ("seconds", "level"),
    [(0.0, Level.OK), (-4.9, Level.OK), (6.0, Level.WARNING), (-6.0, Level.WARNING),
     (61.0, Level.FAULT), (-3600.0, Level.FAULT)],
)  # fmt: skip
def test_skew(seconds: float, level: Level) -> None:
    finding = judge_skew("Kafka", seconds)
    assert finding.level is level
    assert ("NTP" in finding.fix) is (level is not Level.OK)


def test_which_way() -> None:
    assert "is 3600.0 s behind" in judge_skew("Kafka", -3600).text
    assert "is 7.0 s ahead of" in judge_skew("Kafka", 7).text
