"""Patterns that a catalogue sets for names, matched in linear time.

The engine is pydantic's (Rust's regex): it knows no back-references and no look-around, and so no
pattern that a user writes can stall a worker on a crafted name.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic_core import SchemaError

from millrace.schemas.errors import CatalogueError


def fits(pattern: str, name: str) -> bool:
    """Tell whether the whole name matches the pattern.

    Raises CatalogueError when the pattern itself cannot be used.
    """
    try:
        _compiled(pattern).validate_python(name)
    except ValidationError:
        return False
    return True


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> TypeAdapter[str]:
    try:
        _adapter(pattern)  # alone first: brackets of its own must not close ours
        return _adapter(rf"\A(?:{pattern})\z")
    except SchemaError:
        raise CatalogueError(
            f"The pattern {pattern!r} is not a regular expression that can be matched in linear"
            " time; leave out look-around and back-references and close every bracket"
        ) from None


def _adapter(pattern: str) -> TypeAdapter[str]:
    return TypeAdapter(Annotated[str, StringConstraints(strict=True, pattern=pattern)])
