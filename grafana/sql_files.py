"""Reads the SQL files beside the dashboards.

``@name`` stands for the fragment ``name.sql`` of the same folder, or of ``shared``: the constants
that several queries begin with, written once; ``@NAME`` for a number of ``limits``. ``{{...}}``
marks a text that viewers read; it is put into their language when the dashboard is written
(``translate``).
"""

from __future__ import annotations

import re
from pathlib import Path

from millrace.grafana import limits

QUERIES = Path(__file__).parent / "queries"
SHARED = "shared"
_INCLUDE = re.compile(r"(?<![\w@])@([a-z]\w*)")
_LIMIT = re.compile(r"@([A-Z][A-Z_]*)")
_COMMENT = re.compile(r"^[ \t]*--.*\n", re.MULTILINE)


def sql(dashboard: str, panel: str) -> str:
    """Return the text of ``queries/<dashboard>/<panel>.sql``, its fragments put in."""
    return _INCLUDE.sub(
        lambda found: _fragment(dashboard, found[1]), read(QUERIES / dashboard / f"{panel}.sql")
    )


def read(path: Path) -> str:
    """Return the text of a file without the final newline, its limits put in."""
    text = path.read_text(encoding="utf-8").strip()
    return _LIMIT.sub(lambda found: str(getattr(limits, found[1])), text)


def _fragment(dashboard: str, name: str) -> str:
    own = (QUERIES / dashboard / f"{name}.sql").exists()
    text = sql(dashboard if own else SHARED, name)
    return _COMMENT.sub("", text + "\n").strip()
