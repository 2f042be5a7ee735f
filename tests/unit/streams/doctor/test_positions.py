from __future__ import annotations

import pytest

from millrace.streams.doctor.finding import Level
from millrace.streams.doctor.positions import Bounds, Kept, judge_lives, judge_partition
from millrace.streams.intent import Intent
from millrace.streams.open_intents import Position, intents_of

PLACE = ("events", 3)
KNOWN = Intent(20, "kept", "log")


def judge(
    position: Position | None,
    ledger: int | None = 10,
    start: int = 0,
    end: int = 100,
    topic_id: str = "",
) -> list[tuple[Level, str]]:
    kept = Kept("log", {} if ledger is None else {3: ledger}, {"kept"}, topic_id)
    intent = next(intents_of({PLACE: position}), None) if position else None
    found = judge_partition(PLACE, position, intent, Bounds(start, end), kept)
    return [(finding.level, f"{finding.text}: {finding.fix}") for finding in found]


@pytest.mark.parametrize(
    ("position", "ledger"),
    [
        pytest.param(Position(10), 10, id="between two ranges"),
        pytest.param(Position(10, KNOWN.metadata()), 10, id="range open, not in the ledger"),
        pytest.param(Position(10, KNOWN.metadata()), 20, id="range open, in the ledger"),
        pytest.param(None, None, id="never begun"),
        pytest.param(Position(0, KNOWN.metadata()), None, id="first range"),
        pytest.param(Position(10, Intent(5, "c", "gone").metadata()), 10, id="of a log gone by"),
    ],
)
def test_what_goes_on(position: Position | None, ledger: int | None) -> None:
    assert judge(position, ledger) == []


@pytest.mark.parametrize(
    ("position", "ledger", "text"),
    [
        pytest.param(None, 10, "reset the group's offset to 10", id="offsets expired"),
        pytest.param(Position(7), 10, "reset the group's offset to 10", id="behind"),
        pytest.param(Position(17), 10, "reset the group's offset to 10", id="beyond"),
        pytest.param(Position(10, '{"v":9}'), 10, "cannot be read", id="unreadable"),
        pytest.param(
            Position(10, '{"v":9,"end":20,"catalogue":"kept","log":"log"}'),
            10,
            "version 9",
            id="newer",
        ),
        pytest.param(
            Position(10, Intent(20, "lost", "log").metadata()),
            10,
            "the catalogue lost of the open range events-3 [10, 20) is not kept",
            id="catalogue not kept",
        ),
    ],
)
def test_what_stops_a_partition(position: Position | None, ledger: int, text: str) -> None:
    ((level, said),) = judge(position, ledger)
    assert level is Level.FAULT
    assert text in said


def test_events_that_left_the_log_unstored_are_counted() -> None:
    ((level, said),) = judge(Position(10), 10, start=25)
    assert level is Level.FAULT
    assert "15 offsets of events-3 from 10 left the log" in said
    assert judge(Position(10), 10, start=10) == []


def test_an_open_range_that_left_the_log_points_to_the_way_out() -> None:
    ((level, said),) = judge(Position(10, KNOWN.metadata()), 10, start=15)
    assert level is Level.FAULT
    assert "docs/exactly-once.md" in said


def test_a_log_that_is_shorter_than_its_ledger_is_another_log() -> None:
    ((level, said),) = judge(None, 10, end=0)
    assert level is Level.WARNING
    assert "begins a new generation" in said
    ((level, said),) = judge(None, 10, end=0, topic_id="the same")
    assert level is Level.FAULT
    assert "lost records" in said


def test_an_offset_beyond_the_log() -> None:
    ((level, said),) = judge(Position(10), None, end=5)
    assert level is Level.FAULT
    assert "reset the group's offset to 0" in said


def test_a_topic_that_was_made_anew_is_told_by_its_id() -> None:
    kept = {"events": Kept("log", {}, (), "1"), "millrace": Kept("log", {}, (), "2")}
    (finding,) = judge_lives(kept, {"events": "9", "millrace": "2"})
    assert finding.level is Level.WARNING
    assert "the topic events was made anew" in finding.text
    assert list(judge_lives(kept, {"events": "", "millrace": ""})) == []
