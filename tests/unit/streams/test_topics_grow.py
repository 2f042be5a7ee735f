from __future__ import annotations

import pytest

from millrace.schemas.errors import ConfigurationError
from millrace.streams.topics_grow import growth

TOGETHER = ("events", "dead-letters", "windows", "live")


def numbers(events: int, others: int = 4) -> dict[str, int]:
    return {name: events if name == "events" else others for name in TOGETHER}


def test_the_events_are_grown_last() -> None:
    planned = growth(TOGETHER, numbers(4), 8)
    assert (planned.partitions, list(planned.steps)) == (8, list(reversed(TOGETHER)))


def test_what_was_interrupted_is_completed() -> None:
    halfway = numbers(4) | {"live": 8, "windows": 8}
    assert dict(growth(TOGETHER, halfway, 8).steps) == {"dead-letters": 4, "events": 4}
    assert dict(growth(TOGETHER, halfway, None).steps) == {"dead-letters": 4, "events": 4}


def test_events_that_were_grown_alone_are_followed_by_the_others() -> None:
    planned = growth(TOGETHER, numbers(6), None)
    assert planned.partitions == 6
    assert dict(planned.steps) == {"live": 4, "windows": 4, "dead-letters": 4}


def test_nothing_is_left_to_do() -> None:
    assert not growth(TOGETHER, numbers(4), 4).steps
    assert not growth(TOGETHER, numbers(4), None).steps


def test_partitions_are_never_taken_away() -> None:
    with pytest.raises(ConfigurationError, match=r"events has 6 partitions .* ask for 6 or more"):
        growth(TOGETHER, numbers(6), 5)


def test_topics_must_exist() -> None:
    with pytest.raises(ConfigurationError, match="do not exist: live; start a worker"):
        growth(TOGETHER, {name: 4 for name in TOGETHER if name != "live"}, 8)
