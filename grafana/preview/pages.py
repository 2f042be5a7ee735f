"""Builds the preview page once with npm and keeps it in the cache; never stops a run."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

logger = logging.getLogger(__name__)

Say = Callable[[str], None]

SOURCES = Path(__file__).parent / "web"
#: Seconds for the slower of the two steps on a slow line.
PATIENCE = 900
_WITHOUT = "so the dashboard page shows plain tables"


def build_pages(cache: Path, say: Say = logger.warning) -> Path | None:
    """Return the folder with the built page, or None after one line that says why there is none.

    Blocks while npm runs: about a minute the first time, no time when the same sources are built
    already. Two processes that build at once do not disturb each other.
    """
    done = cache / "preview" / key()
    if (done / "index.html").is_file():
        return done
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        say(f"Node.js with npm was not found, {_WITHOUT}.")
        return None
    try:
        done.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="build-", dir=done.parent) as scratch:
            return _build(npm, Path(scratch), done, say)
    except OSError as error:
        say(f"The dashboard page could not be built ({error}), {_WITHOUT}.")
    return None


def key() -> str:
    """Return a name that changes whenever the page's sources or locked packages do."""
    digest = hashlib.sha256()
    for path in _files():
        digest.update(f"{path.relative_to(SOURCES).as_posix()}\0".encode())
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _files() -> list[Path]:
    return sorted(
        path
        for path in SOURCES.rglob("*")
        if path.is_file() and not {"node_modules", "dist"} & set(path.parts)
    )


def _build(npm: str, scratch: Path, done: Path, say: Say) -> Path | None:
    for path in _files():
        target = scratch / path.relative_to(SOURCES)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    commands = ([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], [npm, "run", "build"])
    for command in commands:
        reason = _failure(command, scratch)
        if reason:
            step = " ".join(command[1:3])
            say(f"npm {step} failed ({reason}), {_WITHOUT}.")
            return None
    try:
        (scratch / "dist").rename(done)
    except OSError:
        if not (done / "index.html").is_file():  # else another process was faster
            raise
    return done


def _failure(command: list[str], folder: Path) -> str:
    """Run one step and return why it failed, or nothing."""
    try:
        result = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "NODE_ENV": "", "CI": "true"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no end after {PATIENCE} s"
    if result.returncode == 0:
        return ""
    lines = result.stdout.decode(errors="replace").strip().splitlines()
    faults = [line for line in lines if "error" in line.lower()] or lines or ["no output"]
    return f"exit code {result.returncode}: {faults[0].strip()[:200]}"
