"""Reads the SQL files beside the dashboards."""

from __future__ import annotations

from pathlib import Path

QUERIES = Path(__file__).parent / "queries"


def sql(dashboard: str, panel: str) -> str:
    """Return the text of ``queries/<dashboard>/<panel>.sql`` without the final newline."""
    return (QUERIES / dashboard / f"{panel}.sql").read_text(encoding="utf-8").strip()
