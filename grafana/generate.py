"""Writes the registered dashboards as the JSON files that Grafana provisions and reviewers read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from millrace.grafana.foundation import encoder
from millrace.grafana.generated import FOLDER
from millrace.grafana.registry import DASHBOARDS


def render() -> dict[str, str]:
    """Return file name to contents, the same text on every machine."""
    texts = {}
    for uid, build in DASHBOARDS.items():
        texts[f"{uid}.json"] = encoder.JSONEncoder(sort_keys=True, indent=2).encode(build()) + "\n"
    return texts


def write(folder: Path = FOLDER) -> list[str]:
    """Write what changed, remove what is no longer registered, and name both."""
    texts = render()
    changed = []
    for name, text in texts.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(name)
    for path in sorted(folder.glob("*.json")):
        if path.name not in texts:
            path.unlink()
            changed.append(path.name)
    return changed


def drift(folder: Path = FOLDER) -> Iterator[str]:
    """Yield one sentence for each committed file that differs from the code."""
    texts = render()
    for name, text in texts.items():
        path = folder / name
        if not path.exists():
            yield f"{name} is missing; run: millrace dashboards build"
        elif path.read_text(encoding="utf-8") != text:
            yield f"{name} differs from the code; run: millrace dashboards build"
    for path in sorted(folder.glob("*.json")):
        if path.name not in texts:
            yield f"{path.name} belongs to no dashboard; run: millrace dashboards build"
