from __future__ import annotations

from millrace.streams.co_partitions import partitioned_unlike
from millrace.streams.settings import KafkaSettings
from millrace.streams.topics import Topics, declarations

TOPICS = Topics()
WANTED = declarations(KafkaSettings(partitions=1))


def test_events_and_what_is_made_of_them_share_their_layout() -> None:
    assert [one.name for one in WANTED if one.co_partitioned] == [
        TOPICS.events,
        TOPICS.dead_letters,
        TOPICS.windows,
        TOPICS.live,
    ]


def test_only_the_topics_of_the_layout_are_compared() -> None:
    numbers = {one.name: 8 if one.co_partitioned else 1 for one in WANTED}
    assert partitioned_unlike(WANTED, numbers) == ""


def test_a_topic_that_was_grown_alone_is_named_with_all_numbers() -> None:
    numbers = {one.name: 4 for one in WANTED} | {TOPICS.events: 8}
    said = partitioned_unlike(WANTED, numbers)
    assert "telemetry.events 8" in said
    assert "telemetry.live 4" in said
    assert TOPICS.audit not in said


def test_what_does_not_exist_yet_is_not_unlike() -> None:
    assert partitioned_unlike(WANTED, {TOPICS.events: 8}) == ""
    assert partitioned_unlike(WANTED, {}) == ""
