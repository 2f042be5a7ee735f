"""The dashboards on this machine without a Grafana: the committed JSON, drawn from live data."""

from __future__ import annotations

from millrace.grafana.preview.pages import build_pages
from millrace.grafana.preview.server import PreviewServer

__all__ = ["PreviewServer", "build_pages"]
