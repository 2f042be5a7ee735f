"""The committed dashboard JSON, readable without the SDK that made it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@cache
def dashboards() -> dict[str, dict[str, Any]]:
    """Return every committed dashboard by uid; do not change what it returns."""
    found = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json")))
    return {board["uid"]: board for board in found}
