"""What each colour means, the same on every dashboard."""

from __future__ import annotations

from typing import Final

SUCCESS: Final = "#22c55e"
ERROR: Final = "#ef4444"
WARNING: Final = "#eab308"
PRIMARY: Final = "#3b82f6"
SECONDARY: Final = "#a855f7"
NEUTRAL: Final = "#6b7280"
