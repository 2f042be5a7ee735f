from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.schemas.catalogue import Catalogue, Declaration, Namespace, Undeclared
from millrace.schemas.catalogue_text import assemble
from millrace.schemas.event import Kind


def declaration(name: str) -> Declaration:
    return Declaration(name=name, kind=Kind.COUNTER, measurements={"count": "count"})


def namespace(
    name: str, *prefixes: str, names: tuple[str, ...] = (), tenants: tuple[str, ...] = ()
) -> Namespace:
    return Namespace(
        name=name,
        prefixes=prefixes,
        names=frozenset(names),
        tenants=frozenset(tenants),
        undeclared=Undeclared.OPEN,
        events={one: declaration(one) for one in names},
    )


def catalogue(*namespaces: Namespace) -> Catalogue:
    return assemble([namespace("default"), *namespaces])


def test_the_longest_match_wins() -> None:
    known = catalogue(
        namespace("wide", "shop."),
        namespace("narrow", "shop.cart."),
        namespace("exact", names=("shop.cart.added",)),
    )
    assert known.owner("any", "shop.paid").name == "wide"
    assert known.owner("any", "shop.cart.emptied").name == "narrow"
    assert known.owner("any", "shop.cart.added").name == "exact"
    assert known.owner("any", "shop").name == "default"
    assert known.owner("any", "shopping.cart").name == "default"


def test_a_listed_tenant_goes_before_all_tenants() -> None:
    known = catalogue(
        namespace("common", "shop.", names=("paid",)),
        namespace("own", "shop.", names=("paid",), tenants=("acme",)),
    )
    for name in ("shop.cart", "paid"):
        assert known.owner("acme", name).name == "own"
        assert known.owner("other", name).name == "common"


def test_a_namespace_of_some_tenants_is_invisible_to_others() -> None:
    known = catalogue(namespace("own", "shop.", names=("paid",), tenants=("acme", "beta")))
    assert known.owner("beta", "shop.cart").name == "own"
    assert known.owner("gamma", "shop.cart").name == "default"
    assert known.owner("gamma", "paid").name == "default"
    assert known.resolve("gamma", "paid")[1] is None


def test_an_alias_leads_to_the_declaration() -> None:
    owner = Namespace(
        name="web",
        names=frozenset({"request.duration_ms", "request.duration"}),
        aliases={"request.duration": "request.duration_ms"},
        events={"request.duration_ms": declaration("request.duration_ms")},
    )
    found = catalogue(owner).resolve("any", "request.duration")
    assert found == (owner, owner.events["request.duration_ms"])


def test_declarations_come_sorted() -> None:
    known = catalogue(namespace("b", names=("z", "a")), namespace("a", names=("m",)))
    assert [(one.name, event.name) for one, event in known.declarations] == [
        ("a", "m"),
        ("b", "a"),
        ("b", "z"),
    ]


def test_the_first_measurement_leads() -> None:
    event = Declaration(name="a", kind=Kind.GAUGE, measurements={"z": "ms", "a": "count"})
    assert event.leading == "z"


@pytest.mark.requirement("GAME-06")
@given(
    st.lists(st.text("ab.", min_size=1, max_size=4), unique=True, max_size=6),
    st.text("ab.", min_size=1, max_size=6),
)
def test_the_owner_is_that_of_the_longest_prefix(prefixes: list[str], name: str) -> None:
    owned = [namespace(f"n{number}", prefix) for number, prefix in enumerate(prefixes)]
    known = catalogue(*owned)
    matching = [prefix for prefix in prefixes if name.startswith(prefix)]
    expected = f"n{prefixes.index(max(matching, key=len))}" if matching else "default"
    assert known.owner("any", name).name == expected
    assert set(known.namespaces) == {"default", *(one.name for one in owned)}
