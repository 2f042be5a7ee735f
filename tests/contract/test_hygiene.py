"""Things that no file may hold, and sizes that no module may pass (see docs/style.md)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from repository import COMPONENTS, REPO, files, name, python_files, source_files, syntax

MODULE_LINES = 350
FUNCTION_LINES = 50
TEXT_BYTES = 400_000
PICTURE_BYTES = 1_000_000
PICTURES = {".png", ".svg", ".gif", ".ico", ".woff2"}

# Bracketed letters keep this file from holding what it looks for.
REGISTRIES = re.compile(
    r"https?://(?:registry|repo1?|proxy|files|static|index|deb|download)\."
    r"|p[y]pi\.org|p[y]thonhosted|n[p]mjs\.(?:org|com)|c[r]ates\.io|m[a]ven\.org"
    r"|\"r[e]solved\"\s*:|--(?:extra-)?i[n]dex-url|<r[e]positor(?:y|ies)>"
)
# A container's own user has a home too.
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work|farm|root|home(?!/millrace\b))/[\w.]")
SECRETS = re.compile(
    r"-----B[E]GIN [A-Z ]*PRIVATE KEY|\bA[K]IA[0-9A-Z]{16}\b|\bg[h][pousr]_[A-Za-z0-9]{36}\b"
    r"|\bx[o]x[abpr]-[A-Za-z0-9-]{10,}|\be[y]J[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}\."
)
UNFINISHED = re.compile(r"\bT[O]DO\b|\bF[I]XME\b|\bX[X]X\b|\bN[o]tImplementedError\b")


def texts() -> Iterator[tuple[Path, str]]:
    """Yield every text file with its contents."""
    for path in files():
        if path.suffix not in PICTURES:
            yield path, path.read_text()


def hits(pattern: re.Pattern[str]) -> list[str]:
    """Return file and line of every match; the match itself may be a secret."""
    return [
        f"{name(path)}:{text.count(chr(10), 0, match.start()) + 1}"
        for path, text in texts()
        for match in pattern.finditer(text)
    ]


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(REGISTRIES, id="registry hosts"),
        pytest.param(MACHINE_PATHS, id="paths of one machine"),
        pytest.param(SECRETS, id="secrets"),
        pytest.param(UNFINISHED, id="unfinished work"),
    ],
)
def test_no_file_holds(pattern: re.Pattern[str]) -> None:
    found = hits(pattern)
    assert not found, "\n".join(found)


def test_no_file_is_huge() -> None:
    limit = {path: PICTURE_BYTES if path.suffix in PICTURES else TEXT_BYTES for path in files()}
    found = [name(path) for path in files() if path.stat().st_size > limit[path]]
    assert not found, "\n".join(found)


def test_no_module_is_long() -> None:
    lengths = {name(path): path.read_text().count("\n") for path in python_files()}
    found = [f"{path}: {length}" for path, length in lengths.items() if length > MODULE_LINES]
    assert not found, "\n".join(found)


def test_no_function_is_long() -> None:
    found = [
        f"{name(path)}:{node.lineno} {node.name}"
        for path in python_files()
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= FUNCTION_LINES
    ]
    assert not found, "\n".join(found)


def test_every_except_names_what_it_catches() -> None:
    found = [
        f"{name(path)}:{node.lineno}"
        for path in python_files()
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert not found, "\n".join(found)


def _mirrored(test: Path) -> bool:
    """Tell whether a unit test's path names a module, or a folder, that it is about."""
    folder = REPO.joinpath(*test.relative_to(REPO / "tests" / "unit").parent.parts)
    if not folder.is_dir():
        return False
    stem = test.stem.removeprefix("test_")
    modules = [path for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()]
    subjects = {path.stem.strip("_") for path in modules}
    return any(stem == subject or stem.startswith(f"{subject}_") for subject in subjects)


def test_unit_tests_mirror_the_packages() -> None:
    unit = REPO / "tests" / "unit"
    tests = [path for path in files() if unit in path.parents and path.name.startswith("test_")]
    assert {path.relative_to(unit).parts[0] for path in tests} <= {*COMPONENTS, "tools"}
    found = [name(path) for path in tests if not _mirrored(path)]
    assert not found, "\n".join(found)


def test_private_names_of_the_stream_library_stay_in_the_transport() -> None:
    # An upgrade of Faust or aiokafka can then break one module only, whose tests say what broke.
    allowed = re.compile(r"^streams/transport\w*\.py$")
    found = [
        f"{name(path)}:{node.lineno} {node.attr}"
        for path in source_files()
        if not allowed.match(name(path)) and _uses_stream_library(path)
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.Attribute)
        and re.match(r"_[a-z]", node.attr)
        and not (isinstance(node.value, ast.Name) and node.value.id in {"self", "cls", "os"})
    ]
    assert not found, "\n".join(found)


def _uses_stream_library(path: Path) -> bool:
    libraries = {"faust", "aiokafka", "mode"}
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            roots = {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            roots = {node.module.split(".")[0]}
        else:
            continue
        if roots & libraries:
            return True
    return False
