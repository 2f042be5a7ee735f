"""CHANGELOG.md keeps the form of Keep a Changelog and names the version that is built."""

from __future__ import annotations

import re
import tomllib
from datetime import date

from repository import REPO

TEXT = (REPO / "CHANGELOG.md").read_text()
VERSION = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]["version"]
RELEASE = re.compile(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d{2}-\d{2})$", re.MULTILINE)
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_newest_release_is_the_version_of_the_package() -> None:
    assert RELEASE.findall(TEXT)[0][0] == VERSION


def test_releases_are_in_order_and_dated() -> None:
    releases = RELEASE.findall(TEXT)
    versions = [tuple(map(int, version.split("."))) for version, _ in releases]
    days = [date.fromisoformat(day) for _, day in releases]
    assert versions == sorted(versions, reverse=True)
    assert days == sorted(days, reverse=True)


def test_headings_are_those_of_keep_a_changelog() -> None:
    sections = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    assert [head for head in sections if not re.match(r"\[(Unreleased|\d)", head)] == []
    assert sections[0] == "[Unreleased]"
    assert set(re.findall(r"^### (.+)$", TEXT, re.MULTILINE)) <= KINDS
