"""Forgets the tokens of inserts that a kill kept from being stored.

A table of the plain MergeTree family writes down an insert's token before it gives the new part
its name. A process that is killed in between leaves a token without a part, and the repeat of the
insert would be taken for done. So before the embedded engine opens its files, tokens whose part is
nowhere are taken out of each table's ``deduplication_logs``. A replicated table has no such gap:
Keeper takes token and part in one transaction.
"""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

_PART: Final = re.compile(r"(?P<partition>.+?)_(?P<first>\d+)_(?P<last>\d+)_\d+(?:_\d+)?")
_ADDED: Final = "1"

Blocks = dict[str, list[tuple[int, int]]]  # partition -> the block numbers of its parts


def forget_ghosts(store: Path) -> int:
    """Mend every table below an engine's directory, which must not be open; returns how many."""
    ghosts = 0
    for logs in sorted(store.glob("store/*/*/deduplication_logs")):
        there = _blocks(logs.parent)
        for log in sorted(logs.glob("deduplication_log_*.txt")):
            ghosts += _mend(log, there)
    if ghosts:
        logger.warning("Forgot the tokens of %d inserts that were never stored.", ghosts)
    return ghosts


def _blocks(table: Path) -> Blocks:
    found: Blocks = defaultdict(list)
    for entry in table.iterdir():
        part = _PART.fullmatch(entry.name)
        if part and entry.is_dir() and not entry.name.startswith(("tmp", "delete_tmp")):
            found[part["partition"]].append((int(part["first"]), int(part["last"])))
    return found


def _mend(log: Path, there: Blocks) -> int:
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not _is_ghost(line, there)]
    if len(kept) < len(lines):
        mended = log.with_suffix(".mended")
        mended.write_text("".join(kept), encoding="utf-8")
        mended.replace(log)
    return len(lines) - len(kept)


def _is_ghost(line: str, there: Blocks) -> bool:
    operation, _, rest = line.rstrip("\n").partition("\t")
    part = _PART.fullmatch(rest.partition("\t")[0])
    if operation != _ADDED or part is None:
        return False
    first, last = int(part["first"]), int(part["last"])
    # A part that was merged since lies within another's block numbers.
    return not any(low <= first and last <= high for low, high in there.get(part["partition"], ()))
