"""The ClickHouse plugin's query in the shape that Grafana stores; the Foundation SDK has none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from millrace.grafana.clickhouse_shape import Shape
from millrace.grafana.foundation import builder, common, runtime, variants

PLUGIN = "grafana-clickhouse-datasource"
#: Without it, or below 4, the plugin takes the query for an older form and rewrites it.
PLUGIN_VERSION = "4.20.0"
#: The uid of the data source that deploy/grafana provisions.
PROVISIONED_UID = "millrace-clickhouse"
DATASOURCE = common.DataSourceRef(type_val=PLUGIN, uid="${datasource}")


class ClickHouseQuery(variants.Dataquery):
    """One entry of a panel's ``targets``."""

    def __init__(self, sql: str, shape: Shape, ref_id: str) -> None:
        self.sql = sql
        self.shape = shape
        self.ref_id = ref_id

    def to_json(self) -> dict[str, object]:
        """Return the plugin's own form."""
        return {
            "datasource": DATASOURCE,
            "editorType": "sql",
            "format": int(self.shape),
            "meta": {},
            "pluginVersion": PLUGIN_VERSION,
            "queryType": self.shape.name.lower(),
            "rawSql": self.sql,
            "refId": self.ref_id,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read the plugin's own form; raises KeyError or ValueError on another one."""
        return cls(data["rawSql"], Shape(data["format"]), data["refId"])


class Query(builder.Builder[ClickHouseQuery]):
    """What a panel's ``with_target`` takes."""

    def __init__(self, sql: str, shape: Shape, ref_id: str = "A") -> None:
        self._query = ClickHouseQuery(sql, shape, ref_id)

    def build(self) -> ClickHouseQuery:
        """Return the query."""
        return self._query


def register() -> None:
    """Let the SDK read ClickHouse queries back from JSON."""
    runtime.register_dataquery_variant(
        runtime.DataqueryConfig(identifier=PLUGIN, from_json_hook=ClickHouseQuery.from_json)
    )
