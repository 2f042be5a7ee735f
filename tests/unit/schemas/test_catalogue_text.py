from __future__ import annotations

import json
from pathlib import Path

import pytest

from millrace.schemas.catalogue import OverBudget
from millrace.schemas.catalogue_files import canonical, load_catalogue, parse_canonical
from millrace.schemas.errors import CatalogueError


def test_the_text_gives_the_catalogue_back() -> None:
    catalogue = load_catalogue()
    again = parse_canonical(canonical(catalogue))
    assert again == catalogue
    assert again.fingerprint == catalogue.fingerprint
    assert canonical(again) == canonical(catalogue)


def test_loading_twice_gives_the_same_fingerprint() -> None:
    assert load_catalogue().fingerprint == load_catalogue().fingerprint
    assert len(load_catalogue().fingerprint) == 64


@pytest.mark.parametrize(
    "change",
    [
        pytest.param('untracked = ["bezgelor.combat.damage"]', id="tracking"),
        pytest.param('tenants = ["realm"]', id="tenants"),
        pytest.param("[limits]\nseries_budget = 7", id="limit"),
        pytest.param('[limits]\nover_budget = "refuse"', id="what is over it"),
        pytest.param('[events."test.event"]\nkind = "event"', id="event"),
    ],
)
def test_any_change_shows_in_the_fingerprint(tmp_path: Path, change: str) -> None:
    path = tmp_path / "more.toml"
    path.write_text(f'[namespace]\nname = "game"\n{change}\n', encoding="utf-8")
    changed = load_catalogue([path])
    assert changed.fingerprint != load_catalogue().fingerprint
    assert parse_canonical(canonical(changed)) == changed


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("[]", id="list"),
        pytest.param("{}", id="nothing in it"),
        pytest.param('{"namespaces":[1]}', id="number"),
        pytest.param('{"namespaces":[{"name":"a","a_later_policy":1}]}', id="unknown policy"),
        pytest.param('{"namespaces":[{"name":"a","undeclared":"ajar"}]}', id="unknown value"),
    ],
)
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(CatalogueError, match="cannot be read by this version"):
        parse_canonical(text)


def test_a_text_from_before_a_policy_existed_has_its_default() -> None:
    document = json.loads(canonical(load_catalogue()))
    for namespace in document["namespaces"]:
        del namespace["attribute_length"]
    old = parse_canonical(json.dumps(document))
    assert old.namespaces["game"].attribute_length == 2_048


def test_a_text_from_before_the_budgets_has_none() -> None:
    document = json.loads(canonical(load_catalogue()))
    for namespace in document["namespaces"]:
        del namespace["over_budget"]
    old = parse_canonical(json.dumps(document))
    assert {one.over_budget for one in old.namespaces.values()} == {OverBudget.IGNORE}


def test_a_loaded_catalogue_cannot_be_changed() -> None:
    catalogue = load_catalogue()
    with pytest.raises(TypeError):
        catalogue.namespaces["game"] = catalogue.namespaces["links"]  # type: ignore[index]
    with pytest.raises(TypeError):
        del catalogue.namespaces["game"].events["bezgelor.combat.damage"]  # type: ignore[attr-defined]
