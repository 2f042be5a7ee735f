"""The store dies, is away, or does its work and cannot say so."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable

import pytest
from faults.proxy import Action, Delay, Refuse, Request, Reset, Rule
from faults.scene import Scene
from faults.stage import Stage

pytestmark = [pytest.mark.e2e, pytest.mark.integration, pytest.mark.timeout(900)]

#: What may befall an insert.
_MISHAPS: tuple[Action, ...] = (
    Reset(applied=True),
    Reset(applied=False),
    Refuse(0),
    Refuse(252),
    Refuse(241),
    Delay(0.2),
)


@pytest.mark.requirement("GAME-23", "METRIC-45", "METRIC-67")
def test_store_killed_in_mid_insert(scene: Callable[..., Scene], stage: Stage, long: bool) -> None:
    one = scene(max_rows=1_000)
    kills, away = (20, 60.0) if long else (3, 4.0)
    running = one.start("worker")
    for number in range(kills):
        one.publish_aside(8_000)
        reached = one.accounted() + 1_500
        one.wait(lambda r=reached: one.accounted() >= r, "more rows")  # type: ignore[misc]
        time.sleep(one.random.uniform(0, 0.05))  # the moment is what is random here
        stage.kill_store()
        one.outcome.injected["store killed"] += 1
        try:
            if number == kills // 2:
                one.wait(lambda: "trying again" in running.text, "the worker to miss the store")
                time.sleep(away)  # how long it is away is the case
        finally:
            stage.start_store()
    one.settle()


@pytest.mark.requirement("METRIC-45", "METRIC-67")
def test_mishaps_between_worker_and_store(
    scene: Callable[..., Scene], seed: int, long: bool
) -> None:
    one = scene(max_rows=500)
    one.proxy.add(mishaps(seed, share=0.4))
    one.start("worker")
    for _ in range(20 if long else 1):
        one.publish(10_000)
        published = one.published()
        one.wait(lambda p=published: one.accounted() >= p, "all to be stored")  # type: ignore[misc]
    one.settle()
    kinds = set(one.proxy.counts)
    assert len(kinds) == len(_MISHAPS), kinds


def mishaps(seed: int, share: float) -> Rule:
    """Return a rule under which a share of the inserts fail, the same ones for the same seed."""
    tries: Counter[str] = Counter()
    kinds = itertools.cycle(_MISHAPS)

    def rule(request: Request) -> Action | None:
        if not request.ranged:
            return None
        place = f"{request.table} {request.partition} {request.first} {request.end}"
        tries[place] += 1
        lot = random.Random(f"{seed} {place} {tries[place]}").random()
        return next(kinds) if lot < share else None

    return rule
