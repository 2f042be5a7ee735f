"""The repository's files as the contract tests see them: what is committed, not what was built."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
COMPONENTS = ("schemas", "clickhouse", "streams", "grafana", "sdk")

BUILT = {"__pycache__", "node_modules", "build", "dist", "htmlcov", "typings"}
HIDDEN_BUT_OURS = {".ci", ".gitignore", ".env.example", ".dockerignore"}


@cache
def files() -> tuple[Path, ...]:
    """Return every file of the repository, leaving out what tools make."""
    return tuple(sorted(_walk(REPO)))


def _walk(folder: Path) -> list[Path]:
    found: list[Path] = []
    for entry in folder.iterdir():
        if entry.name in BUILT or entry.name.endswith((".egg-info", ".pyc")):
            continue
        if entry.name.startswith(".") and entry.name not in HIDDEN_BUT_OURS:
            continue
        if entry.is_dir():
            found += _walk(entry)
        else:
            found.append(entry)
    return found


def name(path: Path) -> str:
    """Return the path as it is written in messages: relative, with slashes."""
    return path.relative_to(REPO).as_posix()


def python_files() -> list[Path]:
    """Return every Python file, tests and tools included."""
    return [path for path in files() if path.suffix == ".py"]


def source_files() -> list[Path]:
    """Return the Python files that are shipped."""
    return [path for path in python_files() if path.relative_to(REPO).parts[0] in COMPONENTS]


@cache
def syntax(path: Path) -> ast.Module:
    """Return the syntax tree of a Python file."""
    return ast.parse(path.read_text(), filename=name(path))
