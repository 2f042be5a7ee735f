"""The parts of the Grafana Foundation SDK that dashboards use, from one place.

The SDK warns on import that its classic dashboard is deprecated. Grafana's file provisioning still
reads only that form, so the warning is answered once, here, and nowhere else.
"""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.filterwarnings(
        "ignore", message="Prefer using dashboardv2", category=DeprecationWarning
    )
    from grafana_foundation_sdk.builders import bargauge, piechart, stat, table, text, timeseries
    from grafana_foundation_sdk.builders import common as common_builders
    from grafana_foundation_sdk.builders import dashboard as dashboard_builders
    from grafana_foundation_sdk.cog import builder, encoder, runtime, variants
    from grafana_foundation_sdk.models import common, dashboard, units
    from grafana_foundation_sdk.models import piechart as piechart_models
    from grafana_foundation_sdk.models import text as text_models

__all__ = [
    "bargauge",
    "builder",
    "common",
    "common_builders",
    "dashboard",
    "dashboard_builders",
    "encoder",
    "piechart",
    "piechart_models",
    "runtime",
    "stat",
    "table",
    "text",
    "text_models",
    "timeseries",
    "units",
    "variants",
]
