"""The golden examples go through the pipeline's own judgement, which knows the whole catalogue."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from millrace.schemas.catalogue_files import SHIPPED, load_catalogue
from millrace.schemas.event import Event
from millrace.streams.arbiter import Accepted, judge
from millrace.streams.refusal import Refusal

EXAMPLES = SHIPPED.parent / "examples"
CATALOGUE = load_catalogue()
#: 2026-03-01T14:31:30.250Z, the time of every example, in milliseconds.
RECEIVED = 1_772_375_490_250


def files(pattern: str) -> list[Any]:
    paths = sorted(EXAMPLES.glob(pattern))
    return [pytest.param(path, id=str(path.relative_to(EXAMPLES))) for path in paths]


@pytest.mark.requirement("IDENT-29", "LINK-01", "GAME-05", "WEBAPP-04", "WEBAPP-18")
@pytest.mark.parametrize("path", files("*/v1/*.json"))
def test_a_golden_example_is_stored_whole(path: Path) -> None:
    judged = judge(path.read_bytes(), RECEIVED, CATALOGUE)
    assert isinstance(judged, Accepted), judged
    assert judged.dropped == ()
    given = Event.model_validate_json(path.read_bytes())
    name = judged.namespace.aliases.get(given.name, given.name)
    assert judged.event == given.model_copy(update={"name": name})


@pytest.mark.requirement("GAME-02", "GAME-03", "IDENT-29", "METRIC-09", "WEBAPP-18")
@pytest.mark.parametrize("path", files("invalid/*.json"))
def test_an_invalid_example_is_refused_for_its_reason(path: Path) -> None:
    example = json.loads(path.read_bytes())
    judged = judge(json.dumps(example["record"]).encode(), RECEIVED, CATALOGUE)
    assert isinstance(judged, Refusal), judged
    assert judged.reason == example["reason"]


def test_a_personal_tag_never_passes() -> None:
    for name in ("api.requests", "user.orders", "auth.login.attempt", "webapp.page_view"):
        record = {
            "name": name,
            "occurred_at": "2026-03-01T14:31:30.250Z",
            "tags": {"email": "a@example.org", "user_id": "5", "User-Agent": "x", "ip": "::1"},
        }
        judged = judge(json.dumps(record).encode(), RECEIVED, CATALOGUE)
        assert isinstance(judged, Accepted)
        assert (judged.event.tags, judged.event.attributes) == ({}, {})
        assert judged.dropped == ("User-Agent", "email", "ip", "user_id")
