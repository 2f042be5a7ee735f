"""The suite itself: a worker whose protocol is broken on purpose does not get through."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from faults.scene import Scene

pytestmark = [pytest.mark.e2e, pytest.mark.integration, pytest.mark.timeout(600)]


@pytest.mark.parametrize(
    ("breaks", "held", "noticed"),
    [
        pytest.param("skip-intent", "ingest_ledger", r"events: .* doubled", id="no intent"),
        pytest.param("narrow-view", "ingest_ledger", r"rollup_5m: .* differ", id="no window"),
        pytest.param(
            "windows-twice",
            "ingest_ledger",
            r"windows of .* differing",
            id="windows added to twice",
        ),
        pytest.param(
            "windows-forget", "ingest_ledger", r"own record is missing", id="no word of how far"
        ),
        pytest.param(
            "live-twice", "ingest_ledger", r"live values of .* differ", id="live added to twice"
        ),
        pytest.param("commit-first", "events", r"is stopped", id="commit before insert"),
    ],
)
def test_a_broken_protocol_is_noticed(
    scene: Callable[..., Scene], breaks: str, held: str, noticed: str, long: bool
) -> None:
    if not long and breaks != "skip-intent":
        pytest.skip("only in the long version: make faults")
    one = scene(f"broken on purpose: {breaks}", session_timeout=1.0, breaks=breaks, partitions=2)
    worker = one.start("worker")
    gate = one.proxy.hold(lambda request: request.ranged and request.table == held)
    one.publish(200)
    one.wait(lambda: len(gate.held) == 2, "inserts to be held")
    # More of the log: without an intent the successor's range ends elsewhere.
    one.publish(200)
    one.kill(worker)
    gate.open(False)
    with pytest.raises(AssertionError, match=noticed) as found:
        one.settle()
    print(f"{breaks}: {found.value}")
    one.outcome.ok = True
    one.outcome.hits.clear()  # they say nothing about the protocol as it is
