"""Keeps the catalogue that decides about a range, and reads it back when it is no more today's."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import pyarrow as pa

from millrace.schemas.catalogue import Catalogue
from millrace.schemas.catalogue_files import canonical, parse_canonical
from millrace.schemas.errors import ConfigurationError
from millrace.streams.recall import Tables

_CONTENTS = "SELECT contents FROM catalogues WHERE fingerprint = {fingerprint:String} LIMIT 1"


class Keeping(Protocol):
    """What is asked of the store to keep one."""

    def insert(self, table: str, batch: pa.RecordBatch, token: str) -> None:
        """Insert one record batch as one block."""


def kept_catalogue(store: Tables, fingerprint: str) -> Catalogue:
    """Return the kept catalogue of a fingerprint; ConfigurationError when there is none."""
    found = store.rows(_CONTENTS, {"fingerprint": fingerprint})
    if not found:
        raise ConfigurationError(
            f"The catalogue {fingerprint[:12]} that a range was begun with is not in the store's"
            " table catalogues; restore it from a backup or from the worker that began the range"
        )
    return parse_canonical(found[0][0])


def keep_catalogue(store: Keeping, catalogue: Catalogue, at: datetime) -> None:
    """Keep a catalogue under its fingerprint, before the first intent or job names it."""
    row = pa.RecordBatch.from_arrays(
        [
            pa.array([catalogue.fingerprint]),
            pa.array([canonical(catalogue)]),
            pa.array([at], pa.timestamp("ms", "UTC")),
        ],
        names=["fingerprint", "contents", "created_at"],
    )
    store.insert("catalogues", row, f"catalogue:{catalogue.fingerprint}")
