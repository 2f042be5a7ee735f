"""What a fresh checkout is set up from: the locked versions, the make targets, the CI script."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections import defaultdict

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from repository import REPO

PROJECT = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]
LOCK = (REPO / "requirements.lock").read_text()
PIN = re.compile(r"^([\w.-]+)==(\S+)[^\n]*((?:\n    --hash=\S+(?: \\)?)*)", re.MULTILINE)

REQUIREMENTS = [
    Requirement(text)
    for texts in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for text in texts
]


def pins() -> dict[str, set[str]]:
    """Return the locked versions of each package; more than one where Pythons differ."""
    found: dict[str, set[str]] = defaultdict(set)
    for package, version, _ in PIN.findall(LOCK):
        found[canonicalize_name(package)].add(version)
    return found


@pytest.mark.parametrize(
    "requirement", [pytest.param(each, id=each.name) for each in REQUIREMENTS if not each.extras]
)
def test_lock_pins_each_dependency_within_its_bounds(requirement: Requirement) -> None:
    versions = pins()[canonicalize_name(requirement.name)]
    assert versions, "run `make lock`"
    assert all(requirement.specifier.contains(version) for version in versions), "run `make lock`"


def test_every_pin_has_a_hash() -> None:
    bare = [package for package, _, hashes in PIN.findall(LOCK) if not hashes]
    assert not bare, "\n".join(bare)


@pytest.mark.parametrize(
    "target", ["setup", "demo", "test", "check", "bench", "dashboards", "requirements", "lock"]
)
def test_make_help_lists(target: str) -> None:
    shown = subprocess.run(
        ["make", "help"], cwd=REPO, capture_output=True, text=True, check=True
    ).stdout
    assert re.search(rf"^ +make {target} +\S", shown, re.MULTILINE)


def test_ci_script_can_be_run() -> None:
    script = REPO / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", script], check=True)
