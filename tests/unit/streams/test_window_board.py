from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console
from window_builders import NOON, FakeRecord, record, tombstone, window

from millrace.streams.kept_windows import KeptWindows
from millrace.streams.window_board import COLUMNS, Board, cells, short_cells
from millrace.streams.window_merge import merge


def board_of(*records: FakeRecord) -> tuple[Board, KeptWindows]:
    board, kept = Board(), KeptWindows()
    for one in records:
        if key := kept.take(one):
            board.change([key])
    return board, kept


def drawn(board: Board, kept: KeptWindows, *, width: int = 200, height: int | None = None) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(board.table(kept, width=width, height=height))
    shown = console.file
    assert isinstance(shown, io.StringIO)
    return shown.getvalue()


def rows_of(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def test_every_column_of_a_window_in_full() -> None:
    one = merge([window([0.1, 0.2], tags={"b": "2", "a": "1"})])
    assert dict(zip(COLUMNS, cells(one), strict=True)) == {
        "tenant": "acme",
        "name": "api.requests",
        "measurement": "value",
        "tags": "a=1, b=2",
        "start": "2026-03-01T12:00:00Z",
        "count": "2",
        "per second": "0.2",
        "avg": "0.15000000000000002",
        "min": "0.1",
        "max": "0.2",
        "last": "0.2",
        "p50": "0.10009765625",
        "p95": "0.2001953125",
        "state": "open",
    }


def test_people_get_shorter_numbers_and_the_time_of_day() -> None:
    one = merge([window([0.1] * 1_500 + [1e-9], final=True)])
    shown = dict(zip(COLUMNS, short_cells(one), strict=True))
    assert (shown["start"], shown["count"], shown["per second"]) == ("12:00:00", "1,501", "150.1")
    assert (shown["avg"], shown["last"], shown["p50"]) == ("0.0999334", "1e-09", "0.100098")
    assert shown["state"] == "final"


def test_the_newest_window_of_each_series_the_last_change_first() -> None:
    later = NOON + timedelta(seconds=10)
    board, kept = board_of(
        record(window(name="a")),
        record(window(name="b", start=later)),
        record(window(name="b", through_offset=11)),
        record(window(name="a", start=later)),
        record(window(name="c")),
    )
    rows = rows_of(drawn(board, kept))
    assert [(row[1], row[4]) for row in rows] == [
        ("c", "12:00:00"),
        ("a", "12:00:10"),
        ("b", "12:00:10"),
    ]


def test_measurements_and_tag_sets_are_series_of_their_own() -> None:
    board, kept = board_of(
        record(window()),
        record(window(measurement="other")),
        record(window(tags={})),
        record(window(tenant="other")),
    )
    assert len(rows_of(drawn(board, kept))) == 4


def test_a_series_goes_with_its_window() -> None:
    board, kept = board_of(record(window(name="a")), record(window(name="b")))
    kept.take(tombstone(window(name="a")))
    assert [row[1] for row in rows_of(drawn(board, kept))] == ["b"]


@pytest.mark.parametrize("height", [5, 8, 12, 24, 60])
@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_it_fits_the_terminal(width: int, height: int) -> None:
    board, kept = board_of(
        *(
            record(
                window(
                    [1e-7 / 3, 1e30 / 3],
                    name=f"a.rather.long.name.of.something.{number}",
                    tags={"endpoint": "/api/users/of/some/organisation", "region": "größe 統計"},
                )
            )
            for number in range(30)
        )
    )
    text = drawn(board, kept, width=width, height=height)
    assert all(cell_len(line) <= width for line in text.splitlines())
    assert len(text.splitlines()) < max(height, 7)
    hidden = 30 - len(rows_of(text))
    assert hidden == 30 - min(30, max(1, height - 6))
    assert (f"{hidden} series more" in text) == (hidden > 0)
    # A row takes one line, however narrow it is, and says at least what it is of and how sure.
    head = next(line for line in text.splitlines() if "name" in line)
    assert all(word in head for word in ("name", "tags", "count", "p95", "state"))


def test_hardly_any_terminal_at_all_is_no_fault() -> None:
    board, kept = board_of(record(window()))
    assert all(cell_len(line) <= 20 for line in drawn(board, kept, width=20).splitlines())


def test_a_wide_terminal_shows_all_and_a_narrow_one_what_matters_most() -> None:
    board, kept = board_of(record(window()))
    heads = {
        width: next(line for line in drawn(board, kept, width=width).splitlines() if "name" in line)
        for width in (200, 110, 60)
    }
    shown: dict[int, list[str]] = {
        width: [cell.strip() for cell in head.strip("┃").split("┃")]
        for width, head in heads.items()
    }
    assert shown[200] == list(COLUMNS)
    assert set(shown[60]) < set(shown[110]) < set(COLUMNS)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[red]x[/red]", id="markup"),
        pytest.param("[/]", id="a closing tag without an opening one"),
        pytest.param("[link=http://example.com]x", id="a link"),
        pytest.param(":smile:", id="an emoji's name"),
        pytest.param("\\[bold]", id="escaped markup"),
    ],
)
def test_what_a_tag_says_is_never_markup(text: str) -> None:
    board, kept = board_of(record(window(tags={text: text})))
    assert f"{text}={text}" in drawn(board, kept)


@pytest.mark.parametrize("text", ["a\tb", "a\nb", "a\x1b[2Jb", "a\x9bb", "a\u202eb", "a\u2028b"])
def test_a_control_character_reaches_neither_terminal_nor_line(text: str) -> None:
    one: Any = window(tags={"k": text})
    assert not any(
        character in "".join(cells(merge([one])))
        for character in text[1:-1]
        if not character.isprintable()
    )
    board, kept = board_of(record(one))
    assert len(rows_of(drawn(board, kept))) == 1
    assert "\x1b" not in drawn(board, kept)
    assert "a�" in drawn(board, kept)


def test_only_so_many_series_are_looked_after() -> None:
    board, kept = board_of(*(record(window(name=f"n{number}")) for number in range(1_100)))
    rows = rows_of(drawn(board, kept))
    assert len(rows) == 1_000
    assert rows[0][1] == "n1099"
