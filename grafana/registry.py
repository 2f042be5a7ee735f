"""Every dashboard there is; one that is not listed here does not exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from millrace.grafana.dashboards import (
    explorer,
    game,
    home,
    identity,
    links,
    pipeline_overview,
    tenants,
    webapp_performance,
    webapp_usage,
)
from millrace.grafana.foundation import dashboard

DASHBOARDS: Mapping[str, Callable[[], dashboard.Dashboard]] = {
    explorer.UID: explorer.build,
    game.UID: game.build,
    home.UID: home.build,
    identity.UID: identity.build,
    links.UID: links.build,
    pipeline_overview.UID: pipeline_overview.build,
    tenants.UID: tenants.build,
    webapp_performance.UID: webapp_performance.build,
    webapp_usage.UID: webapp_usage.build,
}
