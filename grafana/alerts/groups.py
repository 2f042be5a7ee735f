"""Every group of alert rules there is; one that is not listed here does not exist."""

from __future__ import annotations

from collections.abc import Sequence

from millrace.grafana.alerts import pipeline, services, slow
from millrace.grafana.alerts.rules import Group

GROUPS: Sequence[Group] = (
    Group("pipeline", "Millrace pipeline", 60, pipeline.ALERTS),
    Group("services", "Millrace services", 60, services.ALERTS),
    Group("slow", "Millrace slow", 300, slow.ALERTS),
)
