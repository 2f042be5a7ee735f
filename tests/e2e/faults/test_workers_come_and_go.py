"""Workers that are told to stop in mid-flush, that join and leave all the time, that sleep."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest
from faults.fleet import Worker
from faults.proxy import Action, Refuse, Request
from faults.scene import Scene

pytestmark = [pytest.mark.e2e, pytest.mark.integration, pytest.mark.timeout(900)]


@pytest.mark.requirement("METRIC-68")
def test_told_to_stop_in_mid_flush(scene: Callable[..., Scene], long: bool) -> None:
    one = scene(session_timeout=2.0)
    for number in range(5 if long else 1):
        quick, slow = one.start(f"quick{number}"), one.start(f"slow{number}")
        one.wait(lambda q=quick, s=slow: share(one, q, s), "both to have partitions")  # type: ignore[misc]
        answered = one.proxy.hold(lambda r, w=quick.name: r.worker == w and r.ranged, after=True)  # type: ignore[misc]
        lost = one.proxy.hold(lambda r, w=slow.name: r.worker == w and r.table == "events")  # type: ignore[misc]
        one.publish(4_000)
        one.wait(lambda a=answered, b=lost: bool(a.held and b.held), "both to flush")  # type: ignore[misc]
        for worker in (quick, slow):
            worker.process.send_signal(signal.SIGTERM)
        # One finishes its flush, the other cannot and leaves its ranges open.
        answered.open()
        one.wait(lambda w=slow: "open ranges stay in the log" in w.text, "the drain to end")  # type: ignore[misc]
        lost.open(bool(number % 2))
        for worker in (quick, slow):
            assert worker.process.wait(60) == 0, worker.text
        assert "open ranges stay in the log" not in quick.text
        one.outcome.injected["told to stop in mid-flush"] += 2
    one.settle()


def share(one: Scene, *workers: Worker) -> bool:
    """Tell whether each of the workers has partitions and no two have the same."""
    held = [set(worker.partitions(one.feed.topic)) for worker in workers]
    return all(held) and sum(map(len, held)) == len(set().union(*held))


@pytest.mark.requirement("GAME-24")
def test_rebalance_storm(scene: Callable[..., Scene], long: bool) -> None:
    for number in range(3 if long else 1):
        # Each in a group of its own: the first rebalance may come before the first commit.
        storm(scene(f"rebalance storm {number}", session_timeout=3.0), 10 if long else 4)


def storm(one: Scene, rounds: int) -> None:
    """Let workers join and leave every two seconds."""
    one.publish(4_000)
    workers = [one.start("steady")]
    for number in range(rounds):
        one.publish_aside(4_000)
        if len(workers) == 3:
            leaves = workers.pop(one.random.randrange(3))
            # Before it is up a signal ends it as it ends any process.
            leaves.process.send_signal(signal.SIGTERM if leaves.up else signal.SIGKILL)
        workers.append(one.start(f"guest{number}"))
        time.sleep(2)  # the storm's own pace, whatever the workers have come to
        one.outcome.injected["joined or left"] += 1
    one.settle()


@pytest.mark.requirement("GAME-24")
def test_a_zombie_wakes(scene: Callable[..., Scene], long: bool) -> None:
    one = scene(session_timeout=2.0)
    for number in range(4 if long else 1):
        wake_a_zombie(one, number)
    one.settle()


def wake_a_zombie(one: Scene, number: int) -> None:
    """Stop a worker with one insert on its way and others not sent; wake it after its successor."""
    zombie = one.start(f"zombie{number}")

    def of_zombie(request: Request) -> bool:
        return request.worker == zombie.name and request.ranged

    def unsent(request: Request) -> Action | None:
        # It waits before it tries again: that insert is the one that it wakes up with.
        return Refuse(252) if of_zombie(request) and request.partition % 2 else None

    one.proxy.add(unsent)
    on_its_way = one.proxy.hold(lambda r: of_zombie(r) and r.table == "events")
    one.publish(2_000)
    one.wait(lambda: len(on_its_way.held) >= 2, "inserts to be on their way")
    one.wait(lambda: "trying again" in zombie.text, "inserts to be refused")
    zombie.freeze()
    one.outcome.injected["frozen"] += 1
    one.publish(2_000)  # so that a range cut anew would have other ends
    heir = one.start(f"heir{number}")
    published = one.published()
    one.wait(lambda: one.accounted() >= published, "the heir to take over and finish")
    one.proxy.remove(unsent)
    on_its_way.open(True)
    zombie.thaw()
    one.publish(2_000)
    one.wait(lambda: share(one, zombie, heir), "both to share the partitions")
    published = one.published()
    one.wait(lambda: one.accounted() >= published, "both to go on")
    for worker in (zombie, heir):
        assert worker.terminate() == 0
