"""How SQL files are put together from fragments."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from millrace.grafana import limits, sql_files
from millrace.grafana.sql_files import QUERIES, sql
from millrace.schemas.catalogue_files import load_catalogue


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {
        "shared/span.sql": "-- How long it is.\n60 AS span\n",
        "shared/bounds.sql": "@span,\n-- Not of the text.\nspan * 2 AS twice\n",
        "board/plain.sql": "\n-- Kept: a comment of the query.\nSELECT 1\n",
        "board/both.sql": "WITH @bounds SELECT twice, '@span' AS mail, 'a@span.b' AS address\n",
        "own/span.sql": "30 AS span\n",
        "own/both.sql": "WITH @bounds, @span SELECT 1\n",
        "own/lost.sql": "SELECT @nowhere\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(sql_files, "QUERIES", tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_a_query_is_its_text_with_its_comments() -> None:
    assert sql("board", "plain") == "-- Kept: a comment of the query.\nSELECT 1"


@pytest.mark.usefixtures("folder")
def test_a_fragment_is_put_in_without_its_comments_and_with_its_own_fragments() -> None:
    text = sql("board", "both")
    assert text.startswith("WITH 60 AS span,\nspan * 2 AS twice SELECT twice")
    assert "'a@span.b'" in text, "a mail address is no fragment"


@pytest.mark.usefixtures("folder")
def test_a_folders_own_fragment_comes_before_the_shared_one() -> None:
    # What a shared fragment names is looked for in its own folder.
    assert sql("own", "both") == "WITH 60 AS span,\nspan * 2 AS twice, 30 AS span SELECT 1"


@pytest.mark.usefixtures("folder")
def test_a_fragment_that_is_nowhere_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.sql"):
        sql("own", "lost")


@pytest.mark.parametrize("path", sorted(QUERIES.rglob("*.sql")), ids=lambda path: path.stem)
def test_nothing_is_left_to_put_in(path: Path) -> None:
    text = sql(path.parent.name, path.stem)
    assert not re.search(r"(?<![\w@])@[a-z]", text)
    assert text == text.strip()
    assert "\t" not in text


def test_the_groups_of_the_home_dashboard_are_those_of_the_catalogue() -> None:
    namespaces = load_catalogue().namespaces
    pattern = sql("home", "identity").replace("[.]", ".")
    assert set(re.findall(r"[a-z_.]+\.(?=[|)])", pattern)) == set(namespaces["identity"].prefixes)
    assert set(re.findall(r"'(\w+)'", sql("home", "links"))) == set(namespaces["links"].events)
    for group, name in (("game", "game"), ("webapp", "webapp")):
        (prefix,) = namespaces[name].prefixes
        assert f"'{prefix}'" in sql("home", group)


def test_the_verdict_on_the_pipeline_has_the_limits_of_the_panels() -> None:
    text = sql("home", "pipeline_state")
    for limit in (limits.LAG_WARN, limits.LAG_BAD, limits.REJECTED_WARN, limits.REJECTED_BAD):
        assert re.search(rf">= {limit}\b", text), limit
