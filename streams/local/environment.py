"""Hands one process's settings to another as environment variables, whole and unambiguous."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from millrace.streams.settings import PREFIX, Settings


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


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case SecretStr():
            return value.get_secret_value()
        case Path():
            return str(value.resolve())
        case Mapping():
            return json.dumps(value)
        case _:
            return str(value)
