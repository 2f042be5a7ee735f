"""Which installation a command speaks to: the environment's, or a running local pipeline's."""

from __future__ import annotations

import os
from pathlib import Path

from millrace.schemas.errors import ConfigurationError
from millrace.streams.local.environment import read_environment
from millrace.streams.settings import Settings, load_settings


def settings_of(data: Path | None) -> Settings:
    """Return the settings of the environment, or of the pipeline that runs on ``data``.

    Raises ConfigurationError when nothing runs there.
    """
    if data is None:
        return load_settings()
    found = read_environment(data)
    if found is None:
        raise ConfigurationError(
            f"No pipeline runs on {data}: start one with millrace up --data {data}"
        )
    os.environ.update(found)
    return load_settings()
