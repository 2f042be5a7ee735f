"""Two workers, one or the other killed at a moment that only the seed knows."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest
from faults.fleet import Worker
from faults.proxy import Delay, Rule
from faults.scene import Scene

pytestmark = [pytest.mark.e2e, pytest.mark.integration, pytest.mark.timeout(1800)]


@pytest.mark.requirement("GAME-24", "METRIC-45", "METRIC-67")
def test_killed_at_random(scene: Callable[..., Scene], long: bool) -> None:
    kills, events = (32, 1_000_000) if long else (5, 40_000)
    one = scene(session_timeout=2.0, max_rows=500)
    one.proxy.add(slow_now_and_then(one))
    for number in range(2):
        one.start(f"worker{number}")
    for number in range(kills):
        share = events // kills
        one.publish_aside(share)
        victim = somebody_with_partitions(one)
        # Spread over all of the events: every kill meets a share of its own.
        reached = int(share * (number + one.random.uniform(0.1, 0.8)))
        one.wait(lambda reached=reached: one.accounted() >= reached, "the next share")  # type: ignore[misc]
        time.sleep(one.random.uniform(0, 0.1))  # the moment is what is random here
        one.kill(victim)
        one.start(f"worker{number + 2}")
    one.settle()
    assert one.outcome.kills == kills


def slow_now_and_then(one: Scene) -> Rule:
    """Draw some inserts out, so that the moments between two of them are met as well."""
    lot = random.Random(one.random.getrandbits(64))
    return lambda request: Delay(0.2) if request.ranged and lot.random() < 0.1 else None


def somebody_with_partitions(one: Scene) -> Worker:
    """Return one of the workers that have partitions, once there is one."""

    def able() -> list[Worker]:
        return [worker for worker in one.fleet.alive if worker.partitions(one.feed.topic)]

    one.wait(lambda: bool(able()), "a worker to have partitions")
    return one.random.choice(able())
