"""Template variables; the same name means the same thing on every dashboard, so links carry it."""

from __future__ import annotations

from millrace.grafana.clickhouse_query import DATASOURCE, PLUGIN, PROVISIONED_UID
from millrace.grafana.foundation import dashboard, dashboard_builders
from millrace.grafana.scope import ALL


def datasource() -> dashboard_builders.DatasourceVariable:
    """Which ClickHouse the dashboard reads."""
    provisioned = dashboard.VariableOption(text="Millrace", value=PROVISIONED_UID)
    return (
        dashboard_builders.DatasourceVariable("datasource")
        .label("Data source")
        .type(PLUGIN)
        .current(provisioned)
    )


def choice(name: str, label: str, sql: str) -> dashboard_builders.QueryVariable:
    """Any number of values that the SQL lists, all of them at first."""
    return (
        dashboard_builders.QueryVariable(name)
        .label(label)
        .datasource(DATASOURCE)
        .query({"editorType": "sql", "queryType": "sql", "rawSql": sql, "refId": name})
        .multi(True)
        .include_all(True)
        .current(dashboard.VariableOption(text=["All"], value=[ALL]))
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
    )
