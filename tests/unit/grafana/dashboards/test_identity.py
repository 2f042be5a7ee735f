from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from millrace.grafana import palette
from millrace.grafana.dashboards.identity import UID
from millrace.grafana.generated import dashboards
from millrace.schemas.catalogue_files import load_catalogue

BOARD = dashboards()[UID]
CATALOGUE = load_catalogue()
#: What stands beside a column `name`: these are the events that a query asks for.
ASKED = re.compile(r"\bname (?:=|IN) (\([^()]*\)|'[^']*')|(?:startsWith|endsWith)\(name, ('[^']*')")
LITERAL = re.compile(r"'([^']*)'")


def panels() -> Iterator[Mapping[str, Any]]:
    for panel in BOARD["panels"]:
        yield panel
        yield from panel.get("panels", [])


def panel(title: str) -> Mapping[str, Any]:
    [found] = (one for one in panels() if one.get("title") == title and one["type"] != "row")
    return found


def rows() -> list[Mapping[str, Any]]:
    return [one for one in BOARD["panels"] if one["type"] == "row"]


def queries() -> Iterator[tuple[str, str]]:
    for one in panels():
        for target in one.get("targets", []):
            yield one["title"], target["rawSql"]
    for variable in BOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["query"]["rawSql"]


def asked(sql: str) -> set[str]:
    return {
        name
        for found in ASKED.finditer(sql)
        for name in LITERAL.findall(found[1] or found[2])
        if "{" not in name
    }


def override(one: Mapping[str, Any], name: str, property_id: str) -> Any:
    found = [
        entry["value"]
        for matched in one["fieldConfig"]["overrides"]
        if matched["matcher"]["options"] == name
        for entry in matched["properties"]
        if entry["id"] == property_id
    ]
    [value] = found
    return value


def steps(title: str) -> list[tuple[float | None, str]]:
    found = panel(title)["fieldConfig"]["defaults"]["thresholds"]["steps"]
    return [(step["value"], step["color"]) for step in found]


def live(name: str) -> bool:
    declared = CATALOGUE.resolve("default", name)[1]
    return declared is not None and declared.status == "live"


@pytest.mark.requirement("IDENT-30")
def test_only_live_names_and_those_of_users_are_asked_for() -> None:
    seen: set[str] = set()
    for title, sql in queries():
        for name in asked(sql):
            part = name in {"user.", "millrace.", "oidc.", ".request.count", ".latency_ms"}
            assert part or live(name), f"{title} asks for {name}"
            seen.add(name)
    wanted = {
        name for name in CATALOGUE.namespaces["identity"].events if not name.startswith("identity.")
    }
    assert len(seen & wanted) >= 40


@pytest.mark.requirement("IDENT-14", "IDENT-30")
def test_what_is_not_live_is_named_only_as_derived() -> None:
    statuses = {
        name: declared.status for name, declared in CATALOGUE.namespaces["identity"].events.items()
    }
    derived = {name for name, status in statuses.items() if status == "derived"}
    for title, sql in queries():
        silent = {name for name in LITERAL.findall(sql) if statuses.get(name, "live") != "live"}
        assert silent == (derived if title == "Derived Metrics" else set()), title


def test_a_query_that_reads_rollups_says_which_events() -> None:
    for title, sql in queries():
        if "FROM rollups" in sql or "FROM events" in sql:
            assert asked(sql), title


@pytest.mark.requirement("IDENT-31")
def test_four_periods_in_the_address() -> None:
    assert [
        (one["display"], one["from"], one["to"]) for one in BOARD["timepicker"]["quick_ranges"]
    ] == [
        ("Last 24 Hours", "now-24h", "now"),
        ("Last 7 Days", "now-7d", "now"),
        ("Last 30 Days", "now-30d", "now"),
        ("Last 12 Months", "now-12M", "now"),
    ]
    assert BOARD["time"] == {"from": "now-24h", "to": "now"}
    for title, sql in queries():
        assert re.search(r"\$__(fromTime|toTime|timeFilter)", sql), title
    # No panel has a range of its own.
    assert not any(one.get("timeFrom") or one.get("timeShift") for one in panels())


@pytest.mark.requirement("IDENT-33")
def test_it_refreshes_every_fifteen_seconds() -> None:
    assert BOARD["refresh"] == "15s"
    assert "15s" in BOARD["timepicker"]["refresh_intervals"]


@pytest.mark.requirement("IDENT-35")
def test_the_order_of_the_page() -> None:
    sketched = [row["title"] for row in rows() if not row["collapsed"]]
    assert sketched[:6] == [
        "Quick Stats",
        "Quick Actions",
        "Authentication Activity and Authorization Health",
        "Recent Sign-Ins",
        "Pipeline Executions and Webhook Reliability",
        "Admin Activity",
    ]
    assert sketched[6:11] == [
        "OIDC & OAuth Health",
        "API Key Usage",
        "Email Delivery",
        "JWKS Health",
        "User-Defined Metrics",
    ]
    below = [row["gridPos"]["y"] for row in rows()]
    assert below == sorted(below)
    left, right = panel("Authentication Activity"), panel("Authorization Health")
    assert (left["gridPos"]["x"], right["gridPos"]["x"]) == (0, 12)
    assert left["gridPos"]["y"] == right["gridPos"]["y"]


@pytest.mark.requirement("IDENT-36")
def test_quick_stats_read_the_state_of_things() -> None:
    titles = ("Total Users", "OAuth Clients", "Active Sessions", "JWKS Health")
    assert [panel(title)["gridPos"]["x"] for title in titles] == [0, 6, 12, 18]
    for title in titles:
        sql = panel(title)["targets"][0]["rawSql"]
        assert re.findall(r"FROM (users|oauth_clients|sessions|signing_keys)\b", sql), title
        assert "rollup" not in sql


@pytest.mark.requirement("IDENT-37")
def test_three_actions_at_the_address_that_an_operator_writes() -> None:
    [text] = (one for one in panels() if one["type"] == "text")
    links = re.findall(r"\[([^]]+)\]\(([^)]+)\)", text["options"]["content"])
    assert links == [
        ("Create User", "${admin}/users/new"),
        ("Register Client", "${admin}/clients/new"),
        ("Rotate JWKS", "${admin}/keys/rotate"),
    ]
    [admin] = (one for one in BOARD["templating"]["list"] if one["name"] == "admin")
    assert (admin["type"], admin["query"]) == ("textbox", "/admin")


@pytest.mark.requirement("IDENT-39", "IDENT-40", "IDENT-43", "IDENT-46", "IDENT-50")
@pytest.mark.parametrize(
    ("title", "colors"),
    [
        (
            "Authentication Activity",
            {
                "Successful Logins": "#22c55e",
                "Failed Logins": "#ef4444",
                "New Registrations": "#3b82f6",
                "Sessions Created": "#a855f7",
            },
        ),
        (
            "Authorization Health",
            {"Allowed": "#22c55e", "Denied": palette.DENIED, "Errors": "#ef4444"},
        ),
        ("Webhook Reliability", {"Successful": "#22c55e", "Failed": "#ef4444"}),
        ("Email Delivery", {"Sent": "#22c55e", "Failed": "#ef4444", "Rate Limited": "#eab308"}),
    ],
)
def test_series_have_the_colours_of_their_meaning(title: str, colors: Mapping[str, str]) -> None:
    one = panel(title)
    columns = re.findall(r"AS `([^`]+)`", one["targets"][0]["rawSql"])
    assert columns == list(colors)
    for name, color in colors.items():
        assert override(one, name, "color") == {"mode": "fixed", "fixedColor": color}


@pytest.mark.requirement("IDENT-39", "IDENT-40", "IDENT-43", "IDENT-44", "IDENT-46")
def test_how_panels_are_drawn() -> None:
    for title in ("Authentication Activity", "Email Delivery"):
        defaults = panel(title)["fieldConfig"]["defaults"]
        assert defaults["custom"]["stacking"]["mode"] == "normal"
        assert defaults["custom"]["fillOpacity"] > 0
        # Exact counts: neither thousands nor decimals are shortened.
        assert (defaults["unit"], defaults["decimals"]) == ("none", 0)
        assert panel(title)["options"]["tooltip"]["mode"] == "multi"
    bars = panel("Authorization Health")
    assert bars["fieldConfig"]["defaults"]["custom"]["drawStyle"] == "bars"
    assert bars["fieldConfig"]["defaults"]["custom"].get("stacking") is None
    sides = [override(bars, name, "custom.barAlignment") for name in ("Allowed", "Denied")]
    assert sides == [-1, 1]
    assert panel("Webhook Reliability")["options"]["pieType"] == "donut"
    assert panel("OIDC & OAuth Health")["options"]["orientation"] == "horizontal"
    second = {row["title"]: row["panels"] for row in rows() if row["collapsed"]}
    assert [one["title"] for one in second["Authorization Health: Checks"]] == [
        "Check Duration",
        "Traversal Depth",
        "Subjects Expanded",
    ]
    assert len(second["OIDC & OAuth Errors"]) == 3


@pytest.mark.requirement("IDENT-42")
def test_one_waiting_request_is_an_alarm() -> None:
    assert steps("Pool Waiting") == [(None, palette.SUCCESS), (1, palette.ERROR)]


@pytest.mark.requirement("IDENT-47")
def test_a_key_grows_old_at_25_and_30_days() -> None:
    for title in ("JWKS Health", "Signing Key"):
        assert steps(title) == [
            (None, palette.SUCCESS),
            (25, palette.WARNING),
            (30, palette.ERROR),
        ]
        assert panel(title)["options"]["textMode"] == "value_and_name"
        assert override(panel(title), "Key Age", "displayName") == "Key Age:"
        assert override(panel(title), "Key Age", "unit") == "suffix:days"


@pytest.mark.requirement("IDENT-48")
def test_the_words_of_the_admin_log() -> None:
    [mapping] = override(panel("Admin Activity"), "Action", "mappings")
    assert {name: shown["text"] for name, shown in mapping["options"].items()} == {
        "admin.session.revoke": "Admin revoked session",
        "admin.permission_request.approve.count": "Request approved",
        "admin.permission_request.reject.count": "Request rejected",
        "admin.policy.change.count": "Auth model updated",
        "admin.pipeline.graph.save.count": "Pipeline saved",
        "admin.pipeline.secret.rotate.count": "Secret rotated",
    }
    assert asked(panel("Admin Activity")["targets"][0]["rawSql"]) == set(mapping["options"])


@pytest.mark.requirement("IDENT-49", "IDENT-50")
def test_user_metrics_are_a_plain_chart_of_one_chosen_name() -> None:
    one = panel("User-Defined Metrics")
    assert one["fieldConfig"]["defaults"]["color"]["fixedColor"] == "#8884d8"
    # A row of the grid is 30 pixels and 8 between them.
    assert abs(one["gridPos"]["h"] * 38 - 8 - 300) <= 8
    [variable] = (one for one in BOARD["templating"]["list"] if one["name"] == "user_metric")
    assert (variable["multi"], variable["includeAll"]) == (False, False)


@pytest.mark.requirement("IDENT-63")
def test_system_health_shows_latency_storage_the_pool_keys_and_both_services() -> None:
    top = next(row["gridPos"]["y"] for row in rows() if row["title"] == "System Health")
    shown = [one["title"] for one in panels() if one["gridPos"]["y"] == top + 1]
    assert shown == [
        "API Latency",
        "Storage Time",
        "Most Waiting",
        "Key Age",
        "Resend Failures",
        "QStash Failures",
    ]
