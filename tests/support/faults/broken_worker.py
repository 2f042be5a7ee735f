"""Runs a worker whose protocol is broken on purpose: ``python broken_worker.py HOW``.

Shows that the suite notices. Nothing in the worker knows of it; what is patched is named here only.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

from millrace.streams.cli import main
from millrace.streams.doctor import store as doctor_store
from millrace.streams.intent import parse_intent
from millrace.streams.live import Live
from millrace.streams.transport import Offsets
from millrace.streams.windows import Windows

_commit: Any = Offsets.commit
_load_live: Any = Live.load
_load_windows: Any = Windows.load
_advance: Any = Windows.advance


async def _without_intent(self: Offsets, tp: Any, offset: int, metadata: str, *rest: Any) -> Any:
    return await _commit(self, tp, offset, "", *rest)


async def _commit_first(self: Offsets, tp: Any, offset: int, metadata: str, *rest: Any) -> Any:
    intent = parse_intent(metadata)
    return await _commit(self, tp, intent.end if intent else offset, "", *rest)


def _as_if_nothing_were_in(records: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    nothing, own = b'"through_offset":0', b'["partition",'
    return {
        key: value if key.startswith(own) else re.sub(rb'"through_offset":\d+', nothing, value)
        for key, value in records.items()
    }


def _load_windows_twice(self: Windows, records: Mapping[bytes, bytes], position: int) -> None:
    _load_windows(self, _as_if_nothing_were_in(records), position)


def _load_live_twice(self: Live, records: Mapping[bytes, bytes]) -> Any:
    return _load_live(self, _as_if_nothing_were_in(records))


def _advance_without_own_record(self: Windows, *arguments: Any) -> Any:
    step = _advance(self, *arguments)
    step.records.pop()
    return step


def break_worker(how: str) -> None:
    """Patch the worker of this process."""
    match how:
        case "skip-intent":
            patch.object(Offsets, "commit", _without_intent).start()
        case "commit-first":
            patch.object(Offsets, "commit", _commit_first).start()
        case "narrow-view":
            # The window of a table is gone; the worker would say so and not start.
            patch.object(doctor_store, "judge_windows", lambda *_: iter(())).start()
        case "windows-twice":
            patch.object(Windows, "load", _load_windows_twice).start()
        case "live-twice":
            patch.object(Live, "load", _load_live_twice).start()
        case "windows-forget":
            patch.object(Windows, "advance", _advance_without_own_record).start()
        case _:
            sys.exit(f"{how} is not a way to break a worker")


if __name__ == "__main__":
    break_worker(sys.argv[1])
    main(["worker"])
