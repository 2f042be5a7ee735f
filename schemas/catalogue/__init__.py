"""The catalogue: which events exist, what they may carry and how each namespace treats them.

A namespace owns exact names and prefixes, for all tenants or for those it lists; the longest match
wins; a name that none owns belongs to ``default``. The TOML files beside this module are read by
:mod:`millrace.schemas.catalogue_files`.
"""

from __future__ import annotations

from millrace.schemas.catalogue.model import (
    DEFAULT_NAMESPACE,
    Catalogue,
    Declaration,
    LongValues,
    Namespace,
    OverBudget,
    Scalars,
    Undeclared,
)

__all__ = [
    "DEFAULT_NAMESPACE",
    "Catalogue",
    "Declaration",
    "LongValues",
    "Namespace",
    "OverBudget",
    "Scalars",
    "Undeclared",
]
