"""The committed JSON of dashboards and alerts, readable without the SDK that made it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@cache
def dashboards(language: str = "en") -> dict[str, dict[str, Any]]:
    """Return every committed dashboard of a language by uid; do not change what it returns."""
    paths = sorted((FOLDER / language).glob("*.json"))
    found = (json.loads(path.read_text(encoding="utf-8")) for path in paths)
    return {board["uid"]: board for board in found}


@cache
def alerts(language: str = "en") -> dict[str, dict[str, Any]]:
    """Return every committed alert rule of a language by uid; do not change what it returns."""
    paths = sorted((FOLDER / "alerts" / language).glob("*.json"))
    files = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return {
        rule["uid"]: rule for file in files for group in file["groups"] for rule in group["rules"]
    }
