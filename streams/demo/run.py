"""One demo on a running pipeline: feed it, wait until all is stored, and prove the result."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from millrace.clickhouse.reconcile import Report
from millrace.streams.demo.feed import feed_file, feed_services
from millrace.streams.demo.progress import Positions, positions, wait_until_stored
from millrace.streams.demo.summary import Summary, read_summary
from millrace.streams.local.pipeline import Pipeline
from millrace.streams.log_positions import log_ends
from millrace.streams.produce import Failure, Publisher
from millrace.streams.reconcile import prove
from millrace.streams.topics import Topics

_LOOK_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Source:
    """Where the events come from: ``file``, or else the simulated services."""

    file: Path | None
    rate: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a demo came to; ``failures`` are lines that no broker would take."""

    summary: Summary
    report: Report
    failures: tuple[Failure, ...]
    events_per_second: float

    @property
    def ok(self) -> bool:
        """Tell whether every line was published, is accounted for and agrees everywhere."""
        return self.report.ok and self.summary.adds_up and not self.failures


async def run(pipeline: Pipeline, source: Source, on_look: Callable[[Positions], None]) -> Outcome:
    """Feed the pipeline and wait for the result; ``on_look`` is told how it stands meanwhile."""
    kafka = pipeline.settings.kafka
    topic = Topics(kafka.topic_prefix).events
    begun = time.monotonic()
    async with Publisher(kafka, topic) as publisher, asyncio.TaskGroup() as tasks:
        watch = tasks.create_task(_watch(pipeline, topic, on_look))
        if source.file is None:
            await feed_services(publisher, source.rate, source.seconds)
        else:
            await feed_file(publisher, source.file)
        await publisher.flush()
        watch.cancel()
    reached = await wait_until_stored(
        pipeline.store, kafka, topic, check=pipeline.check, on_look=on_look
    )
    elapsed = time.monotonic() - begun
    report = await prove(pipeline.settings, pipeline.store)
    summary = await asyncio.to_thread(
        read_summary,
        pipeline.store,
        topic,
        log=reached.log,
        log_records=reached.records,
        retention=pipeline.settings.retention.model_dump(),
    )
    return Outcome(summary, report, tuple(publisher.failures), publisher.acknowledged / elapsed)


async def _watch(pipeline: Pipeline, topic: str, on_look: Callable[[Positions], None]) -> None:
    """Report the positions until cancelled, and raise when a part of the pipeline is gone."""
    with suppress(asyncio.CancelledError):
        while True:
            pipeline.check()
            ends = await log_ends(pipeline.settings.kafka, topic)
            on_look(await asyncio.to_thread(positions, pipeline.store, topic, ends))
            await asyncio.sleep(_LOOK_SECONDS)
