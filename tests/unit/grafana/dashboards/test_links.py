"""The place of panels that stand below each other beside another one."""

from __future__ import annotations

import pytest

from millrace.grafana import panels
from millrace.grafana.dashboards.links import Stacked


def places(line: Stacked) -> list[tuple[int, int, int, int, int]]:
    return [(number, at.x, at.y, at.w, at.h) for number, _, at in line.places(3)]


def test_a_column_is_as_high_as_what_stands_beside_it() -> None:
    one, two, three = (panels.default_text(text) for text in ("one", "two", "three"))
    line = Stacked(9, [(1, one), (2, two)], heights=(5, 4), right=(3, three), width=15)
    assert places(line) == [(1, 0, 3, 15, 5), (2, 0, 8, 15, 4), (3, 15, 3, 9, 9)]


@pytest.mark.parametrize("heights", [(9,), (5, 5), (5, 3)])
def test_heights_that_do_not_add_up_are_an_error(heights: tuple[int, ...]) -> None:
    text = panels.default_text("text")
    line = Stacked(9, [(1, text), (2, text)], heights=heights, right=(3, text))
    with pytest.raises(ValueError, match=r"as high as|shorter|longer"):
        places(line)


def test_a_column_alone_leaves_a_hole() -> None:
    with pytest.raises(ValueError, match="beside it"):
        places(Stacked(9, [(1, panels.default_text("text"))], heights=(9,)))
