"""Writes docs/requirements.md: which test or screen shows each requirement, and which are missing.

Tests say what they show with ``@pytest.mark.requirement("GAME-01")``. The markers are read from the
syntax tree, so the map needs no broker, no store and no test run.
"""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
LIST = Path("docs/requirements.toml")
PAGE = Path("docs/requirements.md")

INTRODUCTION = """\
# Requirements

Which test or screen shows each requirement to hold. Generated from
[requirements.toml](requirements.toml) and the `requirement` markers of the tests by
`make requirements`; a test fails when this page is stale or a marker names an unknown id.
"""


class RequirementError(Exception):
    """A marker or the list is faulty; the text names file and line."""


@dataclass(frozen=True, slots=True)
class Marker:
    """One test that says which requirements it shows."""

    path: str
    line: int
    test: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The requirements of one domain, in order."""

    key: str
    title: str
    items: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """Every known requirement and the screens that show some of them."""

    groups: tuple[Group, ...]
    screens: Mapping[str, Sequence[str]]

    @property
    def ids(self) -> set[str]:
        """Every known id."""
        return {identifier for group in self.groups for identifier in group.items}


def read_plan(root: Path = REPO) -> Plan:
    """Read the committed list of requirements."""
    contents = tomllib.loads((root / LIST).read_text())
    screens = contents.pop("screens", {})
    groups = tuple(
        Group(key, table["title"], {name: text for name, text in table.items() if name != "title"})
        for key, table in contents.items()
    )
    return Plan(groups, screens)


def read_markers(root: Path = REPO) -> list[Marker]:
    """Collect the markers of every test module below ``root``/tests, in a stable order."""
    markers: list[Marker] = []
    for path in sorted((root / "tests").rglob("test_*.py")):
        name = path.relative_to(root).as_posix()
        tree = ast.parse(path.read_text(), filename=name)
        markers += [
            Marker(name, call.lineno, test, _literals(call, name))
            for test, call in _calls(tree.body, "")
        ]
    return markers


def _calls(body: Sequence[ast.stmt], owner: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield (test name, marker call) of decorators, their arguments and ``pytestmark``."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{owner}.{node.name}" if owner else node.name
            for decorator in node.decorator_list:
                yield from ((name, call) for call in _marks(decorator))
            if isinstance(node, ast.ClassDef):
                yield from _calls(node.body, name)
        elif isinstance(node, ast.Assign):
            yield from ((owner, call) for call in _marks(node))


def _marks(node: ast.AST) -> Iterator[ast.Call]:
    for child in ast.walk(node):
        if isinstance(child, ast.Call) and ast.unparse(child.func) == "pytest.mark.requirement":
            yield child


def _literals(call: ast.Call, name: str) -> tuple[str, ...]:
    values = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
    texts = tuple(value for value in values if isinstance(value, str))
    if not texts or len(texts) != len(call.args):
        raise RequirementError(
            f"{name}:{call.lineno}: a requirement marker takes ids as plain strings"
        )
    return texts


def check(plan: Plan, markers: Sequence[Marker]) -> None:
    """Raise RequirementError for the first id that is not in the list."""
    named = [(f"{marker.path}:{marker.line}", item) for marker in markers for item in marker.ids]
    named += [
        (f"{LIST}: screen {path}", item) for path, ids in plan.screens.items() for item in ids
    ]
    for place, item in named:
        if item not in plan.ids:
            raise RequirementError(f"{place}: {item} is not in {LIST}; correct the id or add it")


def render(plan: Plan, markers: Sequence[Marker]) -> str:
    """Return the whole page."""
    tests: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for marker in markers:
        for item in marker.ids:
            tests[item][marker.path].append(marker.test)
    screens: dict[str, list[str]] = defaultdict(list)
    for path, ids in plan.screens.items():
        for item in ids:
            screens[item].append(path)
    parts = [INTRODUCTION, _summary(plan, set(tests), set(screens))]
    parts += [_group(group, tests, screens) for group in plan.groups]
    return "\n".join(parts)


def _summary(plan: Plan, tested: set[str], seen: set[str]) -> str:
    rows = [
        (
            f"[{group.key}](#{group.key.lower()})",
            group.title,
            len(group.items),
            len(group.items.keys() & tested),
            len(group.items.keys() & seen - tested),
            len(group.items.keys() - tested - seen),
        )
        for group in plan.groups
    ]
    totals = [sum(int(row[column]) for row in rows) for column in range(2, 6)]
    lines = ["| group | domain | all | by a test | by a screen only | missing |"]
    lines += ["|---|---|--:|--:|--:|--:|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in [*rows, ("", "total", *totals)]]
    return "\n".join(lines) + "\n"


def _group(
    group: Group, tests: Mapping[str, Mapping[str, list[str]]], screens: Mapping[str, list[str]]
) -> str:
    missing = [item for item in group.items if item not in tests and item not in screens]
    lines = [f"## {group.key}", "", f"{group.title}.", ""]
    lines += [f"Missing ({len(missing)}): {', '.join(missing) or 'none'}.", ""]
    shown = [item for item in group.items if item not in missing]
    if shown:
        lines += ["| id | requirement | shown by |", "|---|---|---|"]
        lines += [
            f"| {item} | {group.items[item]} | "
            f"{'; '.join(_evidence(tests.get(item, {}), screens.get(item, [])))} |"
            for item in shown
        ]
        lines += [""]
    return "\n".join(lines)


def _evidence(tests: Mapping[str, list[str]], screens: Sequence[str]) -> Iterator[str]:
    for path, names in tests.items():
        module = Path(path).stem
        listed = ", ".join(dict.fromkeys(name.removeprefix("test_") for name in names if name))
        yield f"[{module}](../{path})" + (f": {listed}" if listed else "")
    for path in screens:
        yield f"[{Path(path).name}]({Path(path).relative_to('docs').as_posix()})"


def build(root: Path = REPO) -> str:
    """Return the page for the repository at ``root``, or raise RequirementError."""
    plan, markers = read_plan(root), read_markers(root)
    check(plan, markers)
    return render(plan, markers)


def main() -> None:
    """Write the page."""
    (REPO / PAGE).write_text(build())


if __name__ == "__main__":
    main()
