from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from millrace.schemas.catalogue import Catalogue, LongValues, OverBudget, Scalars, Undeclared
from millrace.schemas.catalogue_files import load_catalogue
from millrace.schemas.errors import CatalogueError
from millrace.schemas.event import Kind

SHOP = """
    [namespace]
    name = "shop"
    prefixes = ["shop."]
    undeclared = "closed"

    [every_event]
    tags = ["country"]

    [events."shop.paid"]
    kind = "counter"
    tags = ["method"]
    attributes = ["order_id"]
    distinct = ["method"]

    [events."shop.checkout_time"]
    kind = "histogram"
    unit = "s"
"""


def write(folder: Path, text: str, name: str = "shop.toml") -> Path:
    path = folder / name
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def load(folder: Path, *texts: str) -> Catalogue:
    return load_catalogue([write(folder, text, f"{n}.toml") for n, text in enumerate(texts)])


def fault(folder: Path, *texts: str) -> str:
    with pytest.raises(CatalogueError) as caught:
        load(folder, *texts)
    return str(caught.value)


def test_an_extra_file_brings_a_namespace(tmp_path: Path) -> None:
    shop = load(tmp_path, SHOP).namespaces["shop"]
    assert (shop.undeclared, shop.scalars) == (Undeclared.CLOSED, Scalars.REFUSE)
    assert shop.names == {"shop.paid", "shop.checkout_time"}
    paid, checkout = shop.events["shop.paid"], shop.events["shop.checkout_time"]
    assert (paid.kind, paid.measurements) == (Kind.COUNTER, {"count": "count"})
    assert paid.tags == {"country", "method"}
    assert paid.attributes == {"order_id"}
    assert paid.distinct == {"method"}
    assert (paid.tracked, paid.status) == (True, "live")
    assert checkout.measurements == {"value": "s"}
    assert checkout.tags == {"country"}


@pytest.mark.requirement("GAME-05")
def test_an_extra_file_adds_to_a_shipped_namespace(tmp_path: Path) -> None:
    text = """
        [namespace]
        name = "game"
        untracked = ["bezgelor.combat.damage"]

        [events."test.event"]
        kind = "gauge"
        measurements = { value = "points" }
    """
    known = load(tmp_path, text)
    game, declaration = known.resolve("default", "test.event")
    assert game.name == "game"
    assert declaration is not None
    assert declaration.tracked
    assert not game.events["bezgelor.combat.damage"].tracked
    assert game.events["bezgelor.creature.killed"].tracked
    assert game.long_values is LongValues.CUT


def test_an_extra_file_may_adjust_limits_tenants_and_retention(tmp_path: Path) -> None:
    text = """
        [namespace]
        name = "default"
        retention_class = "long"

        [limits]
        series_budget = 500
    """
    before, after = load_catalogue().namespaces["default"], load(tmp_path, text).namespaces
    assert after["default"].series_budget == 500
    assert after["default"].retention_class == "long"
    assert after["default"].tags == before.tags
    game = load(tmp_path, '[namespace]\nname = "game"\ntenants = ["realm"]').namespaces["game"]
    assert game.tenants == {"realm"}
    assert game.undeclared is Undeclared.CLOSED


def test_what_is_over_a_budget_overflows_or_is_refused_by_the_namespaces_temper(
    tmp_path: Path,
) -> None:
    shipped = load_catalogue().namespaces.values()
    for namespace in shipped:
        closed = namespace.undeclared is Undeclared.CLOSED
        usual = OverBudget.OVERFLOW if closed else OverBudget.REFUSE
        assert namespace.over_budget is usual
    turned = load(tmp_path, '[namespace]\nname = "game"\n[limits]\nover_budget = "refuse"')
    assert turned.namespaces["game"].over_budget is OverBudget.REFUSE
    with pytest.raises(CatalogueError, match=r"\[limits\] over_budget: .*'overflow' or 'refuse'"):
        load(tmp_path, '[namespace]\nname = "game"\n[limits]\nover_budget = "ignore"')


@pytest.mark.requirement("IDENT-07")
def test_a_new_open_namespace_denies_what_default_denies(tmp_path: Path) -> None:
    text = '[namespace]\nname = "mine"\nprefixes = ["mine."]\ndeny = ["pet_name"]'
    mine = load(tmp_path, text).namespaces["mine"]
    assert mine.deny == load_catalogue().namespaces["default"].deny | {"pet_name"}


EVENT = '[namespace]\nname = "shop"\nprefixes = ["shop."]\n[events."shop.a"]\nkind = "counter"\n'


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param("x", ["is not TOML"], id="no TOML"),
        pytest.param("", ["[namespace]", "missing"], id="empty"),
        pytest.param("[namespace]", ["[namespace] name", "missing"], id="no name"),
        pytest.param(
            '[namespace]\nname = "shop"\ncolour = "red"',
            ["[namespace] colour", "not known", "name_pattern"],
            id="unknown key",
        ),
        pytest.param(
            '[namespace]\nname = "shop"\n[event]', ["[event]", "not known"], id="unknown table"
        ),
        pytest.param(
            EVENT + 'unti = "ms"', ['[events."shop.a"] unti', "not known", "unit"], id="typo"
        ),
        pytest.param('[namespace]\nname = "Shop 1"', ["[namespace] name", "'Shop 1'"], id="name"),
        pytest.param(
            '[namespace]\nname = "shop"\nprefixes = "shop."', ["prefixes", "list"], id="wrong type"
        ),
        pytest.param(
            '[namespace]\nname = "shop"\nprefixes = ["9."]', ["prefixes", "'9.'"], id="prefix"
        ),
        pytest.param(
            '[namespace]\nname = "shop"\nprefixes = ["a.", "a."]',
            ["[namespace] prefixes", "a. is given twice"],
            id="prefix twice",
        ),
        pytest.param(
            '[namespace]\nname = "shop"\nname_pattern = "["',
            ["[namespace] name_pattern", "regular expression"],
            id="pattern",
        ),
        pytest.param(
            '[namespace]\nname = "shop"\nname_pattern = "(?=a)"',
            ["[namespace] name_pattern", "linear time"],
            id="pattern with look-around",
        ),
        pytest.param(
            '[namespace]\nname = "shop"\nname_pattern = "[A-Z]+"\n'
            '[events."shop.a"]\nkind = "counter"',
            ['[events."shop.a"] name', "[A-Z]+"],
            id="name against own pattern",
        ),
        pytest.param(
            '[namespace]\nname = "shop"\n[events."9"]\nkind = "counter"',
            ['[events."9"]', "pattern"],
            id="name against the contract",
        ),
        pytest.param(
            '[namespace]\nname = "shop"\nundeclared = "ajar"',
            ["[namespace] undeclared", "'ajar'"],
            id="no such policy",
        ),
        pytest.param(
            '[namespace]\nname = "shop"\n[limits]\ntags = 21', ["[limits] tags", "21"], id="limit"
        ),
        pytest.param(
            '[namespace]\nname = "shop"\ndeny = ["Email"]', ["deny", "lower case"], id="deny"
        ),
        pytest.param(EVENT.replace("counter", "timer"), ['"shop.a"] kind', "'timer'"], id="kind"),
        pytest.param(EVENT + EVENT[EVENT.index("[events") :], ["not TOML"], id="twice in a file"),
        pytest.param(
            EVENT.replace("counter", "gauge"), ["unit", "a gauge needs a unit"], id="no unit"
        ),
        pytest.param(
            EVENT + 'unit = "ms"\nmeasurements = { a = "ms" }', ["not both"], id="unit twice"
        ),
        pytest.param(EVENT + "measurements = {}", ["measurements"], id="no measurement"),
        pytest.param(EVENT + "measurements = { a = 1 }", ["measurements.a"], id="unit is a number"),
        pytest.param(
            EVENT + 'unit = "' + "u" * 51 + '"', ['"shop.a"] unit', "50"], id="unit too long"
        ),
        pytest.param(
            EVENT + 'tags = ["' + "k" * 51 + '"]', ['"shop.a"] tags', "50"], id="key too long"
        ),
        pytest.param(EVENT + 'tags = ["a b"]', ['"shop.a"] tags', "pattern"], id="key with space"),
        pytest.param(
            EVENT + 'tags = ["a"]\nattributes = ["a"]', ["a is also among the"], id="overlap"
        ),
        pytest.param(
            EVENT + 'tags = ["a"]\n[every_event]\nattributes = ["a"]',
            ["a is also among the"],
            id="overlap with every event",
        ),
        pytest.param(
            EVENT + 'distinct = ["a"]', ["distinct", "a is not among the tags"], id="distinct"
        ),
        pytest.param(
            EVENT + f"tags = {[f'k{n}' for n in range(21)]}", ["21 tags", "20"], id="many tags"
        ),
        pytest.param(
            EVENT + 'tags = ["user_id"]', ["user_id is on the deny list"], id="personal tag"
        ),
        pytest.param(
            EVENT + 'status = "soon"', ['"shop.a"] status', "'soon'"], id="no such status"
        ),
        pytest.param(
            EVENT + '[aliases]\n"b" = "shop.b"', ["[aliases] b", "not declared"], id="alias"
        ),
        pytest.param(
            EVENT + '[aliases]\n"shop.a" = "shop.a"', ["declared itself"], id="alias of itself"
        ),
        pytest.param(
            '[namespace]\nname = "shop"\nuntracked = ["shop.b"]',
            ["untracked", "shop.b is not declared"],
            id="untracked",
        ),
        pytest.param(
            '[namespace]\nname = "shop"\nprefixes = ["bezgelor."]',
            ["[namespace] prefixes", "bezgelor.", "game", "shop"],
            id="prefix of another",
        ),
        pytest.param(
            '[namespace]\nname = "shop"\n[events.linkCreated]\nkind = "event"',
            ["linkCreated", "links", "shop"],
            id="name of another",
        ),
        pytest.param(
            '[namespace]\nname = "game"\nscalars = "refuse"',
            ["[namespace] scalars", "game.toml"],
            id="second policy",
        ),
        pytest.param(
            '[namespace]\nname = "game"\n[events."bezgelor.combat.damage"]\nkind = "counter"',
            ["bezgelor.combat.damage", "already declared in game.toml"],
            id="declared in two files",
        ),
        pytest.param(
            '[namespace]\nname = "default"\nprefixes = ["a."]', ["default takes"], id="default"
        ),
    ],
)
def test_a_fault_is_named_with_file_table_and_key(
    tmp_path: Path, text: str, named: list[str]
) -> None:
    message = fault(tmp_path, text)
    assert message.startswith(f"{tmp_path / '0.toml'}: ")
    assert "\n" not in message
    for part in named:
        assert part in message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="cannot be read: No such file"):
        load_catalogue([tmp_path / "nothing.toml"])


def test_tenants_keep_owners_apart(tmp_path: Path) -> None:
    one = '[namespace]\nname = "one"\nprefixes = ["shop."]\ntenants = ["a", "b"]'
    two = '[namespace]\nname = "two"\nprefixes = ["shop."]\ntenants = ["c"]'
    known = load(tmp_path, one, two)
    assert known.owner("c", "shop.x").name == "two"
    assert "belongs to both" in fault(tmp_path, one, two.replace('"c"', '"b"'))


def test_two_files_cannot_give_one_alias_two_meanings(tmp_path: Path) -> None:
    more = '[namespace]\nname = "identity"\n[aliases]\n"http.request.duration" = "auth.{}"'
    message = fault(tmp_path, more.format("login.attempt"))
    assert "http.request.duration" in message
