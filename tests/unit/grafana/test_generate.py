"""The committed JSON is what the code makes, and the SDK reads it back without loss."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog import plugins

from millrace.grafana import clickhouse_query, generate, lint, translate
from millrace.grafana.dashboards.pipeline_overview import UID
from millrace.grafana.foundation import dashboard, encoder
from millrace.grafana.generated import FOLDER, dashboards
from millrace.grafana.registry import DASHBOARDS
from millrace.grafana.sql_files import QUERIES, SHARED, sql


@pytest.mark.drift
def test_the_committed_files_are_fresh() -> None:
    assert list(generate.drift()) == []


def test_building_twice_gives_the_same_text() -> None:
    assert generate.render() == generate.render()


def test_drift_names_each_file_at_fault_and_writing_mends_it(tmp_path: Path) -> None:
    generate.write(tmp_path)
    changed = tmp_path / "pl" / f"{UID}.json"
    changed.write_text(changed.read_text().replace("10s", "11s"))
    (tmp_path / "en" / "old.json").write_text("{}")
    names = ["en/old.json", f"pl/{UID}.json"]
    assert sorted(_at_fault(tmp_path)) == names
    assert sorted(generate.write(tmp_path)) == names
    assert _at_fault(tmp_path) == []
    changed.unlink()
    assert "is missing" in next(generate.drift(tmp_path))


def _at_fault(folder: Path) -> list[str]:
    files = (fault.split(" ")[0] for fault in generate.drift(folder))
    return [name for name in files if name.endswith(".json")]


def test_what_lacks_a_translation_is_named_and_the_rest_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = dict(translate.texts("pl"))
    del known["Flush time"]
    monkeypatch.setattr(translate, "texts", lambda language: known)
    with pytest.raises(translate.TextError, match=f"pl/{UID}: .*'Flush time'"):
        generate.write(tmp_path)
    assert (tmp_path / "en" / f"{UID}.json").exists()
    assert not (tmp_path / "pl" / f"{UID}.json").exists()
    assert (tmp_path / "pl" / "millrace-home.json").exists()
    with pytest.raises(translate.TextError, match="Flush time"):
        generate.render()
    assert any("'Flush time'" in fault for fault in generate.drift(tmp_path))


def test_a_text_that_nothing_says_any_more_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {**translate.texts("pl"), "Gone since": "Dawno"}
    monkeypatch.setattr(translate, "texts", lambda language: known)
    assert [fault for fault in generate.unused_texts() if "'Gone since'" in fault] == [
        "pl: nothing says 'Gone since' any more; remove its translation"
    ]


@pytest.mark.parametrize("language", translate.LANGUAGES)
def test_every_dashboard_is_committed_under_its_uid(language: str) -> None:
    assert set(dashboards(language)) == set(DASHBOARDS)
    assert {path.stem for path in (FOLDER / language).glob("*.json")} == set(DASHBOARDS)


@pytest.mark.requirement("METRIC-70", "METRIC-71")
def test_both_languages_have_the_same_panels_and_no_english_is_left_over() -> None:
    for uid, board in dashboards("en").items():
        other = dashboards("pl")[uid]
        both = zip(lint.panels(board), lint.panels(other), strict=True)
        for panel, translated in both:
            assert translated["id"] == panel["id"]
            assert translated["gridPos"] == panel["gridPos"]
            assert bool(translated.get("description")) == bool(panel.get("description"))
            if panel.get("description"):
                assert translated["description"] != panel["description"]


def _is_shown(path: Path, everything: str, shared: str) -> bool:
    """A query is in a dashboard; a fragment is named by another file."""
    text = translate.translated({"rawSql": sql(path.parent.name, path.stem)}, None)["rawSql"]
    if json.dumps(text, ensure_ascii=False)[1:-1] in everything:
        return True
    named = shared if path.parent.name == SHARED else _sources(path.parent)
    return re.search(rf"@{path.stem}\b", named) is not None


def _sources(folder: Path) -> str:
    return "\n".join(path.read_text() for path in sorted(folder.rglob("*.sql")))


def test_every_sql_file_is_in_a_dashboard() -> None:
    everything = json.dumps(dashboards(), ensure_ascii=False)
    shared = _sources(QUERIES) + _sources(QUERIES.parent / "alerts" / "queries")
    assert [
        path for path in sorted(QUERIES.rglob("*.sql")) if not _is_shown(path, everything, shared)
    ] == []


def _without_placement(value: Any) -> Any:
    """Reading puts the SDK's own default back, which is not in the file."""
    if isinstance(value, dict):
        return {k: _without_placement(v) for k, v in value.items() if k != "placement"}
    return [_without_placement(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("language", translate.LANGUAGES)
@pytest.mark.parametrize("uid", sorted(DASHBOARDS))
def test_the_sdk_reads_the_file_back(uid: str, language: str) -> None:
    plugins.register_default_plugins()
    clickhouse_query.register()
    text = (FOLDER / language / f"{uid}.json").read_text()
    again = encoder.JSONEncoder().encode(dashboard.Dashboard.from_json(json.loads(text)))
    assert _without_placement(json.loads(again)) == _without_placement(json.loads(text))


def test_a_misspelt_key_does_not_survive_the_round_trip() -> None:
    plugins.register_default_plugins()
    clickhouse_query.register()
    board = json.loads((FOLDER / "en" / f"{UID}.json").read_text())
    panel = next(panel for panel in board["panels"] if panel["type"] == "timeseries")
    panel["options"]["legnd"] = panel["options"].pop("legend")
    again = encoder.JSONEncoder().encode(dashboard.Dashboard.from_json(board))
    assert "legnd" not in again


def test_the_query_has_the_plugins_shape() -> None:
    target = dashboards()[UID]["panels"][1]["targets"][0]
    assert target["datasource"] == {"type": "grafana-clickhouse-datasource", "uid": "${datasource}"}
    assert (target["format"], target["queryType"], target["editorType"]) == (0, "timeseries", "sql")
    assert target["pluginVersion"] >= "4.0.0"
