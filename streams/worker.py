"""One production worker: checks what it stands on, then runs the Faust app until told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import threading
from typing import Final

import faust

from millrace.clickhouse.client import Store
from millrace.clickhouse.migrate import check_applied
from millrace.schemas.catalogue_files import load_catalogue
from millrace.schemas.errors import ConfigurationError
from millrace.streams.app import Worker
from millrace.streams.doctor.broker import check_broker
from millrace.streams.doctor.finding import Finding, Level
from millrace.streams.doctor.store import check_store
from millrace.streams.drain import Drain
from millrace.streams.generations import made_anew, settle
from millrace.streams.log_positions import log_ends
from millrace.streams.logs import configure_logs
from millrace.streams.partition_tools import Log
from millrace.streams.settings import KafkaSettings, Settings
from millrace.streams.sink import INSERT_THREADS
from millrace.streams.topic_ids import ask_topic_ids
from millrace.streams.topics import Topics, create_topics

logger = logging.getLogger(__name__)

_COLLECT_AFTER: Final = 200_000
#: Seconds that a thread without work takes to end, generously.
_PATIENCE: Final = 0.5


def run(settings: Settings, *, drain: bool = False) -> int:
    """Run a worker until SIGTERM or SIGINT; returns the process's exit code.

    With ``drain`` it ends by itself once the ranges that were open are stored.
    Raises ConfigurationError, StoreError or BrokerError when it cannot start.
    """
    configure_logs(settings.log)
    if not settings.actor_key.get_secret_value():
        raise ConfigurationError(
            "MILLRACE_ACTOR_KEY is not set: give every worker the same long random text"
        )
    catalogue = load_catalogue(settings.catalogue_files)
    store = Store.connect(
        settings.clickhouse.url.get_secret_value(), timeout=settings.clickhouse.timeout
    )
    _check_tables(store, drain)
    _refuse_faults(check_store(settings.clickhouse))
    _spare_the_collector()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    ends = loop.run_until_complete(_prepare(settings.kafka))
    _refuse_faults(loop.run_until_complete(check_broker(settings.kafka)))
    ids = loop.run_until_complete(ask_topic_ids(settings.kafka, ends))
    logs = {
        topic: Log(
            settle(store, topic, parts, ids[topic]), ids[topic], anew=made_anew(store, topic)
        )
        for topic, parts in ends.items()
    }
    generations = {topic: log.generation for topic, log in logs.items()}
    drained = Drain(settings, generations) if drain else None
    if drained and not loop.run_until_complete(drained.begin()):
        store.close()
        return 0
    worker = Worker(settings, catalogue, store, logs, name=socket.gethostname())
    if drained:
        worker.app.task(drained.watch)
    runner = faust.Worker(
        worker.app, loop=loop, quiet=True, override_logging=False, redirect_stdouts=False
    )
    runner.spinner = None  # it would draw on stdout
    try:
        runner.execute_from_commandline()
    except SystemExit as stopped:
        code = int(stopped.code or 0)
        return code or (asyncio.run(drained.verdict()) if drained else 0)
    finally:
        store.close()


def leave(code: int) -> None:
    """End the process if an insert is still waiting for the store, whose answer matters no more.

    The interpreter would wait for its thread; whoever repeats the range sends the insert again.
    """
    for thread in threading.enumerate():
        if thread.name.startswith(INSERT_THREADS):
            thread.join(_PATIENCE)
            if thread.is_alive():
                logging.shutdown()
                os._exit(code)


def _check_tables(store: Store, drain: bool) -> None:
    try:
        check_applied(store)
    except ConfigurationError as error:
        if not drain:
            raise
        # Migrating would refuse while a range is open: the one would send the user to the other.
        raise ConfigurationError(
            f"{error}; but first run millrace worker --drain with the version that ran last"
        ) from None


def _spare_the_collector() -> None:
    # Decoding makes and frees hundreds of thousands of objects without a cycle among them; at
    # Python's own threshold the collector would look at them over and over.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER, 20, 20)


def _refuse_faults(findings: list[Finding]) -> None:
    faults = [finding for finding in findings if finding.level is Level.FAULT]
    if faults:
        raise ConfigurationError(
            "; ".join(f"{fault.text}: {fault.fix}" for fault in faults) + " (millrace doctor)"
        )


async def _prepare(kafka: KafkaSettings) -> dict[str, dict[int, int]]:
    """Create the topics; return the end of each ingested partition's log, by topic."""
    await create_topics(kafka)
    topics = Topics(kafka.topic_prefix)
    return {name: await log_ends(kafka, name) for name in (topics.events, topics.millrace)}
