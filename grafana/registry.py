"""Every dashboard there is; one that is not listed here does not exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from millrace.grafana.dashboards import pipeline_overview
from millrace.grafana.foundation import dashboard

DASHBOARDS: Mapping[str, Callable[[], dashboard.Dashboard]] = {
    pipeline_overview.UID: pipeline_overview.build,
}
