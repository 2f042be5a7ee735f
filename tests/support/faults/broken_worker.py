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
from millrace.streams.transport import Offsets
from millrace.streams.windows import Windows

_commit: Any = Offsets.commit
_load: Any = Windows.load
_advance: Any = Windows.advance


async def _without_intent(self: Offsets, tp: Any, offset: int, metadata: str, *rest: Any) -> Any:
    return await _commit(self, tp, offset, "", *rest)


async def _commit_first(self: Offsets, tp: Any, offset: int, metadata: str, *rest: Any) -> Any:
    intent = parse_intent(metadata)
    return await _commit(self, tp, intent.end if intent else offset, "", *rest)


def _load_as_if_nothing_were_in(
    self: Windows, records: Mapping[bytes, bytes], position: int
) -> None:
    nothing, own = b'"through_offset":0', b'["partition",'
    _load(
        self,
        {
            key: value if key.startswith(own) else re.sub(rb'"through_offset":\d+', nothing, value)
            for key, value in records.items()
        },
        position,
    )


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
            patch.object(Windows, "load", _load_as_if_nothing_were_in).start()
        case "windows-forget":
            patch.object(Windows, "advance", _advance_without_own_record).start()
        case _:
            sys.exit(f"{how} is not a way to break a worker")


if __name__ == "__main__":
    break_worker(sys.argv[1])
    main(["worker"])
