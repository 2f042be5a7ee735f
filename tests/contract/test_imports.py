"""Packages import along the arrows only (docs/architecture.md draws them)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from repository import COMPONENTS, REPO, name, source_files, syntax

MAY_IMPORT = {
    "schemas": set[str](),
    "clickhouse": {"schemas"},
    "streams": {"schemas", "clickhouse"},
    "grafana": {"schemas"},
    "sdk": {"schemas"},
}
# The command line is where the parts meet: it alone starts the preview beside the pipeline.
CROSSINGS = {("streams/cli", "grafana"), ("streams/local", "grafana")}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, module) of every import, those inside functions and strings included."""
    package = ["millrace", *path.relative_to(REPO).parent.parts]
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield node.lineno, module
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (
                (node.lineno, argument.value)
                for argument in node.args
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            )


def crossings(path: Path) -> list[str]:
    """Return the imports of a module that go against an arrow."""
    folder = name(path.parent)
    own = folder.split("/")[0]
    allowed = MAY_IMPORT[own] | {own}
    allowed |= {to for prefix, to in CROSSINGS if f"{folder}/".startswith(f"{prefix}/")}
    return [
        f"{name(path)}:{line} imports {module}"
        for line, module in imports(path)
        if module.startswith("millrace.") and module.split(".")[1] not in allowed
    ]


@pytest.mark.parametrize("component", COMPONENTS)
def test_imports_follow_the_arrows(component: str) -> None:
    modules = [path for path in source_files() if name(path).startswith(f"{component}/")]
    found = [found for path in modules for found in crossings(path)]
    assert not found, "\n".join(found)


def test_tests_and_tools_are_not_imported_by_the_product() -> None:
    ours = {"tests", "tools", "benchmarks", "conftest", "repository"}
    found = [
        f"{name(path)}:{line} imports {module}"
        for path in source_files()
        for line, module in imports(path)
        if module.split(".")[0] in ours
    ]
    assert not found, "\n".join(found)
