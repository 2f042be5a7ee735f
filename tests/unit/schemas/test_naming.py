from __future__ import annotations

from pathlib import Path

import pytest

from millrace.schemas.catalogue_files import load_catalogue
from millrace.schemas.naming import advice


def added(folder: Path, name: str, kind: str) -> list[str]:
    path = folder / "more.toml"
    unit = 'unit = "ms"' if kind in ("gauge", "histogram") else ""
    text = f'[namespace]\nname = "identity"\n[events."{name}"]\nkind = "{kind}"\n{unit}\n'
    path.write_text(text, encoding="utf-8")
    return advice(load_catalogue([path]), load_catalogue())


@pytest.mark.requirement("IDENT-06")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("auth.token.count", "counter"),
        ("auth.token.duration_ms", "histogram"),
        ("auth.token.size_bytes", "histogram"),
        ("auth.token.active", "gauge"),
        ("auth.token.inflight", "gauge"),
        ("auth.token.depth", "histogram"),
    ],
)
def test_names_that_follow_the_convention(tmp_path: Path, name: str, kind: str) -> None:
    assert added(tmp_path, name, kind) == []


@pytest.mark.requirement("IDENT-06")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("auth.token.count", "histogram"),
        ("auth.token.duration_ms", "counter"),
        ("auth.token.active", "counter"),
        ("auth.token.used", "counter"),
    ],
)
def test_names_that_break_it_are_pointed_out(tmp_path: Path, name: str, kind: str) -> None:
    (sentence,) = added(tmp_path, name, kind)
    assert name in sentence


@pytest.mark.requirement("IDENT-06")
def test_the_declared_kind_decides() -> None:
    catalogue = load_catalogue()
    assert catalogue.namespaces["identity"].events["apikey.groups.count"].kind == "histogram"
    assert advice(catalogue, catalogue) == []
