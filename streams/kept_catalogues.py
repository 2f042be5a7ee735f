"""Reads back the catalogue that decided about a range, which may not be the one of today."""

from __future__ import annotations

from millrace.schemas.catalogue import Catalogue
from millrace.schemas.catalogue_files import parse_canonical
from millrace.schemas.errors import ConfigurationError
from millrace.streams.recall import Tables

_CONTENTS = "SELECT contents FROM catalogues WHERE fingerprint = {fingerprint:String} LIMIT 1"


def kept_catalogue(store: Tables, fingerprint: str) -> Catalogue:
    """Return the kept catalogue of a fingerprint; ConfigurationError when there is none."""
    found = store.rows(_CONTENTS, {"fingerprint": fingerprint})
    if not found:
        raise ConfigurationError(
            f"The catalogue {fingerprint[:12]} that a range was begun with is not in the store's"
            " table catalogues; restore it from a backup or from the worker that began the range"
        )
    return parse_canonical(found[0][0])
