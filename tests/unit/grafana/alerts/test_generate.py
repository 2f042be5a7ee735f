"""The provisioning files have what Grafana reads from them, and nothing that it would leave out."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from grafana_foundation_sdk.models import expr

from millrace.grafana import translate
from millrace.grafana.alerts import generate
from millrace.grafana.alerts.groups import GROUPS
from millrace.grafana.clickhouse_query import PROVISIONED_UID
from millrace.grafana.generated import FOLDER, alerts, dashboards

RULES = alerts()
EVERY = pytest.mark.parametrize("uid", sorted(RULES))
#: What Grafana's reader of rule files knows of (AlertRuleV1, QueryV1).
RULE_KEYS = {
    "uid",
    "title",
    "condition",
    "data",
    "dashboardUid",
    "panelId",
    "noDataState",
    "execErrState",
    "for",
    "keepFiringFor",
    "annotations",
    "labels",
    "isPaused",
}
QUERY_KEYS = {"refId", "relativeTimeRange", "datasourceUid", "model"}


def groups(language: str) -> list[dict[str, Any]]:
    files = sorted((FOLDER / "alerts" / language).iterdir())
    return [group for file in files for group in json.loads(file.read_text())["groups"]]


def minutes(text: str) -> int:
    found = re.fullmatch(r"(\d+)m", text)
    assert found, text
    return int(found[1])


@pytest.mark.parametrize("language", translate.LANGUAGES)
def test_groups_have_a_folder_and_an_interval(language: str) -> None:
    found = groups(language)
    assert {group["name"] for group in found} == {group.name for group in GROUPS}
    for group in found:
        assert group["folder"] == generate.FOLDER
        assert re.fullmatch(r"\d+s", group["interval"])
        assert group["orgId"] == 1


def test_uids_and_titles_are_unique_and_short_enough() -> None:
    everything = [rule for group in groups("en") for rule in group["rules"]]
    for key, length in (("uid", 40), ("title", 190)):
        values = [rule[key] for rule in everything]
        assert len(set(values)) == len(values)
        assert max(map(len, values)) <= length
    assert all(re.fullmatch(r"[a-z0-9-]+", rule["uid"]) for rule in everything)


@pytest.mark.parametrize("group", groups("en"), ids=lambda group: str(group["name"]))
def test_a_rule_waits_for_two_evaluations_and_goes_on_for_a_while(group: dict[str, Any]) -> None:
    interval = int(group["interval"].removesuffix("s"))
    for rule in group["rules"]:
        assert minutes(rule["for"]) * 60 >= 2 * interval, rule["uid"]
        assert 5 <= minutes(rule["keepFiringFor"]) <= 15, rule["uid"]


@EVERY
def test_a_rule_has_the_keys_that_grafana_reads(uid: str) -> None:
    rule = RULES[uid]
    assert set(rule) == RULE_KEYS
    assert rule["noDataState"] in {"OK", "Alerting", "NoData"}
    assert rule["execErrState"] in {"Alerting", "KeepLast"}
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["labels"]["team"]
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    query, threshold = rule["data"]
    for entry, source in ((query, PROVISIONED_UID), (threshold, "__expr__")):
        assert set(entry) == QUERY_KEYS
        assert entry["datasourceUid"] == entry["model"]["datasource"]["uid"] == source
        assert entry["relativeTimeRange"]["from"] > entry["relativeTimeRange"]["to"] == 0
        assert entry["refId"] == entry["model"]["refId"]
    assert rule["condition"] == threshold["refId"]


@EVERY
def test_the_query_is_a_table_and_the_threshold_reads_it(uid: str) -> None:
    query, threshold = (entry["model"] for entry in RULES[uid]["data"])
    assert (query["format"], query["queryType"], query["editorType"]) == (1, "table", "sql")
    assert threshold["expression"] == query["refId"]
    read = expr.TypeThreshold.from_json(threshold)
    (condition,) = read.conditions
    assert condition.evaluator.type_val in {"gt", "gte", "lt"}
    assert len(condition.evaluator.params) == 1


@EVERY
def test_the_panel_is_there(uid: str) -> None:
    rule = RULES[uid]
    board = dashboards()[rule["dashboardUid"]]
    ids = [
        inner["id"]
        for panel in board["panels"]
        for inner in (panel, *panel.get("panels", []))
        if inner["type"] != "row"
    ]
    assert rule["panelId"] in ids


@EVERY
def test_the_sql_needs_no_browser_and_no_clock(uid: str) -> None:
    sql = RULES[uid]["data"][0]["model"]["rawSql"]
    assert not re.search(r"\$\{|\$(?!__)\w|conditionalAll|adHocFilters|\bnow\(|\btoday\(", sql)
    assert not re.search(r"@|\{\{", sql)
    assert "$__timeFilter(" in sql
    grouped = "GROUP BY" in sql.rsplit("FROM", 1)[-1] and " AS Value" in sql.split("FROM")[0]
    labelled = re.search(r"AS (?:tenant|topic|table|disk|source)\b|SELECT tenant", sql)
    assert "LIMIT 100" in sql or not (grouped and labelled)


@EVERY
def test_only_the_runbooks_address_holds_a_dollar(uid: str) -> None:
    rule = RULES[uid]
    texts = [rule["title"], *rule["labels"].values(), *rule["annotations"].values()]
    held = {found for text in texts for found in re.findall(r"\$\S*", text)}
    assert held == {f"{generate.RUNBOOKS}/{runbook(uid)}"}
    assert rule["annotations"]["runbook_url"] == f"{generate.RUNBOOKS}/{runbook(uid)}"


def runbook(uid: str) -> str:
    return uid.removeprefix("millrace-").rpartition("-")[0] + ".md"


@EVERY
def test_the_summary_says_the_value_and_names_only_labels_of_the_query(uid: str) -> None:
    summary, sql = (
        RULES[uid]["annotations"]["summary"],
        RULES[uid]["data"][0]["model"]["rawSql"],
    )
    assert ".Values.A" in summary
    for label in re.findall(r"\.Labels\.(\w+)", summary):
        assert re.search(rf"AS {label}\b|SELECT {label}\b|{label},", sql), label
    assert summary.count("{{") == summary.count("}}")


@EVERY
def test_a_rule_that_may_speak_without_a_value_has_words_for_it(uid: str) -> None:
    rule = RULES[uid]
    if rule["noDataState"] != "OK" or rule["execErrState"] == "Alerting":
        assert "{{ with .Values.A }}" in rule["annotations"]["summary"]
        assert ".Values.A.Value" not in rule["annotations"]["summary"]
        assert "{{ else }}" in rule["annotations"]["summary"]


@EVERY
def test_the_languages_differ_in_words_alone(uid: str) -> None:
    english, polish = RULES[uid], alerts("pl")[uid]
    for key in ("summary", "description"):
        templates = [
            sorted(re.findall(r"\{\{.*?\}\}", rule["annotations"][key]))
            for rule in (english, polish)
        ]
        assert templates[0] == templates[1]
        assert english["annotations"][key] != polish["annotations"][key]
    words = {"title", "annotations"}
    assert {k: v for k, v in english.items() if k not in words} == {
        k: v for k, v in polish.items() if k not in words
    }


def test_a_panel_that_is_not_there_is_named() -> None:
    board = {"panels": [{"type": "stat", "id": 3, "title": "Lag"}]}
    assert generate.panel_id({"b": board}, "b", "Lag") == 3
    with pytest.raises(LookupError, match=r"'Delay' of b, which has Lag"):
        generate.panel_id({"b": board}, "b", "Delay")
    with pytest.raises(LookupError, match="which has no panel"):
        generate.panel_id({}, "b", "Lag")


def test_a_panel_in_a_shut_row_is_found() -> None:
    row = {"type": "row", "id": 100, "title": "Lag", "panels": [{"type": "stat", "id": 4}]}
    row["panels"][0]["title"] = "Lag"  # type: ignore[index]
    assert generate.panel_id({"b": {"panels": [row]}}, "b", "Lag") == 4
