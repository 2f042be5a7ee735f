"""Writes the JSON Schemas that are committed: ``python -m millrace.schemas.generate``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from millrace.schemas.dead_letter import DeadLetter
from millrace.schemas.event import Event
from millrace.schemas.ledger import LedgerRow
from millrace.schemas.window import LiveProgress, LiveValue, Window, WindowProgress

FOLDER: Final = Path(__file__).parent / "jsonschema"

MODELS: Final[Mapping[str, type[BaseModel]]] = {
    "event": Event,
    "dead_letter": DeadLetter,
    "ledger": LedgerRow,
    "window": Window,
    "window_progress": WindowProgress,
    "live_value": LiveValue,
    "live_progress": LiveProgress,
}


def render(model: type[BaseModel]) -> str:
    """Return the JSON Schema of what the model accepts, as it is committed."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(mode="validation"),
    }
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def write(folder: Path = FOLDER) -> list[Path]:
    """Write one file for each model and return them."""
    folder.mkdir(exist_ok=True)
    paths = []
    for name, model in MODELS.items():
        path = folder / f"{name}.json"
        path.write_text(render(model), encoding="utf-8")
        paths.append(path)
    return paths


if __name__ == "__main__":
    for written in write():
        print(written.name)
