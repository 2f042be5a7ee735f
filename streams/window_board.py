"""How live windows look: as cells of text, and as a table that fits a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from millrace.streams.kept_windows import KeptWindows, WindowKey
from millrace.streams.window_merge import Merged, State, merge

COLUMNS: Final = (
    *("tenant", "name", "measurement", "tags", "start", "count", "per second"),
    *("avg", "min", "max", "last", "p50", "p95", "state"),
)

_TEXTS: Final = frozenset({"tenant", "name", "measurement", "tags", "start", "state"})
_STYLES: Final = {State.OPEN: "green", State.FINAL: "", State.CORRECTED: "yellow"}
#: What a narrow terminal goes without, the first one first.
_EXPENDABLE: Final = (
    *("last", "min", "tenant", "per second", "max", "p50", "start", "measurement", "avg"),
)
#: What is cut when there is no room for all of it: how much must stay while there is anything else
#: to go without, and how much after that.
_CUT: Final = {"tags": (24, 8), "name": (28, 12)}
#: Series that are looked after; no terminal shows as many.
_SERIES: Final = 1_000
#: Lines of a table that are no rows: its borders, its head and its caption, and one of the prompt.
_FRAME: Final = 6


def cells(window: Merged) -> list[str]:
    """Return a window as it is written to a file or another program, in full."""
    return [
        *_names(window),
        window.start.isoformat().replace("+00:00", "Z"),
        str(window.count),
        *map(str, _numbers(window)),
        window.state.value,
    ]


def short_cells(window: Merged) -> list[str]:
    """Return a window as people read it: numbers to six digits, the time of day."""
    return [
        *_names(window),
        f"{window.start:%H:%M:%S}",
        f"{window.count:,}",
        *(f"{number:.6g}" for number in _numbers(window)),
        window.state.value,
    ]


@dataclass(slots=True)
class Board:
    """The newest window of each series, the one that changed last first."""

    _newest: dict[tuple[object, ...], WindowKey] = field(default_factory=dict)

    def change(self, keys: Sequence[WindowKey]) -> None:
        """Take in which windows have changed."""
        for key in keys:
            known = self._newest.get(key.series)
            if known is None or known.start <= key.start:
                self._newest.pop(key.series, None)
                self._newest[key.series] = key
        while len(self._newest) > _SERIES:
            del self._newest[next(iter(self._newest))]

    def table(self, kept: KeptWindows, *, width: int, height: int | None = None) -> Table:
        """Return a table of as many series as a terminal of this size has room for.

        Without a height it has all of them. A series whose window is no longer kept is left out.
        """
        room = len(self._newest) if height is None else max(1, height - _FRAME)
        windows: list[Merged] = []
        for series, key in reversed(list(self._newest.items())):
            if len(windows) == room:
                break
            if found := kept.windows(key):
                windows.append(merge(found))
            else:
                del self._newest[series]
        hidden = len(self._newest) - len(windows)
        return _table(windows, width, f"{hidden:,} series more" if hidden else "")


def _table(windows: Sequence[Merged], width: int, caption: str) -> Table:
    rows = [dict(zip(COLUMNS, short_cells(window), strict=True)) for window in windows]
    table = Table(caption=caption or None, caption_justify="left", header_style="bold")
    widths = _widths(rows, width)
    for column, wide in widths.items():
        table.add_column(
            column,
            width=wide,
            justify="left" if column in _TEXTS else "right",
            no_wrap=True,
            overflow="ellipsis",
        )
    for window, row in zip(windows, rows, strict=True):
        # A Text is shown as it is: what a name or a tag says is never markup.
        table.add_row(*(Text(row[column], _style(column, window)) for column in widths))
    return table


def _style(column: str, window: Merged) -> str:
    return _STYLES[window.state] if column == "state" else ""


def _widths(rows: Sequence[Mapping[str, str]], width: int) -> dict[str, int]:
    """Return the columns that are shown and how wide each is."""
    full = {
        column: max([cell_len(column), *(cell_len(row[column]) for row in rows)])
        for column in COLUMNS
    }
    shown = {column: min(wide, _CUT.get(column, (wide,))[0]) for column, wide in full.items()}
    for column in _EXPENDABLE:
        if _outer(shown) <= width:
            break
        del shown[column]
    for column, (_, least) in _CUT.items():
        more = min(width - _outer(shown), full[column] - shown[column])
        shown[column] = max(min(shown[column], least), shown[column] + more)
    return shown


def _outer(widths: Mapping[str, int]) -> int:
    # Each column has a space on both sides and a border before it; one border closes the row.
    return sum(widths.values()) + 3 * len(widths) + 1


def _names(window: Merged) -> list[str]:
    tags = ", ".join(f"{key}={value}" for key, value in sorted(window.tags.items()))
    return [_plain(text) for text in (window.tenant, window.name, window.measurement, tags)]


def _numbers(window: Merged) -> list[float]:
    return [
        *(window.per_second, window.average, window.min, window.max, window.last),
        *(window.percentile("p50"), window.percentile("p95")),
    ]


def _plain(text: str) -> str:
    # A control character could end the line, or command the terminal.
    return text if text.isprintable() else "".join(c if c.isprintable() else "�" for c in text)
