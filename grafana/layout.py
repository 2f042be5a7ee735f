"""Where panels stand: sections under a row's title, lines of panels from the left to the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from millrace.grafana.foundation import dashboard, dashboard_builders
from millrace.grafana.panels import AnyPanel

COLUMNS = 24


@dataclass(frozen=True)
class Line:
    """Panels of one height side by side, each with the id that it keeps for ever.

    Without ``widths`` they share the 24 columns evenly.
    """

    height: int
    panels: Sequence[tuple[int, AnyPanel]]
    widths: Sequence[int] = ()

    def places(self, top: int) -> list[tuple[int, AnyPanel, dashboard.GridPos]]:
        """Return each panel's id and place; raises ValueError when the line is not filled."""
        widths = self.widths or [COLUMNS // len(self.panels)] * len(self.panels)
        if len(widths) != len(self.panels) or sum(widths) != COLUMNS:
            raise ValueError(f"A line of {len(self.panels)} panels has the widths {list(widths)}")
        found, left = [], 0
        for (number, panel), width in zip(self.panels, widths, strict=True):
            place = dashboard.GridPos(h=self.height, w=width, x=left, y=top)
            found.append((number, panel, place))
            left += width
        return found


@dataclass(frozen=True)
class Section:
    """Lines under a title; the panels of a shut section are not asked for until it is opened."""

    title: str
    row_id: int
    lines: Sequence[Line] = field(default_factory=tuple)
    shut: bool = False


def place(board: dashboard_builders.Dashboard, sections: Sequence[Section], top: int = 0) -> None:
    """Add the sections to the board from top to bottom, below ``top`` lines of the grid."""
    for section in sections:
        row = dashboard_builders.Row(section.title).id(section.row_id)
        row.grid_pos(dashboard.GridPos(h=1, w=COLUMNS, x=0, y=top))
        top += 1
        inside = []
        below = top
        for line in section.lines:
            inside += [panel.id(number).grid_pos(at) for number, panel, at in line.places(below)]
            below += line.height
        if section.shut:
            # A shut row takes one line of the grid; what it holds begins right below it.
            for panel in inside:
                row.with_panel(panel)
            board.with_row(row)
            continue
        board.with_row(row)
        for panel in inside:
            board.with_panel(panel)
        top = below
