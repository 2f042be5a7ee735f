"""Dashboards as code, their generated JSON and a preview page."""
