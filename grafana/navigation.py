"""What ties dashboards together and marks their time axes: links and annotations.

The SDK hides both in a menu and its builders cannot undo that, so it is undone on the built model.
"""

from __future__ import annotations

from typing import TypeVar

from millrace.grafana import palette
from millrace.grafana.clickhouse_query import DATASOURCE, Query
from millrace.grafana.clickhouse_shape import Shape
from millrace.grafana.foundation import builder, dashboard, dashboard_builders
from millrace.grafana.sql_files import SHARED, sql

_Model = TypeVar("_Model")


class _Built(builder.Builder[_Model]):
    def __init__(self, model: _Model) -> None:
        self._model = model

    def build(self) -> _Model:
        return self._model


def other_dashboards() -> builder.Builder[dashboard.DashboardLink]:
    """List our other dashboards; range and variables go along."""
    link = (
        dashboard_builders.DashboardLink("Millrace dashboards")
        .type(dashboard.DashboardLinkType.DASHBOARDS)
        .tags(["millrace"])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
        .build()
    )
    link.placement = None  # type: ignore[assignment]  # typed as text, optional on the wire
    return _Built(link)


def to(uid: str, title: str, tooltip: str) -> builder.Builder[dashboard.DashboardLink]:
    """Lead to one of our dashboards; range and variables go along."""
    link = (
        dashboard_builders.DashboardLink(title)
        .type(dashboard.DashboardLinkType.LINK)
        .url(f"/d/{uid}")
        .tooltip(tooltip)
        .include_vars(True)
        .keep_time(True)
        .build()
    )
    link.placement = None  # type: ignore[assignment]  # typed as text, optional on the wire
    return _Built(link)


def annotation(
    name: str, sql: str, color: str = palette.PRIMARY
) -> builder.Builder[dashboard.AnnotationQuery]:
    """Mark what the SQL lists as ``time``, ``text`` and, for a stretch of time, ``timeEnd``."""
    query = (
        dashboard_builders.AnnotationQuery()
        .name(name)
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color(color)
        .target(Query(sql, Shape.TABLE, "Anno"))
        .build()
    )
    query.placement = None  # type: ignore[assignment]  # typed as text, optional on the wire
    return _Built(query)


def incomplete(folder: str = SHARED) -> builder.Builder[dashboard.AnnotationQuery]:
    """Mark the bucket that is still filling; a folder with buckets of its own has its own query."""
    return annotation("Incomplete", sql(folder, "incomplete"), palette.NEUTRAL)
