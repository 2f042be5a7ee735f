"""Windows and live values of workers that are killed, join and leave; and of the clock alone.

``settle`` holds everything against the reference; here is what it takes to get there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from faults.feed import SteadyFeed
from faults.scene import Scene
from faults.verify_live import held
from faults.verify_windows import Life, read_lives, read_topic
from window_reference import Place

from millrace.streams.settings import WindowSettings
from millrace.streams.topics import Topics

pytestmark = [pytest.mark.e2e, pytest.mark.integration, pytest.mark.timeout(600)]

WEEK = timedelta(days=7)
#: The events of a case lie behind it, so that the log's clock never holds the watermark back.
BEFORE = timedelta(minutes=3)
SHARES = (1_200,) * 3
#: No pause of a case is as long as that.
NEVER = 3_600.0


def steady(one: Scene, seed: int, start: datetime) -> None:
    """Let a case's events happen one after another."""
    one.feeds = [SteadyFeed(one.kafka, seed, start)]


def lives(one: Scene) -> list[Life]:
    return one.stage.run(read_lives(one.settings, one.feed))


def wait_until_stored(one: Scene) -> None:
    published = one.published()
    one.wait(lambda: one.accounted() >= published, "all to be stored")


@pytest.mark.requirement("METRIC-67")
def test_windows_of_workers_that_come_and_go(scene: Callable[..., Scene]) -> None:
    windows = WindowSettings(lateness=1, correction=10, idle=NEVER)
    one = scene(session_timeout=2.0, max_rows=200, windows=windows)
    seed, start = one.random.getrandbits(64), datetime.now(UTC).replace(second=0, microsecond=0)
    steady(one, seed, start - BEFORE)
    workers = [one.start("one"), one.start("two")]
    for number, share in enumerate(SHARES):
        one.publish_aside(share)
        reached = round(share * (number + one.random.uniform(0.1, 0.8)))
        one.wait(lambda reached=reached: one.accounted() >= reached, "the next share")  # type: ignore[misc]
        if number == len(SHARES) - 1:
            one.wait(lambda: workers[0].up, "the one that leaves to be up")
            assert workers[0].terminate() == 0
        else:
            one.kill(workers.pop(0))
            workers.append(one.start(f"next{number}"))
    wait_until_stored(one)
    one.wait(lambda: live_is_through(one), "live values of everything")
    one.settle()
    found = lives(one)
    assert any(window.revision for life in found for window in life.last.values())
    assert all(life.own and life.own.now.too_late for life in found)

    again = scene("the same events a week later", windows=windows)
    steady(again, seed, start - BEFORE - WEEK)
    for share in SHARES:
        again.publish(share)
    again.settle()
    assert contents(lives(again), WEEK) == contents(lives(one))
    assert {life.partition: life.own.now.too_late for life in lives(again) if life.own} == {
        life.partition: life.own.now.too_late for life in lives(one) if life.own
    }


def live_is_through(one: Scene) -> bool:
    """Tell whether every partition has published live values of all its events."""
    ends = {part: account.end for part, account in one.feed.accounts.items()}
    found = one.stage.run(read_topic(one.kafka, Topics(one.kafka.topic_prefix).live, ends))
    standing = {part: held(found[part])[0] for part in ends}
    return {part: own.through_offset for part, own in standing.items() if own} == ends


def contents(
    lives: list[Life], later: timedelta = timedelta(0)
) -> Mapping[tuple[int, Place], Mapping[str, Any]]:
    """What every window came to, as if it had happened so much later."""
    return {
        (life.partition, place._replace(start=place.start + round(later.total_seconds()))): {
            **window.model_dump(exclude={"log", "through_offset", "revision", "start"}),
            "last_at": window.last_at + later,
        }
        for life in lives
        for place, window in life.last.items()
    }


def test_the_clock_closes_windows_and_takes_them_away(scene: Callable[..., Scene]) -> None:
    windows = WindowSettings(sizes=(1, 3), lateness=1, correction=2, idle=1)
    one = scene(partitions=2, session_timeout=2.0, max_rows=300, windows=windows)
    start = datetime.now(UTC).replace(second=0, microsecond=0) - BEFORE
    steady(one, one.random.getrandbits(64), start)
    first = one.start("first")
    one.publish(1_200)
    wait_until_stored(one)
    one.wait(lambda: all(life.moves for life in lives(one)), "the clock to close windows")
    one.kill(first)
    one.start("second")
    one.wait(lambda: not any(life.held for life in lives(one)), "windows to be taken away")
    assert all(window.final for life in lives(one) for window in life.last.values())
    before = {(life.partition, place) for life in lives(one) for place in life.last}
    # The next ones happened while the watermark had gone on: some of them are too late.
    one.publish(800)
    wait_until_stored(one)
    one.settle()
    assert {(life.partition, place) for life in lives(one) for place in life.last} > before
