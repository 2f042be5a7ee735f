"""The committed JSON is what the code makes, and the SDK reads it back without loss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog import plugins

from millrace.grafana import clickhouse_query, generate
from millrace.grafana.dashboards.pipeline_overview import UID
from millrace.grafana.foundation import dashboard, encoder
from millrace.grafana.generated import FOLDER, dashboards
from millrace.grafana.registry import DASHBOARDS
from millrace.grafana.sql_files import QUERIES


@pytest.mark.drift
def test_the_committed_files_are_fresh() -> None:
    assert list(generate.drift()) == []


def test_building_twice_gives_the_same_text() -> None:
    assert generate.render() == generate.render()


def test_drift_names_each_file_at_fault_and_writing_mends_it(tmp_path: Path) -> None:
    generate.write(tmp_path)
    changed = tmp_path / f"{UID}.json"
    changed.write_text(changed.read_text().replace("evt", "x").replace("10s", "11s"))
    (tmp_path / "old.json").write_text("{}")
    faults = [fault.split(" ")[0] for fault in generate.drift(tmp_path)]
    assert faults == [f"{UID}.json", "old.json"]
    assert generate.write(tmp_path) == [f"{UID}.json", "old.json"]
    assert list(generate.drift(tmp_path)) == []
    changed.unlink()
    assert "is missing" in next(generate.drift(tmp_path))


def test_every_dashboard_is_committed_under_its_uid() -> None:
    assert set(dashboards()) == set(DASHBOARDS)
    assert {path.stem for path in FOLDER.glob("*.json")} == set(DASHBOARDS)


def test_every_sql_file_is_in_a_dashboard() -> None:
    used = json.dumps(dashboards())
    for path in QUERIES.rglob("*.sql"):
        assert json.dumps(path.read_text().strip())[1:-1] in used, path


def _without_placement(value: Any) -> Any:
    """Reading puts the SDK's own default back, which is not in the file."""
    if isinstance(value, dict):
        return {k: _without_placement(v) for k, v in value.items() if k != "placement"}
    return [_without_placement(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("uid", sorted(DASHBOARDS))
def test_the_sdk_reads_the_file_back(uid: str) -> None:
    plugins.register_default_plugins()
    clickhouse_query.register()
    text = (FOLDER / f"{uid}.json").read_text()
    again = encoder.JSONEncoder().encode(dashboard.Dashboard.from_json(json.loads(text)))
    assert _without_placement(json.loads(again)) == _without_placement(json.loads(text))


def test_a_misspelt_key_does_not_survive_the_round_trip() -> None:
    plugins.register_default_plugins()
    clickhouse_query.register()
    board = json.loads((FOLDER / f"{UID}.json").read_text())
    panel = next(panel for panel in board["panels"] if panel["type"] == "timeseries")
    panel["options"]["legnd"] = panel["options"].pop("legend")
    again = encoder.JSONEncoder().encode(dashboard.Dashboard.from_json(board))
    assert "legnd" not in again


def test_the_query_has_the_plugins_shape() -> None:
    target = dashboards()[UID]["panels"][1]["targets"][0]
    assert target["datasource"] == {"type": "grafana-clickhouse-datasource", "uid": "${datasource}"}
    assert (target["format"], target["queryType"], target["editorType"]) == (0, "timeseries", "sql")
    assert target["pluginVersion"] >= "4.0.0"
