"""What workers stand on gives way: the broker, the clock, the store's disk, a view."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from faults.clock import SteppedClock
from faults.scene import Scene
from faults.stage import Stage
from faults.verify import SERVICES

from millrace.clickhouse.client import Store
from millrace.clickhouse.embedded import EmbeddedServer
from millrace.schemas.errors import StoreError
from millrace.streams.local.ports import free_ports

pytestmark = [pytest.mark.e2e, pytest.mark.integration, pytest.mark.timeout(900)]

HOUR = 3600
#: NOT_ENOUGH_SPACE and FUNCTION_THROW_IF_VALUE_IS_NON_ZERO, as a worker reports them.
DISK_FULL, THROWN = "NOT_ENOUGH_SPACE", "FUNCTION_THROW_IF"
DISK_MB = 192


@pytest.mark.requirement("GAME-24", "METRIC-67")
def test_broker_restarted_and_away(scene: Callable[..., Scene], stage: Stage, long: bool) -> None:
    one = scene(max_rows=500)
    one.start("worker")
    for number, away in enumerate((20.0, 0.0) * 3 if long else (3.0,)):
        # The rows get there, and nobody can be told so.
        gate = one.proxy.hold(lambda r: r.ranged and r.table == "events")
        one.publish(2_000)
        one.wait(lambda g=gate: bool(g.held), "an insert to be on its way")  # type: ignore[misc]
        stop = stage.broker.kill if number % 2 else stage.broker.stop
        stop()
        one.outcome.injected["broker away"] += 1
        one.proxy.remove(gate)
        gate.open(True)
        try:
            time.sleep(away)  # how long it is away is the case
        finally:
            stage.broker.start_again()
        one.publish(2_000)
    one.settle()


def test_clock_steps_by_an_hour(scene: Callable[..., Scene], long: bool, tmp_path: Path) -> None:
    one = scene(max_rows=300)
    clock = SteppedClock(tmp_path / "clock")
    one.start("worker", environment=clock.environment)
    for step in (HOUR, -HOUR) * (5 if long else 1):
        one.publish_aside(1_500)
        reached = one.accounted() + 500
        one.wait(lambda r=reached: one.accounted() >= r, "some rows")  # type: ignore[misc]
        clock.set(step)
        one.outcome.injected["clock stepped"] += 1
        one.published()
        one.publish(1_000)
        published = one.published()
        one.wait(lambda p=published: one.accounted() >= p, "all to be stored")  # type: ignore[misc]
        # The hour shows where the worker says when it flushed.
        ((away,),) = one.store.rows(
            "SELECT dateDiff('second', now(), argMax(flushed_at, end_offset)) FROM ingest_ledger"
            f" WHERE partition = 0 AND {SERVICES}"
        )
        assert abs(int(away) - step) < HOUR / 2
    one.settle()


def test_disk_of_the_store_is_full(scene: Callable[..., Scene], long: bool, tmp_path: Path) -> None:
    disk, (port,) = tmp_path / "disk", free_ports(1)
    with small_disk(disk) as mounted, EmbeddedServer(disk / "store", port) as server:
        one = scene(max_rows=500, store_port=server.port)
        try:
            running = one.start("worker")
            for _ in range(5 if long else 1):
                one.publish(1_000)
                published = one.published()
                # Before that it could not even start.
                one.wait(lambda p=published: one.accounted() >= p, "all to be stored")  # type: ignore[misc]
                said = len(running.text)
                with filled(disk) if mounted else refusing(one.store):
                    one.publish(2_000)
                    one.wait(lambda s=said: DISK_FULL in running.text[s:], "the disk to be full")  # type: ignore[misc]
                    one.outcome.injected["disk full"] += 1
                if not answers(one.store):
                    # Seen once in some 60 times; whatever supervises a store starts it again.
                    one.outcome.injected["store started again"] += 1
                    os.kill(server.pid, signal.SIGKILL)
                    server.stop()
                    server.start()
            one.settle()
        finally:
            one.__exit__()


def answers(store: Store) -> bool:
    """Tell whether a store can still be asked, after some patience."""
    for _ in range(20):
        try:
            store.rows("SELECT count() FROM ingest_ledger")
        except StoreError as error:
            print(error)
            time.sleep(0.5)
        else:
            return True
    return False


@contextmanager
def small_disk(place: Path) -> Iterator[bool]:
    """A file system of a few megabytes; False, with the reason, where none may be mounted."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"No small disk ({done.stderr.strip()}): the store is told that its disk is full.")
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def refusing(store: Store) -> Iterator[None]:
    """Let the store refuse inserts for want of space, in the middle of the chain of rollups."""
    setting = "min_free_disk_bytes_to_perform_insert"
    store.command(f"ALTER TABLE rollup_5m MODIFY SETTING {setting} = {1 << 50}")
    try:
        yield
    finally:
        store.command(f"ALTER TABLE rollup_5m RESET SETTING {setting}")


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Leave no room on a disk; the room is given back afterwards."""
    ballast = disk / "ballast"
    try:
        with ballast.open("wb") as file:
            while True:
                free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
                if free < 1 << 16:
                    break
                file.write(bytes(free // 2))
                file.flush()
        yield
    finally:
        ballast.unlink(missing_ok=True)


def test_view_throws_now_and_then(scene: Callable[..., Scene], long: bool) -> None:
    one = scene(max_rows=500)
    one.store.command("CREATE TABLE thrower_on (yes UInt8) ENGINE = Memory")
    one.store.command(
        "CREATE TABLE thrower_rows (id String, offset UInt64) ENGINE = MergeTree ORDER BY id"
        " SETTINGS non_replicated_deduplication_window = 100000"
    )
    one.store.command(
        "CREATE MATERIALIZED VIEW thrower TO thrower_rows AS SELECT toString(id) AS id, offset"
        " FROM events WHERE endsWith(topic, 'telemetry.events')"
        " AND throwIf((SELECT count() FROM thrower_on) > 0, 'thrown') = 0"
    )
    running = one.start("worker")
    for _ in range(6 if long else 2):
        one.publish(1_000)
        said = len(running.text)
        one.store.command("INSERT INTO thrower_on VALUES (1)")
        one.publish(2_000)
        one.wait(lambda s=said: THROWN in running.text[s:], "the view to throw")  # type: ignore[misc]
        one.outcome.injected["view threw"] += 1
        one.store.command("TRUNCATE TABLE thrower_on")
        published = one.published()
        one.wait(lambda p=published: one.accounted() >= p, "all to be stored")  # type: ignore[misc]
    one.settle()
    # The view itself has everything once, too.
    expected = sum(len(account.stored) for account in one.feed.accounts.values())
    ((rows, ids),) = one.store.rows("SELECT count(), uniqExact(id) FROM thrower_rows")
    assert (rows, ids) == (expected, expected)
    assert not one.store.rows("SHOW TABLES LIKE 'events_probe%'")
