from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from random import Random

import msgspec
import pytest

from millrace.schemas import limits
from millrace.schemas.catalogue import Undeclared
from millrace.schemas.catalogue_files import load_catalogue
from millrace.schemas.event import Event
from millrace.streams.demo import game, host, identity, webapp
from millrace.streams.demo.faults import FAULTS, Faults
from millrace.streams.demo.links import Links
from millrace.streams.demo.moment import Document, Ids, Moment
from millrace.streams.demo.services import Services

#: Metadata that a real producer sends although it is not on the allow list.
UNWANTED = {"email", "client_host"}


def moment() -> Moment:
    return Moment(Random(1), time.time())


def documents(number: int) -> list[Document]:
    now, links = moment(), Links()
    made: list[Document] = [*host.readings(), *game.gauges(now)]
    for _ in range(number):
        now.unix += 0.05
        made += [game.event(now), identity.event(now), webapp.event(now), links.event(now)]
    return made


def test_every_event_is_in_the_contract_and_its_keys_in_the_catalogue() -> None:
    catalogue = load_catalogue()
    seen: set[str] = set()
    for document in documents(3000):
        event = Event.model_validate(document | {"occurred_at": "2026-01-01T00:00:00Z"})
        namespace, declaration = catalogue.resolve(event.tenant, event.name)
        seen.add(namespace.name)
        if declaration is not None:
            assert event.kind == declaration.kind
            assert set(event.tags) - UNWANTED <= declaration.tags, event.name
            assert set(event.attributes) - UNWANTED <= declaration.attributes, event.name
        else:
            assert namespace.name in ("default", "user"), event.name
    assert seen == {"default", "game", "identity", "links", "user", "webapp"}


def test_every_game_event_that_is_declared_is_simulated() -> None:
    declared = set(load_catalogue().namespaces["game"].events)
    assert {document["name"] for document in documents(3000)} >= declared


def test_series_stay_few() -> None:
    series = {
        (document.get("tenant"), document["name"], tuple(sorted(document["tags"].items())))
        for document in documents(20_000)
        if "tags" in document
    }
    assert len(series) < 2_000


def test_each_kind_of_bad_record_is_one() -> None:
    faults, now = Faults(), moment()
    for _ in FAULTS:
        document = webapp.event(now) | {"id": Ids().next(), "occurred_at": now.stamp()}
        line = faults.spoil(now, document)
        assert refused(line), line[:300]


def refused(line: bytes) -> bool:
    """Tell whether a worker refuses the record; its own tests say with which reason."""
    try:
        event = Event.model_validate(msgspec.json.decode(line))
    except ValueError:
        return True
    age = (datetime.now(UTC) - event.occurred_at).total_seconds()
    namespace, declaration = load_catalogue().resolve(event.tenant, event.name)
    return (
        len(line) > limits.EVENT_BYTES
        or not -limits.AHEAD_SECONDS < age < limits.AGE_SECONDS
        or (declaration is None and namespace.undeclared is Undeclared.CLOSED)
    )


def test_ids_are_unique_and_some_are_repeated_on_purpose() -> None:
    services = Services(seed=1)
    now = time.time()
    ids: Counter[str] = Counter()
    for tick in range(200):
        for line in services.lines(100, now + tick * 0.05):
            try:
                document = msgspec.json.decode(line)
            except ValueError:
                continue
            if isinstance(document, dict):
                ids[document["id"]] += 1
    repeated = sum(count - 1 for count in ids.values())
    assert 0.001 < repeated / ids.total() < 0.004


def test_as_many_lines_as_asked_for() -> None:
    services = Services(seed=1)
    assert [len(list(services.lines(number, 1e9))) for number in (1, 0, 57)] == [1, 0, 57]


def test_the_day_has_a_shape() -> None:
    def at(hour: int) -> float:
        return Moment(Random(1), hour * 3600).busy(peak_hour=20)

    assert at(20) == pytest.approx(1.0)
    assert at(8) == pytest.approx(0.2)
