"""Hands one process's settings to another as environment variables, whole and unambiguous."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, SecretStr

from millrace.streams.local.data_directory import in_use
from millrace.streams.settings import PREFIX, Settings

_FILE: Final = "environment.json"


def environment_of(settings: Settings, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return ``inherited`` with every ``MILLRACE_*`` variable replaced by these settings."""
    environment = {key: value for key, value in inherited.items() if not key.startswith(PREFIX)}
    for name, info in Settings.model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            for field, details in type(value).model_fields.items():
                variable = f"{PREFIX}{name}__{details.alias or field}".upper()
                environment[variable] = _text(getattr(value, field))
        elif name == "catalogue":
            files = [str(file.resolve()) for file in settings.catalogue_files]
            environment[f"{PREFIX}CATALOGUE"] = os.pathsep.join(files)
        else:
            environment[f"{PREFIX}{info.alias or name}".upper()] = _text(value)
    return environment


@contextmanager
def published_environment(data: Path, settings: Settings) -> Iterator[None]:
    """Leave these settings in the directory while the block runs, for ``read_environment``."""
    file = data / _FILE
    file.unlink(missing_ok=True)  # a killed pipeline's
    # It holds the key of the pseudonyms: for the owner's eyes only, from the first byte on.
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        json.dump(environment_of(settings, {}), output, indent=2)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def read_environment(data: Path) -> dict[str, str] | None:
    """Return the ``MILLRACE_*`` variables of the pipeline that runs on ``data``, if one does."""
    if not in_use(data):
        return None
    try:
        variables: dict[str, str] = json.loads((data / _FILE).read_text())
    except (OSError, ValueError):  # it has just begun, or is ending
        return None
    return variables


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case SecretStr():
            return value.get_secret_value()
        case Path():
            return str(value.resolve())
        case Mapping() | tuple():
            return json.dumps(value)
        case _:
            return str(value)
