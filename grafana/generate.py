"""Writes dashboards and alert rules as the JSON files that Grafana provisions and reviewers read.

One folder a language, the same uids in each: an installation provisions one of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from millrace.grafana import translate
from millrace.grafana.alerts import generate as alerts
from millrace.grafana.foundation import encoder
from millrace.grafana.generated import FOLDER
from millrace.grafana.registry import DASHBOARDS


def render() -> dict[str, str]:
    """Return each path below the folder with its contents, the same on every machine.

    Raises TextError.
    """
    files, faults = _render()
    if faults:
        raise translate.TextError("\n".join(faults))
    return files


def _render() -> tuple[dict[str, str], list[str]]:
    """Everything that can be written, and what keeps the rest from it."""
    files: dict[str, str] = {}
    plain, faults = _plain()
    for template, contents in plain.items():
        for language in translate.LANGUAGES:
            path = template.format(language)
            known = None if language == translate.SOURCE else translate.texts(language)
            try:
                board = translate.translated(contents, known)
            except translate.TextError as error:
                faults.append(f"{path.removesuffix('.json')}: {error}")
                continue
            text = json.dumps(board, sort_keys=True, indent=2, ensure_ascii=False)
            files[path] = text + "\n"
    return files, faults


def _plain() -> tuple[dict[str, Any], list[str]]:
    """Everything in the source language, by its path with a place for the language, and faults."""
    boards = {
        uid: json.loads(encoder.JSONEncoder(sort_keys=True).encode(build()))
        for uid, build in DASHBOARDS.items()
    }
    plain: dict[str, Any] = {f"{{}}/{uid}.json": board for uid, board in boards.items()}
    try:
        plain |= {f"alerts/{{}}/{name}": rules for name, rules in alerts.files(boards)}
    except LookupError as error:
        return plain, [str(error)]
    return plain, []


def unused_texts() -> Iterator[str]:
    """Yield one sentence for each translation of a text that nothing has."""
    used: set[str] = set()
    for contents in _plain()[0].values():
        used |= translate.used(contents)
    for language in translate.LANGUAGES[1:]:
        for text in translate.texts(language):
            if text not in used:
                yield f"{language}: nothing says {text!r} any more; remove its translation"


def write(folder: Path = FOLDER) -> list[str]:
    """Write what changed, remove what is no longer registered, and name both.

    Raises TextError for what lacks a translation, after all the rest has been written.
    """
    files, faults = _render()
    changed = []
    for name, text in files.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(name)
    if faults:
        raise translate.TextError("\n".join(faults))
    for name in sorted(_stray(folder, files)):
        (folder / name).unlink()
        changed.append(name)
    return changed


def drift(folder: Path = FOLDER) -> Iterator[str]:
    """Yield one sentence for each committed file that differs from the code."""
    files, faults = _render()
    yield from faults
    for name, text in files.items():
        path = folder / name
        if not path.exists():
            yield f"{name} is missing; run: millrace dashboards build"
        elif path.read_text(encoding="utf-8") != text:
            yield f"{name} differs from the code; run: millrace dashboards build"
    if not faults:
        for name in sorted(_stray(folder, files)):
            yield f"{name} belongs to nothing; run: millrace dashboards build"
        yield from unused_texts()


def _stray(folder: Path, files: dict[str, str]) -> set[str]:
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.json")}
    return there - files.keys()
