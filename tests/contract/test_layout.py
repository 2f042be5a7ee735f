"""The folder-to-package map says the same in every place that states it."""

from __future__ import annotations

import ast
import importlib
import tomllib
from pathlib import Path

import pytest
from repository import COMPONENTS, REPO, source_files, syntax

PYPROJECT = tomllib.loads((REPO / "pyproject.toml").read_text())


@pytest.mark.parametrize("component", COMPONENTS)
def test_typings_link_points_at_component(component: str) -> None:
    # A broken link makes mypy report success over no files at all.
    link = REPO / "typings" / "millrace" / component
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.resolve() == REPO / component


def test_typings_hold_nothing_else() -> None:
    assert {entry.name for entry in (REPO / "typings" / "millrace").iterdir()} == set(COMPONENTS)


@pytest.mark.parametrize("component", COMPONENTS)
def test_component_is_imported_from_its_folder(component: str) -> None:
    package = importlib.import_module(f"millrace.{component}")
    assert package.__file__ is not None
    assert Path(package.__file__).resolve() == REPO / component / "__init__.py"
    assert (REPO / component / "py.typed").is_file()


def test_every_package_folder_has_an_init() -> None:
    folders = {path.parent for path in source_files()}
    found = [str(folder) for folder in folders if not (folder / "__init__.py").is_file()]
    assert not found, "\n".join(found)


def test_bare_folder_names_are_banned_imports() -> None:
    # `import streams` would work from a checkout and fail from a wheel.
    banned = PYPROJECT["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]
    assert set(banned) == set(COMPONENTS)


def test_setup_and_coverage_name_every_component() -> None:
    (components,) = (
        ast.literal_eval(node.value)
        for node in syntax(REPO / "setup.py").body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COMPONENTS"
    )
    assert components == COMPONENTS
    covered = PYPROJECT["tool"]["coverage"]["run"]["source_pkgs"]
    assert covered == [f"millrace.{component}" for component in COMPONENTS]


@pytest.mark.requirement("METRIC-74")
def test_coverage_below_85_percent_fails_the_test_run() -> None:
    assert PYPROJECT["tool"]["coverage"]["report"]["fail_under"] >= 85
    assert "tools/run_tests.py" in (REPO / "Makefile").read_text()
