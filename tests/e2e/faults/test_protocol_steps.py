"""A worker killed at each step of the protocol on purpose, on each partition at another one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from faults.proxy import Gate, Request
from faults.scene import Scene
from faults.steps import Step

pytestmark = [pytest.mark.e2e, pytest.mark.integration, pytest.mark.timeout(600)]

STEPS = list(Step)
#: Of each partition and round: one batch of the log, so that it reaches the worker as one range.
RECORDS = 120


@pytest.mark.requirement("GAME-24", "METRIC-45", "METRIC-67")
def test_killed_at_each_step(scene: Callable[..., Scene], long: bool) -> None:
    # One partition for each step: one kill hits them all.
    one = scene(partitions=len(STEPS), session_timeout=2.0)
    late: list[Gate] = []
    for number in range(12 if long else 6):
        # Under load a kill may come a moment later than the step that it was meant for.
        if number >= 3 and not long and all(one.outcome.steps[step] >= 3 for step in STEPS):
            break
        gates = kill_everywhere(one, number, late)
        # What the dead worker had sent is lost, or arrives before its successor's, or after.
        late = gates if number % 3 == 2 else []
        if not late:
            open_all(one, gates, passes=number % 3 == 1)
    one.settle()
    assert all(one.outcome.steps[step] >= 3 for step in STEPS), one.outcome.steps


def kill_everywhere(one: Scene, number: int, late: list[Gate]) -> list[Gate]:
    """Bring each partition to a step of its own, kill the worker there; return what is held."""
    wanted = {part: STEPS[(part + number) % len(STEPS)] for part in range(len(STEPS))}
    name = f"worker{number}"
    gates = [
        gate
        for part, step in wanted.items()
        for gate in gates_of(one, step, name, part, one.feed.accounts[part].end, number)
    ]
    # Before the worker starts: it finds an open range and more behind it.
    one.publish(dict.fromkeys(wanted, RECORDS))
    worker = one.start(name)

    one.wait(lambda: all(gate.held for gate in gates), "the partitions to be held")

    def steps() -> dict[int, Step]:
        return {hit.partition: hit.step for hit in one.judge(wanted)}

    one.wait(lambda: steps() == wanted, f"{wanted} instead of {steps()}", patience=30)
    open_all(one, late, passes=True)
    hits = one.kill(worker)
    assert {hit.partition: hit.step for hit in hits} == wanted
    return gates


def gates_of(one: Scene, step: Step, worker: str, part: int, base: int, number: int) -> list[Gate]:
    """Return gates that hold a partition at a step, once its worker gets beyond ``base``."""

    def inserts(*tables: str) -> Callable[[Request], bool]:
        return lambda request: (
            request.worker == worker
            and request.ranged
            and request.partition == part
            and request.end > base
            and request.table in tables
        )

    def takeover(request: Request) -> bool:
        return (
            request.worker == worker
            and not request.table
            and "FROM events" in request.sql
            and request.parameters.get("param_partition") == str(part)
            and request.parameters.get("param_topic") == one.feed.topic
        )

    hold: Any = one.proxy.hold
    match step:
        case Step.BEFORE:
            return [hold(takeover)]
        case Step.ANNOUNCED:
            return [hold(inserts("events")), hold(inserts("dead_letters", "dropped_keys"))]
        case Step.PARTLY:
            return [hold(inserts("events" if number % 2 else "dead_letters"))]
        case Step.STORED:
            return [hold(inserts("ingest_ledger"))]
        case Step.ENTERED:
            return [hold(inserts("ingest_ledger"), after=True)]
        case Step.COMMITTED:
            return []


def open_all(one: Scene, gates: list[Gate], *, passes: bool) -> None:
    for gate in gates:
        gate.open(passes)
        one.proxy.remove(gate)
