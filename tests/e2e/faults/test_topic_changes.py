"""The events' topic is made anew, or gets more partitions, with the others or by mistake alone."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka.admin import NewPartitions
from faults.clock import SteppedClock
from faults.feed import Feed
from faults.scene import Scene

from millrace.streams.co_partitions import GROW, partition_numbers
from millrace.streams.local.environment import environment_of
from millrace.streams.topics import administrator, create_topics

pytestmark = [pytest.mark.e2e, pytest.mark.integration, pytest.mark.timeout(900)]

#: Records of each life of the topic: longer than the one before, or shorter.
LONGER, SHORTER = 3_000, 600
#: Faust's own setting: it looks for new partitions every second, not every five minutes.
QUICK = {"CONSUMER_METADATA_MAX_AGE_MS": "1000"}
NOTICED = "deleted and made anew"
#: As far as a worker may be ahead of the others and still start.
AHEAD = 50


@pytest.mark.requirement("GAME-24", "METRIC-45")
def test_topic_made_anew_while_no_worker_runs(
    scene: Callable[..., Scene], long: bool, tmp_path: Path
) -> None:
    one = scene(partitions=2, max_rows=300)
    clock = SteppedClock(tmp_path / "clock")
    one.publish(1_500)
    for number, records in enumerate((LONGER, SHORTER) * 3 if long else (LONGER,)):
        # The next life is begun by a worker whose clock is behind this one's.
        clock.set(AHEAD * (1 - number % 2))
        running = one.start("before", environment=clock.environment)
        published = one.published()
        one.wait(lambda p=published: one.accounted() >= p, "the life to be stored")  # type: ignore[misc]
        assert running.terminate() == 0
        make_anew(one)
        one.publish(records)
    one.settle()


@pytest.mark.requirement("GAME-24", "METRIC-45")
def test_topic_made_anew_under_a_worker(scene: Callable[..., Scene], long: bool) -> None:
    one = scene(partitions=2, max_rows=300)
    one.publish(1_500)
    for records in (LONGER, SHORTER) * 3 if long else (LONGER,):
        running = one.start("before")
        published = one.published()
        one.wait(lambda p=published: one.accounted() >= p, "the life to be stored")  # type: ignore[misc]
        # It must not see the moment in which there is no topic.
        running.freeze()
        make_anew(one)
        one.publish(records)
        running.thaw()
        if records == LONGER:
            one.wait(lambda r=running: NOTICED in r.text, "it to notice", healthy=False)  # type: ignore[misc]
        assert running.terminate() == 0
        one.fleet.workers.remove(running)  # what it complained of is the case
    one.settle()


def make_anew(one: Scene) -> None:
    """Delete the events' topic and make it again: a log of its own, from offset 0."""

    async def delete() -> None:
        async with administrator(one.kafka) as admin:
            await admin.delete_topics([one.feed.topic])
            while True:
                if one.feed.topic not in await admin.list_topics():
                    return
                await asyncio.sleep(0.02)

    one.stage.run(delete())
    one.stage.run(create_topics(one.kafka))
    one.feeds.append(Feed(one.kafka, one.random.getrandbits(64)))
    one.outcome.injected["topic made anew"] += 1


@pytest.mark.requirement("GAME-24")
def test_partitions_grown(scene: Callable[..., Scene], long: bool) -> None:
    one = scene(partitions=2, max_rows=300)
    for number in range(2, 10 if long else 3):
        workers = [one.start("one"), one.start("two")]
        one.publish_aside(1_500)
        reached = one.accounted() + 300
        one.wait(lambda r=reached: one.accounted() >= r, "some rows")  # type: ignore[misc]
        said = millrace(one, "topics", "grow", "--partitions", str(number + 1), "--yes")
        assert said.returncode == 0, said.stderr
        assert "Restart the workers" in said.stdout
        one.outcome.injected["partitions grown"] += 1
        one.published()
        one.publish({number: 400})
        for worker in workers:
            assert worker.terminate() == 0
    one.settle()


@pytest.mark.requirement("GAME-24")
def test_events_grown_alone_by_mistake(scene: Callable[..., Scene]) -> None:
    one = scene(partitions=2, max_rows=300)
    running = one.start("running", environment=QUICK)
    one.publish(1_000)
    one.wait(lambda: one.accounted() >= 1_000, "all to be stored")
    grow_alone(one, 3)
    one.outcome.injected["events grown alone"] += 1
    one.publish({0: 300, 1: 300, 2: 300})
    # Who is there goes on, but does not begin what cannot be finished.
    stopped = f"{one.feed.topic}-2 is stopped"
    one.wait(lambda: stopped in running.text, "the third to come", healthy=False)
    assert "millrace topics grow" in running.text
    one.wait(lambda: one.accounted() == 1_600, "the other two to go on", healthy=False)
    # Who comes anew is refused, in one sentence.
    refused = one.start("refused")
    assert refused.process.wait(60) == 1
    assert GROW in refused.text.splitlines()[-1]
    assert running.terminate() == 0
    for worker in (running, refused):
        one.fleet.workers.remove(worker)  # what they complained of is the case
    assert one.accounted() == 1_600
    said = millrace(one, "topics", "grow", "--yes")
    assert said.returncode == 0, said.stderr
    one.settle()


def grow_alone(one: Scene, partitions: int) -> None:
    """Give the events' topic more partitions, and it alone."""

    async def grow() -> None:
        async with administrator(one.kafka) as admin:
            await admin.create_partitions({one.feed.topic: NewPartitions(partitions)})
        while True:
            if (await partition_numbers(one.kafka))[one.feed.topic] == partitions:
                return
            await asyncio.sleep(0.02)

    one.stage.run(grow())


def millrace(one: Scene, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command on the case's installation."""
    command = [sys.executable, "-m", "millrace.streams.cli", *arguments]
    environment = environment_of(one.settings, os.environ)
    return subprocess.run(
        command, env=environment, cwd=one.directory, capture_output=True, text=True, check=False
    )
