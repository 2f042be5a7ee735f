"""What the projections of a worker stand on: its topics, its producer, its store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from faust.types import TP

from millrace.streams.clock import Clock
from millrace.streams.compacted import Held, read_held, read_latest
from millrace.streams.measured import Values
from millrace.streams.outbox import Outbox
from millrace.streams.partition_tools import Watcher
from millrace.streams.projections import Projecting, Projections, Source
from millrace.streams.settings import Settings
from millrace.streams.sink import Sink
from millrace.streams.stored_values import stored_values
from millrace.streams.topics import Topics


def projecting(
    settings: Settings, sink: Sink, outbox: Outbox, watcher: Watcher, clock: Clock
) -> Projecting:
    """Return what all projections of a worker share."""
    topics = Topics(settings.kafka.topic_prefix)

    async def read(topic: str, partition: int) -> Held:
        return await read_held(settings.kafka, topic, partition)

    async def latest(topic: str, partition: int, first: int) -> dict[bytes, bytes | None]:
        return await read_latest(settings.kafka, topic, partition, first)

    async def stored(source: Source, first: int, end: int) -> Iterable[Values]:
        place = (source.log, source.topic, source.partition)
        return await sink.ask(
            source.topic, lambda store: list(stored_values(store, *place, first, end))
        )

    return Projecting(
        settings=settings.windows,
        windows=topics.windows,
        live=topics.live,
        read=read,
        read_latest=latest,
        publish=outbox.publish,
        stored=stored,
        too_late=watcher.too_late,
        working=ThreadPoolExecutor(1, thread_name_prefix="project"),
        clock=clock,
    )


def project(
    tools: Projecting, events: str, log_of: Callable[[str], str]
) -> Callable[[TP], Projections | None]:
    """Return how a partition gets its projections: the services' events have some, ours none."""

    def of(tp: TP) -> Projections | None:
        if tp.topic != events or not tools.settings.enabled:
            return None
        return Projections(tools, Source(log_of(tp.topic), tp.topic, tp.partition))

    return of
