"""Every text changes with the language, and what names a column changes with it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.grafana import translate
from millrace.grafana.generated import dashboards
from millrace.grafana.translate import TextError, translated, used

KNOWN = {
    "Sales": "Sprzedaż",
    "What was sold.": "Co sprzedano.",
    "Shop": "Sklep",
    "Nothing sold": "Nic nie sprzedano",
    "sold": "sprzedano",
    "other": "inne",
    "pieces": "sztuki",
    "Open": "Otwarty",
    'Show ${__data.fields["sold"]}': 'Pokaż ${__data.fields["sold"]}',
    "Deliveries": "Dostawy",
    "Daily": "Co dzień",
    "Weekly": "Co tydzień",
}


def panel(**changes: Any) -> dict[str, Any]:
    return {
        "type": "table",
        "title": "Sales",
        "targets": [{"rawSql": "SELECT a AS `{{sold}}`, 'sold' AS b, '{{other}}' AS c"}],
        **changes,
    }


def test_titles_descriptions_and_the_like_are_texts_and_names_are_not() -> None:
    board = {"title": "Sales", "description": "What was sold.", "uid": "Sales", "noValue": "sold",
             "name": "Sales", "options": {"axisLabel": "pieces"}}  # fmt: skip
    assert translated(board, KNOWN) == {
        "title": "Sprzedaż",
        "description": "Co sprzedano.",
        "uid": "Sales",
        "noValue": "sprzedano",
        "name": "Sales",
        "options": {"axisLabel": "sztuki"},
    }


def test_in_sql_only_what_is_marked_is_a_text() -> None:
    sql = "SELECT a AS `{{sold}}`, 'sold' AS b, '{{other}}' AS c"
    assert translated({"rawSql": sql}, KNOWN)["rawSql"] == (
        "SELECT a AS `sprzedano`, 'sold' AS b, 'inne' AS c"
    )
    # The source's marks go as well.
    assert translated({"rawSql": sql}, None)["rawSql"] == (
        "SELECT a AS `sold`, 'sold' AS b, 'other' AS c"
    )


def test_what_names_a_column_changes_with_it() -> None:
    link = {"title": "Open", "url": '/d/x?var-n=${__data.fields["sold"]}&var-m=${__data.fields.b}'}
    found = translated(
        panel(
            fieldConfig={
                "overrides": [
                    {
                        "matcher": {"id": "byName", "options": "sold"},
                        "properties": [
                            {"id": "displayName", "value": "pieces"},
                            {"id": "unit", "value": "suffix:pieces"},
                            {"id": "links", "value": [link]},
                        ],
                    },
                    {"matcher": {"id": "byName", "options": "b"}, "properties": []},
                    {"matcher": {"id": "byNames", "options": {"names": ["sold", "b"]}}},
                ]
            },
            options={"sortBy": [{"displayName": "sold", "desc": True}]},
        ),
        KNOWN,
    )
    first, second, third = found["fieldConfig"]["overrides"]
    assert first["matcher"]["options"] == "sprzedano"
    name, unit, links = first["properties"]
    assert (name["value"], unit["value"]) == ("sztuki", "suffix:sztuki")
    assert links["value"] == [
        {
            "title": "Otwarty",
            "url": '/d/x?var-n=${__data.fields["sprzedano"]}&var-m=${__data.fields.b}',
        }
    ]
    assert second["matcher"]["options"] == "b", "a column that is no text keeps its name"
    assert third["matcher"]["options"]["names"] == ["sprzedano", "b"]
    assert found["options"]["sortBy"][0]["displayName"] == "sprzedano"


def test_a_name_is_a_column_of_its_own_panel_only() -> None:
    other = panel(targets=[{"rawSql": "SELECT sold"}])
    other["fieldConfig"] = {"overrides": [{"matcher": {"id": "byName", "options": "sold"}}]}
    found = translated({"panels": [panel(), other]}, KNOWN)
    matcher = found["panels"][1]["fieldConfig"]["overrides"][0]["matcher"]
    assert matcher == {"id": "byName", "options": "sold"}


def test_mappings_variables_and_annotations() -> None:
    mapping = {"type": "value", "options": {"1": {"text": "Open", "color": "#fff", "index": 0}}}
    assert translated(mapping, KNOWN)["options"]["1"]["text"] == "Otwarty"
    mark = {"name": "Deliveries", "iconColor": "#fff", "target": {"rawSql": "SELECT '{{other}}'"}}
    assert translated(mark, KNOWN)["name"] == "Dostawy"
    assert translated(mark, KNOWN)["target"]["rawSql"] == "SELECT 'inne'"
    variable = {
        "type": "custom",
        "name": "bucket",
        "label": "Shop",
        "query": "Daily : 1d, Weekly : 7d, 30d",
        "options": [{"text": "Daily", "value": "1d"}, {"text": "Weekly", "value": "7d"}],
    }
    found = translated(variable, KNOWN)
    assert (found["name"], found["label"]) == ("bucket", "Sklep")
    assert found["query"] == "Co dzień : 1d, Co tydzień : 7d, 30d"
    assert [one["text"] for one in found["options"]] == ["Co dzień", "Co tydzień"]
    assert [one["value"] for one in found["options"]] == ["1d", "7d"]


def test_what_lacks_a_translation_is_named_once_each() -> None:
    board = {"title": "Sales", "panels": [{"title": "New"}, {"title": "New"}, {"label": "More"}]}
    with pytest.raises(TextError) as refused:
        translated(board, KNOWN)
    assert str(refused.value).endswith(": 'New'; 'More'")


@pytest.mark.parametrize("text", ["", "42", "—", "${__field.labels.topic}", "$tenant"])
def test_what_has_no_words_needs_no_translation(text: str) -> None:
    assert translated({"title": text}, {}) == {"title": text}


@pytest.mark.parametrize("text", ["don't", "say `so`", 'a "b"', "back\\slash"])
def test_a_text_in_sql_must_not_end_its_quotes(text: str) -> None:
    with pytest.raises(TextError, match="must be without quotes"):
        translated({"rawSql": "SELECT '{{other}}'"}, {"other": text})
    # Outside SQL it may.
    assert translated({"title": "other"}, {"other": text}) == {"title": text}


def test_files_are_read_together_and_must_not_contradict_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "pl"
    folder.mkdir()
    (folder / "a.toml").write_text('"Sales" = "Sprzedaż"\n"Shop" = "Sklep"\n')
    (folder / "b.toml").write_text('"Shop" = "Sklep"\n')
    assert translate.texts("pl", tmp_path) == {"Sales": "Sprzedaż", "Shop": "Sklep"}
    (folder / "c.toml").write_text('"Shop" = "Kram"\n')
    with pytest.raises(TextError, match=r"c\.toml: 'Shop' is 'Kram' here and 'Sklep' elsewhere"):
        translate.texts("pl", tmp_path)


plain = st.text("abc XYZ", min_size=1, max_size=6)
trees = st.recursive(
    plain | st.integers() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["title", "label", "uid", "value", "y"]), inner)
    ),
    max_leaves=12,
)


@given(trees)
def test_translating_keeps_the_shape_and_touches_texts_alone(tree: Any) -> None:
    before = copy.deepcopy(tree)
    texts = used(tree)
    found = translated(tree, {text: f"{text}!" for text in texts})
    assert tree == before
    assert translated(tree, None) == tree
    assert _undone(found) == tree


def _undone(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: item.removesuffix("!") if isinstance(item, str) else _undone(item)
            for key, item in value.items()
        }
    return [_undone(item) for item in value] if isinstance(value, list) else value


@pytest.mark.requirement("METRIC-70", "METRIC-71")
def test_no_mark_is_left_in_what_is_committed() -> None:
    for language in translate.LANGUAGES:
        for uid, board in dashboards(language).items():
            assert "{{" not in str(board), (language, uid)
