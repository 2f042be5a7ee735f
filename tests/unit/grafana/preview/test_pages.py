"""Building the page: once, with one clear line when it cannot be done, and never fatal."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from millrace.grafana.preview import build_pages, pages

FAKE_NPM = """#!/bin/sh
echo "$@" >> "$LOG"
case "$1" in
  ci) {ci} ;;
  run) mkdir dist && echo page > dist/index.html ;;
esac
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing but a shell, and an npm that a test may put there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "mkdir", "echo"):
        found = next(path for path in (Path("/bin"), Path("/usr/bin")) if (path / name).exists())
        (folder / name).symlink_to(found / name)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    return folder


def put_npm(tools: Path, ci: str = "exit 0") -> None:
    for name in ("npm", "node"):
        (tools / name).write_text(FAKE_NPM.replace("{ci}", ci))
        (tools / name).chmod(0o755)


def test_without_node_it_says_so_in_one_line(
    tools: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert build_pages(tmp_path / "cache") is None
    [line] = caplog.messages
    assert line.startswith("Node.js with npm was not found")


def test_its_lines_go_where_the_caller_wants_them(
    tools: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[str] = []
    build_pages(tmp_path / "cache", said.append)
    assert len(said) == 1
    assert caplog.messages == []


def test_it_builds_once(tools: Path, tmp_path: Path) -> None:
    put_npm(tools)
    built = build_pages(tmp_path / "cache")
    assert built == tmp_path / "cache" / "preview" / pages.key()
    assert (built / "index.html").read_text() == "page\n"
    assert build_pages(tmp_path / "cache") == built
    assert (tmp_path / "log").read_text().splitlines() == [
        "ci --ignore-scripts --no-audit --no-fund",
        "run build",
    ]
    assert [path.name for path in built.parent.iterdir()] == [pages.key()]


def test_changed_sources_are_built_again(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_npm(tools)
    first = build_pages(tmp_path / "cache")
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "package.json").write_text("{}")
    monkeypatch.setattr(pages, "SOURCES", tmp_path / "web")
    assert build_pages(tmp_path / "cache") != first


def test_a_failed_build_is_one_line_and_leaves_nothing(
    tools: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put_npm(tools, ci="echo npm error network; exit 7")
    assert build_pages(tmp_path / "cache") is None
    assert caplog.messages == [
        "npm ci --ignore-scripts failed (exit code 7: npm error network),"
        " so the dashboard page shows plain tables.",
    ]
    assert list((tmp_path / "cache" / "preview").iterdir()) == []


def test_a_build_without_an_end_is_given_up(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    put_npm(tools, ci="while :; do :; done")
    monkeypatch.setattr(pages, "PATIENCE", 0.2)
    assert build_pages(tmp_path / "cache") is None
    assert "no end after" in caplog.text


def test_a_cache_that_cannot_be_written_is_one_line(
    tools: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put_npm(tools)
    (tmp_path / "file").write_text("")
    assert build_pages(tmp_path / "file") is None
    assert "could not be built" in caplog.text


def test_the_lock_names_no_place_and_every_package_is_pinned() -> None:
    text = (pages.SOURCES / "package-lock.json").read_text()
    assert "://" not in text
    assert '"resolved"' not in text
    wanted = json.loads((pages.SOURCES / "package.json").read_text())
    for version in (wanted["dependencies"] | wanted["devDependencies"]).values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    grafana = {v for name, v in wanted["dependencies"].items() if name.startswith("@grafana/")}
    assert len(grafana) == 1
    locked = json.loads(text)["packages"]
    assert all("integrity" in entry for path, entry in locked.items() if path)


@pytest.mark.requirement("IDENT-27")
def test_the_sources_load_nothing_from_elsewhere() -> None:
    for path in pages.SOURCES.rglob("*"):
        if path.suffix in {".js", ".jsx", ".html", ".css"}:
            assert not re.search(r"https?://|//cdn", path.read_text()), path
