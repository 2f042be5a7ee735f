"""All partitions of a worker: who has what, and what happens to it when the group changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from faust.types import TP

from millrace.streams.partition import PartitionIngest
from millrace.streams.partition_tools import Tools
from millrace.streams.transport_thread import Fetched, Membership


class Ingest:
    """All partitions of this worker."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._partitions: dict[TP, PartitionIngest] = {}

    def assigned(self, tps: Iterable[TP], membership: Membership) -> None:
        """Begin anew with the partitions that are now ours."""
        self.revoked()
        topics = self._tools.logs
        self._partitions = {
            tp: PartitionIngest(self._tools, tp, membership) for tp in tps if tp.topic in topics
        }

    def revoked(self) -> None:
        """Drop what is pending and abandon what is in flight, of every partition."""
        for partition in self._partitions.values():
            partition.abandon()
        self._partitions.clear()

    def add(self, fetched: Fetched) -> None:
        """Take in a fetch; one of another membership or of a lost partition is dropped."""
        records = fetched.records
        partition = self._partitions.get(TP(records.topic, records.partition))
        if partition is not None and partition.membership == fetched.membership:
            partition.add(fetched)

    async def drain(self, seconds: float) -> bool:
        """Flush everything pending; False when it takes longer than ``seconds``."""
        waiting = [asyncio.ensure_future(p.drain()) for p in self._partitions.values()]
        if not waiting:
            return True
        _, late = await asyncio.wait(waiting, timeout=seconds)
        for task in late:
            task.cancel()
        return not late

    async def close(self) -> None:
        """Stop every partition's task."""
        self.revoked()
        self._tools.decoding.shutdown(wait=False, cancel_futures=True)
