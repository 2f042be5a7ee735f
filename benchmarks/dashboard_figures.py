"""Prints the case "dashboards"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table


def show_dashboards(case: Mapping[str, Any], console: Console) -> None:
    """Print the case's table."""
    table = Table(
        "range", "median", "p95", "worst", "all queries one after the other",
        title=f"{case['queries']} queries on {case['days']} days, {case['events']:,} events",
    )  # fmt: skip
    for one in case["ranges"]:
        figures = (f"{one[key]:,.0f} ms" for key in ("median_ms", "p95_ms", "worst_ms"))
        table.add_row(one["range"], *figures, f"{one['sum_s']:.1f} s")
    console.print(table)
    for one in case["worst"]:
        console.print(f"{one['ms']:6,.0f} ms  {one['range']:8} {one['query']}")
    console.print(
        f"{case['over_limit']} queries over {case['panel_limit_ms']} ms; the web application's over"
        f" 30 days: {case['webapp_30d_s']:.1f} s, the limit is {case['webapp_limit_s']} s."
    )
