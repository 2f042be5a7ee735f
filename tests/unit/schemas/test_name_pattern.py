from __future__ import annotations

import pytest

from millrace.schemas.errors import CatalogueError
from millrace.schemas.name_pattern import fits


@pytest.mark.requirement("GAME-03")
def test_the_whole_name_must_match() -> None:
    for pattern in ("^[a-z.]+$", "[a-z.]+"):
        assert fits(pattern, "a.b")
        assert not fits(pattern, "a.b\n")
        assert not fits(pattern, "A")
        assert not fits(pattern, "")
    assert fits("a|b", "b")
    assert not fits("a|b", "bc")


def test_no_pattern_stalls_on_a_crafted_name() -> None:
    # Exponential for a backtracking engine: it would not end before the test's limit.
    assert not fits("(a+)+b", "a" * 255)


@pytest.mark.parametrize("pattern", ["[", "(?=a)", r"(a)\1", "a)|(?:b", "*"])
def test_a_pattern_that_cannot_be_used(pattern: str) -> None:
    with pytest.raises(CatalogueError, match="linear time"):
        fits(pattern, "a")
