"""Panels fill the grid without a hole, whatever the sections hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.grafana import boards, layout, lint, panels
from millrace.grafana.foundation import encoder
from millrace.grafana.layout import COLUMNS, Line, Section


def built(sections: list[Section], top: int = 0) -> list[dict[str, Any]]:
    board = boards.start("a", "A", "Words.")
    layout.place(board, sections, top)
    found: list[dict[str, Any]] = json.loads(encoder.JSONEncoder().encode(board.build()))["panels"]
    return found


def texts(count: int, first: int) -> list[tuple[int, panels.AnyPanel]]:
    return [(first + number, panels.default_text(f"{number}")) for number in range(count)]


def places(found: list[dict[str, Any]]) -> list[tuple[int, ...]]:
    return [(one["id"], *(one["gridPos"][key] for key in "xywh")) for one in found]


def test_lines_stand_below_each_other_under_their_row() -> None:
    found = built(
        [
            Section("One", 100, [Line(5, texts(2, 1)), Line(3, texts(2, 3), (20, 4))]),
            Section("Two", 101, [Line(4, texts(1, 5))]),
        ]
    )
    assert places(found) == [
        (100, 0, 0, 24, 1),
        (1, 0, 1, 12, 5),
        (2, 12, 1, 12, 5),
        (3, 0, 6, 20, 3),
        (4, 20, 6, 4, 3),
        (101, 0, 9, 24, 1),
        (5, 0, 10, 24, 4),
    ]


def test_a_shut_row_holds_its_panels_and_takes_one_line() -> None:
    found = built(
        [
            Section("Shut", 100, [Line(5, texts(2, 1))], shut=True),
            Section("Open", 101, [Line(4, texts(1, 3))]),
        ],
        top=7,
    )
    assert places(found) == [(100, 0, 7, 24, 1), (101, 0, 8, 24, 1), (3, 0, 9, 24, 4)]
    assert [one["collapsed"] for one in found if one["type"] == "row"] == [True, False]
    assert places(found[0]["panels"]) == [(1, 0, 8, 12, 5), (2, 12, 8, 12, 5)]


@pytest.mark.parametrize(
    ("count", "widths"),
    [(5, ()), (2, (12,)), (2, (12, 11)), (2, (12, 13))],
    ids=["does not divide", "too few widths", "a hole", "too wide"],
)
def test_a_line_that_is_not_filled_is_refused(count: int, widths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=f"A line of {count} panels has the widths"):
        Line(5, texts(count, 1), widths).places(0)


widths = st.lists(st.integers(1, COLUMNS - 1), max_size=5, unique=True).map(
    lambda cuts: [
        right - left
        for left, right in zip([0, *sorted(cuts)], [*sorted(cuts), COLUMNS], strict=True)
    ]
)
lines = st.lists(st.tuples(st.integers(1, 9), widths), min_size=1, max_size=3)


@given(st.lists(st.tuples(lines, st.booleans()), min_size=1, max_size=4))
def test_no_layout_has_a_hole_or_an_overlap(
    drawn: list[tuple[list[tuple[int, list[int]]], bool]],
) -> None:
    number, sections = 1, []
    for index, (drawn_lines, shut) in enumerate(drawn):
        held = []
        for height, wide in drawn_lines:
            held.append(Line(height, texts(len(wide), number), wide))
            number += len(wide)
        sections.append(Section(f"Section {index}", 1000 + index, held, shut=shut))
    board = {"panels": built(sections)}
    faults = [*lint._layout(board), *lint._ids(board)]
    assert faults == []
    assert len(lint.panels(board)) == number - 1 + len(sections)
