"""What was released stays readable: golden examples, committed JSON Schemas, pinned fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from json_schema_check import valid
from pydantic import ValidationError

from millrace.schemas import limits
from millrace.schemas.catalogue import Undeclared
from millrace.schemas.catalogue_files import SHIPPED, load_catalogue
from millrace.schemas.event import Event
from millrace.schemas.generate import FOLDER, MODELS, render, write
from millrace.schemas.reasons import Reason

EXAMPLES = SHIPPED.parent / "examples"
CATALOGUE = load_catalogue()

#: Fields of version 1, with the required ones apart. A field may be added here, never removed, and
#: none may move to the required ones: what was written yesterday must decode tomorrow.
EVENT_REQUIRED = {"name", "occurred_at"}
EVENT_OPTIONAL = {
    "schema_version",
    "id",
    "tenant",
    "kind",
    "measurements",
    "value",
    "tags",
    "attributes",
    "unit",
    "source",
    "entity",
    "actor",
    "aggregation",
    "traceparent",
    "label",
}
#: What the records of windows and live values have in common.
MEASURED = {"tenant", "name", "measurement", "log", "partition", "through_offset"}
#: Records of our own: each is read by later versions, so none may lose or newly demand a field.
RECORDS = {
    "dead_letter": (
        {"log", "topic", "partition", "offset", "received_at", "reason", "message", "size"},
        {"tenant", "namespace", "name", "field", "payload"},
    ),
    "ledger": (
        {"log", "topic", "partition", "first_offset", "end_offset", "delivered", "stored"}
        | {"rejected", "duplicate", "catalogue", "flushed_at"},
        {"first_day", "last_day", "refused"},
    ),
    "window": (
        MEASURED
        | {"size", "start", "count", "sum", "min", "max", "last", "last_at"}
        | {"histogram", "final"},
        {"tags", "revision", "late"},
    ),
    "window_progress": ({"log", "partition", "now", "before"}, set[str]()),
    "live_value": (
        MEASURED | {"kind", "value", "last_at", "expires_at"},
        {"tags", "observations", "time_steps"},
    ),
    "live_progress": ({"log", "partition", "through_offset"}, set[str]()),
}
VERSION_1 = {"event": (EVENT_REQUIRED, EVENT_OPTIONAL), **RECORDS}


def files(pattern: str) -> list[Any]:
    paths = sorted(EXAMPLES.glob(pattern))
    return [pytest.param(path, id=str(path.relative_to(EXAMPLES))) for path in paths]


def committed(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return schema


@pytest.mark.drift
@pytest.mark.parametrize("name", MODELS)
def test_the_committed_json_schema_is_fresh(name: str) -> None:
    text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert text == render(MODELS[name]), "run: python -m millrace.schemas.generate"


def test_the_generator_writes_one_file_a_model(tmp_path: Path) -> None:
    assert {path.stem for path in write(tmp_path / "new")} == set(MODELS)
    assert {path.stem for path in FOLDER.glob("*.json")} == set(MODELS)


@pytest.mark.parametrize("name", VERSION_1)
def test_version_1_loses_no_field_and_demands_no_new_one(name: str) -> None:
    required, optional = VERSION_1[name]
    schema = committed(name)
    lost = (required | optional) - set(schema["properties"])
    demanded = set(schema["required"]) - required
    assert not lost, f"{name} no longer takes {sorted(lost)}; raise schema_version instead"
    assert not demanded, f"{name} newly demands {sorted(demanded)}; raise schema_version instead"
    new = set(schema["properties"]) - required - optional
    assert not new, f"pin the new fields of {name} here: {sorted(new)}"


def test_the_pinned_version_is_the_current_one() -> None:
    assert limits.SCHEMA_VERSION == 1


@pytest.mark.parametrize("path", files("*/v*/*.json"))
def test_a_golden_example_decodes_for_ever(path: Path) -> None:
    raw = path.read_text(encoding="utf-8")
    event = Event.model_validate_json(raw)
    assert path.parent.name == f"v{event.schema_version}"
    namespace, declaration = CATALOGUE.resolve(event.tenant, event.name)
    assert namespace.name == path.parent.parent.name
    assert namespace.accepts_name(event.name)
    if declaration is None:
        assert namespace.undeclared is Undeclared.OPEN
        assert not {key.lower() for key in event.tags} & namespace.deny
        return
    assert event.kind is declaration.kind
    assert set(event.tags) <= declaration.tags
    assert set(event.attributes) <= declaration.attributes
    assert set(event.measurements) <= {*declaration.measurements, "value", "count"}


@pytest.mark.parametrize("path", files("*/v*/*.json"))
def test_a_golden_example_satisfies_the_json_schema(path: Path) -> None:
    assert valid(committed("event"), json.loads(path.read_text(encoding="utf-8")))


def test_every_closed_namespace_has_examples_of_every_family() -> None:
    names = {
        json.loads(path.read_text(encoding="utf-8"))["name"]
        for path in EXAMPLES.glob("*/v1/*.json")
    }
    for name in ("game", "links", "webapp"):
        assert set(CATALOGUE.namespaces[name].events) <= names
    families = {name.split(".")[0] for name in CATALOGUE.namespaces["identity"].events}
    # oauth and rebac are of the families oidc and authz, qstash is of the webhooks.
    assert families - {"oauth", "rebac", "qstash"} <= {name.split(".")[0] for name in names}


@pytest.mark.requirement("METRIC-05", "METRIC-06", "METRIC-08", "METRIC-09", "METRIC-12")
@pytest.mark.parametrize("path", files("invalid/*.json"))
def test_an_invalid_example_is_refused_for_its_reason(path: Path) -> None:
    example = json.loads(path.read_text(encoding="utf-8"))
    record, reason = example["record"], Reason(example["reason"])
    if reason is Reason.UNKNOWN_NAME:
        event = Event.model_validate(record)
        namespace, declaration = CATALOGUE.resolve(event.tenant, event.name)
        assert declaration is None
        assert namespace.undeclared is Undeclared.CLOSED
        return
    with pytest.raises(ValidationError) as caught:
        Event.model_validate_json(json.dumps(record))
    assert not valid(committed("event"), record) or reason is Reason.INVALID_FIELD
    kind = caught.value.errors()[0]["type"]
    if reason is Reason.NOT_AN_OBJECT:
        assert kind == "model_type"
    elif reason is not Reason.INVALID_FIELD:
        assert kind == reason
    else:
        assert kind not in set(Reason) - {Reason.INVALID_FIELD}
