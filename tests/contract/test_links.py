"""Every relative link of the documentation leads somewhere, down to the heading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from repository import REPO, files, name

PAGES = [path for path in files() if path.suffix == ".md"]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def prose(path: Path) -> str:
    """Return a page without its code, in which brackets mean other things."""
    return CODE.sub("", path.read_text())


def anchors(path: Path) -> set[str]:
    """Return the anchors that a forge makes of the page's headings."""
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    found: set[str] = set()
    for heading in HEADING.findall(text):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = sum(1 for other in found if re.fullmatch(rf"{re.escape(slug)}(-\d+)?", other))
        found.add(f"{slug}-{number}" if number else slug)
    return found


def broken(page: Path) -> Iterator[str]:
    """Yield one sentence for each link that leads nowhere."""
    for target in LINK.findall(prose(page)):
        if re.match(r"[a-z][a-z+.-]*:", target):
            continue
        place, _, anchor = target.partition("#")
        file = (page.parent / place).resolve() if place else page
        if not file.exists():
            yield f"{name(page)} links to {target}, which does not exist"
        elif REPO not in [file, *file.parents]:
            yield f"{name(page)} links to {target}, which is outside the repository"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file):
            yield f"{name(page)} links to {target}, which has no such heading"


@pytest.mark.parametrize("page", [pytest.param(page, id=name(page)) for page in PAGES])
def test_relative_links_resolve(page: Path) -> None:
    found = list(broken(page))
    assert not found, "\n".join(found)


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [REPO / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or not page.is_file():
            continue
        reached.add(page)
        targets = [target.partition("#")[0] for target in LINK.findall(prose(page))]
        waiting += [
            (page.parent / target).resolve() for target in targets if target.endswith(".md")
        ]
    lost = sorted(name(page) for page in set(PAGES) - reached)
    assert not lost, "\n".join(lost)
