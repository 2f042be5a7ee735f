"""How a process talks about itself: sentences on stderr, or one JSON object a line.

No log line holds anything of an event's content.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Final

from millrace.streams.settings import LogSettings

#: Whose own news at INFO is noise to an operator: libraries, and Faust speaking as our transport.
_CHATTY: Final = (
    *("aiokafka", "faust", "mode", "asyncio", "kafka", "clickhouse_connect"),
    "millrace.streams.transport",
)


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message and, of a failure, the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def configure_logs(settings: LogSettings) -> None:
    """Send this process's logs to stderr. Called once, at its entry."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(JsonLines() if settings.json_lines else text)
    logging.basicConfig(level=settings.level, handlers=[handler], force=True)
    if settings.level != "DEBUG":
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)
