"""The requirement map reads markers as pytest does and refuses ids that nobody wrote down."""

from __future__ import annotations

from pathlib import Path

import pytest
from requirement_map import RequirementError, build, read_markers

LIST = """
[screens]
"docs/pictures/overview.png" = ["GAME-03"]

[GAME]
title = "Games"
GAME-01 = "First"
GAME-02 = "Second"
GAME-03 = "Third"
"""


def repository(root: Path, test: str, requirements: str = LIST) -> Path:
    (root / "docs").mkdir()
    (root / "docs" / "requirements.toml").write_text(requirements)
    (root / "tests").mkdir()
    (root / "tests" / "test_store.py").write_text(test)
    return root


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(
            '@pytest.mark.requirement("GAME-01", "GAME-02")\ndef test_a(): ...',
            ("test_a", ("GAME-01", "GAME-02")),
            id="function",
        ),
        pytest.param(
            '@pytest.mark.requirement("GAME-01")\nasync def test_a(): ...',
            ("test_a", ("GAME-01",)),
            id="coroutine",
        ),
        pytest.param(
            'class TestA:\n    @pytest.mark.requirement("GAME-01")\n    def test_b(self): ...',
            ("TestA.test_b", ("GAME-01",)),
            id="method",
        ),
        pytest.param(
            'case = pytest.mark.requirement("GAME-01")'
            '\n@pytest.mark.parametrize("x", [pytest.param(1, marks=case)])\ndef test_a(x): ...',
            ("", ("GAME-01",)),
            id="shared mark",
        ),
        pytest.param(
            '@pytest.mark.parametrize("x", [pytest.param(1, marks='
            'pytest.mark.requirement("GAME-01"))])\ndef test_a(x): ...',
            ("test_a", ("GAME-01",)),
            id="one parameter",
        ),
        pytest.param(
            'pytestmark = [pytest.mark.integration, pytest.mark.requirement("GAME-01")]',
            ("", ("GAME-01",)),
            id="module",
        ),
    ],
)
def test_markers_are_found(
    tmp_path: Path, source: str, expected: tuple[str, tuple[str, ...]]
) -> None:
    (marker,) = read_markers(repository(tmp_path, source))
    assert (marker.path, marker.test, marker.ids) == ("tests/test_store.py", *expected)


def test_page_lists_tests_screens_and_what_is_missing(tmp_path: Path) -> None:
    page = build(
        repository(tmp_path, '@pytest.mark.requirement("GAME-01")\ndef test_counts_once(): ...')
    )
    assert "| [GAME](#game) | Games | 3 | 1 | 1 | 1 |" in page
    assert "Missing (1): GAME-02." in page
    assert "| GAME-01 | First | [test_store](../tests/test_store.py): counts_once |" in page
    assert "| GAME-03 | Third | [overview.png](pictures/overview.png) |" in page


def test_unknown_id_is_refused_with_its_place(tmp_path: Path) -> None:
    root = repository(tmp_path, '@pytest.mark.requirement("GAME-99")\ndef test_a(): ...')
    with pytest.raises(RequirementError, match=r"tests/test_store\.py:1: GAME-99 is not in"):
        build(root)


@pytest.mark.parametrize("arguments", ["", "IDS", '"GAME-01", IDS'])
def test_marker_without_plain_ids_is_refused(tmp_path: Path, arguments: str) -> None:
    root = repository(tmp_path, f"@pytest.mark.requirement({arguments})\ndef test_a(): ...")
    with pytest.raises(RequirementError, match="takes ids as plain strings"):
        build(root)


def test_screen_with_an_unknown_id_is_refused(tmp_path: Path) -> None:
    root = repository(tmp_path, "", LIST.replace('["GAME-03"]', '["GAME-98"]'))
    with pytest.raises(RequirementError, match="GAME-98 is not in"):
        build(root)
