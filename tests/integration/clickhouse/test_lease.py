from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from millrace.clickhouse.client import Store
from millrace.clickhouse.lease import LeaseHeld, lease

pytestmark = pytest.mark.integration


def now() -> datetime:
    return datetime.now(UTC)


def test_of_concurrent_takers_one_holds_it(empty_store: Store, store_url: str) -> None:
    takers, rounds = 4, 6
    inside, most, wins = 0, 0, 0
    counting = threading.Lock()
    together = threading.Barrier(takers)

    def take(owner: str) -> None:
        nonlocal inside, most, wins
        store = Store.connect(store_url)
        try:
            for _ in range(rounds):
                together.wait()
                try:
                    with lease(store, "job", owner=owner, seconds=60, now=now):
                        with counting:
                            inside += 1
                            wins += 1
                            most = max(most, inside)
                        # Nobody may get in while this one is inside, however slow the others are.
                        store.rows("SELECT sleep(0.05)")
                        with counting:
                            inside -= 1
                except LeaseHeld:
                    pass
        finally:
            store.close()

    threads = [threading.Thread(target=take, args=(f"taker {n}",)) for n in range(takers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert wins >= rounds


def test_expired_is_taken_and_the_first_holder_cannot_renew(empty_store: Store) -> None:
    start = now()
    with lease(empty_store, "job", owner="first", seconds=5, now=lambda: start) as first:
        first.renew()
        later = start + timedelta(seconds=6)
        with lease(empty_store, "job", owner="second", seconds=5, now=lambda: later):
            with pytest.raises(LeaseHeld, match="job is held by second until"):
                first.renew()
            with (
                pytest.raises(LeaseHeld),
                lease(empty_store, "job", owner="third", seconds=5, now=lambda: later),
            ):
                pass
    with lease(empty_store, "job", owner="third", seconds=5, now=lambda: later):
        pass
