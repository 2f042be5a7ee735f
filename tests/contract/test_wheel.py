"""The wheel and the sdist hold every source and nothing else, and work where nothing else is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from repository import COMPONENTS, REPO, files, name


def shipped_sources() -> set[str]:
    """Return every file of the components; only pages for readers of the repository stay behind."""
    return {
        name(path)
        for path in files()
        if name(path).split("/")[0] in COMPONENTS and path.suffix != ".md"
    }


def run(*command: str | Path, cwd: Path, environment: dict[str, str] | None = None) -> str:
    """Run a command that must succeed; a failure shows what it printed."""
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist from the repository and the wheel from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, REPO, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (found,) = dist.glob("*.whl")
    return found


def test_wheel_holds_every_source_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {entry for entry in archive.namelist() if ".dist-info/" not in entry}
    assert names == {f"millrace/{source}" for source in shipped_sources()}


def test_sdist_holds_what_a_build_needs_and_no_rubbish(dist: Path) -> None:
    (path,) = dist.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {entry.name.partition("/")[2] for entry in archive if entry.isfile()}
    assert names >= shipped_sources() | {"pyproject.toml", "setup.py", "README.md", "LICENSE"}
    assert [entry for entry in names if "__pycache__" in entry or "node_modules" in entry] == []


def test_wheel_names_its_licence_and_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        info = next(entry for entry in archive.namelist() if entry.endswith("/METADATA"))
        metadata = archive.read(info).decode()
        commands = archive.read(info.replace("METADATA", "entry_points.txt")).decode()
    assert "License-Expression: Apache-2.0" in metadata
    assert "millrace = millrace.streams.cli:main" in commands


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel with its runtime dependencies, and no extra, into a virtual environment."""
    folder = tmp_path_factory.mktemp("installed")
    constraints = folder / "constraints.txt"
    pins = re.findall(r"^[\w.-]+==[^\\\n]+", (REPO / "requirements.lock").read_text(), re.MULTILINE)
    constraints.write_text("\n".join(pins))
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    # Whatever is imported is compiled then; the rest of the dependencies need not be.
    install = ("-m", "pip", "install", "-q", "--no-compile", "-c")
    run(python, *install, constraints, wheel, cwd=folder)
    return folder / "venv" / "bin"


@pytest.mark.integration
@pytest.mark.timeout(600)
@pytest.mark.requirement("GAME-59")
@pytest.mark.parametrize("arguments", [("--help",), ("catalogue", "list")])
def test_command_works_without_the_repository(
    installed: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    bare = {key: value for key, value in os.environ.items() if key in {"HOME", "LANG"}}
    bare["PATH"] = os.defpath
    assert run(installed / "millrace", *arguments, cwd=tmp_path, environment=bare).strip()
