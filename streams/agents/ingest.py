"""The ingest agent: takes what the transport delivers to where it is stored."""

from __future__ import annotations

from collections.abc import Callable

import faust
from faust.types import ChannelT, StreamT

from millrace.streams.transport_thread import Fetched


def register(
    app: faust.App, channel: ChannelT[Fetched], deliver: Callable[[Fetched], None]
) -> None:
    """Add the agent to the app. One at a time: order within a partition is what counts."""

    async def ingest(stream: StreamT[Fetched]) -> None:
        async for fetched in stream:
            deliver(fetched)

    app.agent(channel, name="ingest", concurrency=1)(ingest)
