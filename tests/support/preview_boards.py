"""Small dashboards that use everything the preview page can do, and a store that answers them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from millrace.schemas.errors import StoreError

Json = dict[str, Any]
SOURCE = {"type": "grafana-clickhouse-datasource", "uid": "${datasource}"}
MINUTE = 60_000


def target(sql: str, shape: int) -> Json:
    return {"datasource": SOURCE, "format": shape, "rawSql": sql, "refId": "A"}


def panel(number: int, kind: str, title: str, place: Sequence[int], sql: str, **more: Any) -> Json:
    x, y, w, h = place
    series = kind == "timeseries"
    defaults = {
        "noValue": "Nothing here",
        "thresholds": {"mode": "absolute", "steps": [{"color": "#3b82f6", "value": None}]},
        "unit": "short",
        **more.pop("defaults", {}),
    }
    reduce = {"calcs": ["lastNotNull"], "fields": "", "values": more.pop("values", False)}
    legend = {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True}
    options = {"legend": legend, "reduceOptions": reduce, **more.pop("options", {})}
    return {
        "id": number,
        "type": kind,
        "title": title,
        "description": f"What {title} says.",
        "gridPos": {"x": x, "y": y, "w": w, "h": h},
        "targets": [target(sql, 0 if series else 1)],
        "fieldConfig": {"defaults": defaults, "overrides": more.pop("overrides", [])},
        "options": options,
        **more,
    }


def row(number: int, title: str, y: int, panels: Sequence[Json] = ()) -> Json:
    place = {"x": 0, "y": y, "w": 24, "h": 1}
    shut = bool(panels)
    return {"id": number, "type": "row", "title": title, "gridPos": place, "collapsed": shut,
            "panels": list(panels)}  # fmt: skip


def variable(name: str, kind: str, query: str, current: Any, **more: Any) -> Json:
    asked: Any = {"rawSql": query, "refId": name} if kind == "query" else query
    return {"name": name, "type": kind, "label": name.title(), "query": asked,
            "current": {"value": current}, "multi": False, "includeAll": False, **more}  # fmt: skip


def board(uid: str, title: str, panels: Sequence[Json], variables: Sequence[Json]) -> Json:
    source = {"name": "datasource", "type": "datasource", "query": "clickhouse", "current": {}}
    return {
        "uid": uid,
        "title": title,
        "description": f"About {title}.",
        "time": {"from": "now-1h", "to": "now"},
        "timepicker": {
            "quick_ranges": [
                {"display": "Last 15 minutes", "from": "now-15m", "to": "now"},
                {"display": "Last 1 hour", "from": "now-1h", "to": "now"},
                {"display": "Last 24 hours", "from": "now-24h", "to": "now"},
            ],
            "refresh_intervals": ["10s", "1m"],
        },
        "refresh": "",
        "graphTooltip": 1,
        "links": [
            {"type": "dashboards", "title": "All", "tags": ["shop"]},
            {"type": "link", "title": "To the detail", "tooltip": "One", "url": "/d/detail"},
        ],
        "annotations": {"list": [{"name": "Deploys", "target": target("SELECT deploys", 1)}]},
        "templating": {"list": [source, *variables]},
        "panels": list(panels),
    }


def override(name: str, **properties: Any) -> Json:
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [
            {"id": key.replace("__", "."), "value": value} for key, value in properties.items()
        ],
    }


def link(title: str, url: str) -> list[Json]:
    return [{"title": title, "url": url, "targetBlank": False}]


TENANT = variable("tenant", "query", "SELECT tenants", ["$__all"], multi=True, includeAll=True)
PRODUCT = variable(
    "product",
    "query",
    "SELECT products WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)",
    "",
)
SHOP = (
    TENANT,
    PRODUCT,
    variable("order", "custom", "By name : name, By size : size", "name"),
    variable("note", "textbox", "", ""),
    variable("secret", "custom", "on,off", "on", hide=2),
)
BY_TENANT = "WHERE $__conditionalAll(tenant IN (${tenant:singlequote}), $tenant)"
DETAIL = '/d/detail?${__url_time_range}&var-product=${__data.fields["product"]}'
OF_TENANT = "/d/detail?${__url_time_range}&${tenant:queryparam}"
CHOSEN = "${order:singlequote} ${note:singlequote} ${secret:singlequote}"
OVER_TIME = f"SELECT orders_over_time $__interval_s {CHOSEN}"
FINE = {"text": "fine", "color": "#22c55e", "index": 0}
OF_ALL = "/d/detail?${__url_time_range}&${__all_variables}"
WORDS = f"# Read me\n\n- one\n- **two**\n\nSee [details]({OF_ALL}) <b>not bold</b>"
PANELS = (
    row(100, "Now", 0),
    panel(1, "stat", "Orders", (0, 1, 6, 5), f"SELECT orders {BY_TENANT}",
          defaults={"links": link("Details", OF_TENANT)}),
    panel(2, "bargauge", "Stock of ${product}", (6, 1, 6, 5), "SELECT stock", values=True,
          defaults={"min": 0}, options={"orientation": "horizontal", "displayMode": "basic"}),
    panel(3, "piechart", "Outcome", (12, 1, 6, 5), "SELECT outcome",
          options={"pieType": "donut", "legend": {"showLegend": True, "placement": "right",
                   "displayMode": "table", "values": ["value", "percent"]}},
          overrides=[override("Sent", color={"mode": "fixed", "fixedColor": "#22c55e"}),
                     override("Failed", color={"mode": "fixed", "fixedColor": "#ef4444"})]),
    {"id": 4, "type": "text", "title": "Words", "gridPos": {"x": 18, "y": 1, "w": 6, "h": 5},
     "options": {"mode": "markdown", "content": WORDS}},
    row(101, "Over time", 6),
    panel(5, "timeseries", "Orders over time", (0, 7, 12, 8),
          OVER_TIME,
          defaults={"min": 0, "links": link("Of ${__field.labels.product}",
                    "/d/detail?var-product=${__field.labels.product}"),
                    "custom": {"drawStyle": "bars", "fillOpacity": 80, "axisLabel": "orders",
                               "stacking": {"mode": "normal", "group": "A"}}}),
    panel(6, "table", "Products", (12, 7, 12, 8), "SELECT product_list",
          overrides=[override("product", links=link("Details", DETAIL), custom__width=180),
                     override("id", custom__hidden=True),
                     override("share", unit="percentunit", min=0, max=1,
                              custom__cellOptions={"type": "gauge", "mode": "basic"}),
                     override("state", custom__cellOptions={"type": "color-text"},
                              mappings=[{"type": "value", "options": {"1": FINE}}])],
          options={"showHeader": True}),
    panel(7, "stat", "Nothing", (0, 15, 12, 4), "SELECT nothing"),
    panel(8, "stat", "Failing", (12, 15, 12, 4), "SELECT failing"),
    row(102, "Details", 19, [
        panel(9, "stat", "Inside", (0, 20, 12, 4), "SELECT inside"),
        panel(10, "timeseries", "Inside over time", (12, 20, 12, 8), "SELECT orders_over_time"),
    ]),
    row(103, "Last", 20),
    panel(11, "stat", "Below", (0, 21, 24, 4), "SELECT inside"),
)  # fmt: skip

_POLISH = {"Shop": "Sklep", "Orders": "Zamówienia", "Detail": "Szczegóły", "Nothing here": "Nic tu"}


def boards(language: str = "en") -> Mapping[str, Json]:
    """The dashboards by uid, in either language."""
    of_detail = variable("product", "query", "SELECT products", "")
    detail = panel(
        1,
        "stat",
        "Product ${product}",
        (0, 0, 24, 8),
        "SELECT one ${product:singlequote}",
        options={"reduceOptions": {"calcs": ["lastNotNull"], "fields": "/.*/", "values": False}},
    )
    listed = [board("shop", "Shop", PANELS, SHOP), board("detail", "Detail", [detail], [of_detail])]
    text = json.dumps(listed, ensure_ascii=False)
    if language == "pl":
        for english, polish in _POLISH.items():
            text = text.replace(f'"{english}"', f'"{polish}"')
    return {one["uid"]: one for one in json.loads(text)}


class ShopStore:
    """Answers every query of the dashboards and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False
        self.something = False

    def __call__(self, sql: str) -> bytes:
        self.asked.append(sql)
        if self.away:
            raise StoreError("The store did not answer and may not have done: answer a query")
        found = re.match(r"SELECT (\w+)", sql)
        assert found is not None
        if found[1] == "failing":
            raise StoreError("Unknown table failing\nStack trace")
        rows: bytes = getattr(self, found[1])(sql)
        return rows

    def asked_for(self, name: str) -> list[str]:
        return [sql for sql in self.asked if sql.startswith(f"SELECT {name}")]

    def tenants(self, _sql: str) -> bytes:
        return answer([("tenant", "String")], [["acme"], ["default"]])

    def products(self, sql: str) -> bytes:
        columns = [("id", "String"), ("name", "String")]
        rows = [["mill", "Mill"], ["race", "Race & wheel"]]
        return answer(columns, rows[1:] if "acme" in sql else rows)

    def orders(self, sql: str) -> bytes:
        return answer([("orders", "UInt64")], [[7 if "acme" in sql else 1234]])

    def stock(self, _sql: str) -> bytes:
        return answer([("product", "String"), ("stock", "UInt64")], [["mill", 3], ["race", 9]])

    def outcome(self, _sql: str) -> bytes:
        return answer([("Sent", "UInt64"), ("Failed", "UInt64")], [[90, 10]])

    def orders_over_time(self, _sql: str) -> bytes:
        columns = [("time", "DateTime"), ("product", "String"), ("Value", "Float64")]
        times = [f"2026-11-20 12:{minute:02}:00" for minute in range(30)]
        return answer(
            columns, [[time, name, minute + 1.0] for minute, time in enumerate(times)
                      for name in ("mill", "race & wheel")]
        )  # fmt: skip

    def product_list(self, _sql: str) -> bytes:
        columns = [("id", "UInt64"), ("product", "String"), ("orders", "UInt64"),
                   ("share", "Float64"), ("state", "UInt8")]  # fmt: skip
        return answer(columns, [[1, "mill", 30, 0.3, 1], [2, "race & wheel", 70, 0.7, 1]])

    def nothing(self, _sql: str) -> bytes:
        return answer([("n", "UInt64")], [[42]] if self.something else [])

    def inside(self, _sql: str) -> bytes:
        return answer([("n", "UInt64")], [[5]])

    def one(self, sql: str) -> bytes:
        return answer([("n", "String")], [[sql.partition("'")[2].partition("'")[0]]])

    def deploys(self, _sql: str) -> bytes:
        columns = [("time", "DateTime"), ("timeEnd", "DateTime"), ("text", "String")]
        return answer(columns, [["2026-11-20 12:10:00", "2026-11-20 12:12:00", "new"]])


def answer(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]]) -> bytes:
    """Write the rows as ClickHouse's JSONCompact does."""
    meta = [{"name": name, "type": kind} for name, kind in columns]
    return json.dumps({"meta": meta, "data": rows}).encode()
