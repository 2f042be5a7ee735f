"""Template variables; the same name means the same thing on every dashboard, so links carry it."""

from __future__ import annotations

from collections.abc import Sequence

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


def one_of(name: str, label: str, sql: str) -> dashboard_builders.QueryVariable:
    """Exactly one value of those that the SQL lists, the first one at first."""
    return (
        choice(name, label, sql)
        .multi(False)
        .include_all(False)
        .current(dashboard.VariableOption(text="", value=""))
    )


def fixed(
    name: str, label: str, options: Sequence[tuple[str, str]]
) -> dashboard_builders.CustomVariable:
    """One of the (text, value) pairs, the first one at first; no text holds a comma or colon."""
    return (
        dashboard_builders.CustomVariable(name)
        .label(label)
        .values(", ".join(f"{text} : {value}" for text, value in options))
        .current(dashboard.VariableOption(text=options[0][0], value=options[0][1]))
        .options(
            [
                dashboard.VariableOption(text=text, value=value, selected=index == 0)
                for index, (text, value) in enumerate(options)
            ]
        )
    )


def written(name: str, label: str, value: str) -> dashboard_builders.TextBoxVariable:
    """Text that the viewer writes, such as a time zone."""
    return (
        dashboard_builders.TextBoxVariable(name)
        .label(label)
        .default_value(value)
        .current(dashboard.VariableOption(text=value, value=value))
    )


def tenant(sql: str) -> dashboard_builders.QueryVariable:
    """Whose figures; every dashboard calls this variable the same, so that links carry it."""
    return choice("tenant", "Tenant", sql)
