"""The Faust app of a worker: puts the transport, the ingest agent and the sink together."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import faust
from faust.types import TP

from millrace.clickhouse.client import Store
from millrace.schemas.catalogue import Catalogue
from millrace.schemas.dead_letter import DeadLetter
from millrace.streams.agents import ingest as ingest_agent
from millrace.streams.batch import EventBatch
from millrace.streams.clock import Clock, SystemClock
from millrace.streams.co_partitions import co_partitions
from millrace.streams.connection import client_arguments
from millrace.streams.dead_letters import dead_letters
from millrace.streams.decode import Decoder
from millrace.streams.gate import TAIL, GateTools
from millrace.streams.ingest import Ingest
from millrace.streams.outbox import Outbox
from millrace.streams.partition_tools import Log, Tools
from millrace.streams.projecting import project, projecting
from millrace.streams.projections import Projections
from millrace.streams.reconcile_schedule import ReconcileSchedule
from millrace.streams.settings import KafkaSettings, Settings
from millrace.streams.sink import Sink, Storage
from millrace.streams.store_figures import StoreFigures
from millrace.streams.tail import newest
from millrace.streams.telemetry import Telemetry, encode
from millrace.streams.topics import Topics
from millrace.streams.transport import BatchConsumer, BatchTransport, Offsets, broker_urls
from millrace.streams.transport_thread import Fetched

logger = logging.getLogger(__name__)

#: Long enough for a flush under way, short enough for a supervisor's patience.
DRAIN_SECONDS: Final = 8.0
#: One query of the scheduled proof may go over everything that is stored.
_PROOF_SECONDS: Final = 600.0


class _AsIs(faust.Codec):
    """The transport delivers batches, not bytes; there is nothing to decode yet."""

    def _loads(self, s: Any) -> Any:
        return s

    def _dumps(self, s: Any) -> Any:
        return s


faust.serializers.codecs.register("millrace-batch", _AsIs())


class Worker:
    """One worker: its Faust app and everything behind it."""

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        store: Storage,
        logs: Mapping[str, Log],
        *,
        name: str,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._topics = Topics(settings.kafka.topic_prefix)
        self._actor_key = settings.actor_key.get_secret_value().encode()
        self._clock = clock or SystemClock()
        self._telemetry = Telemetry(self._clock, name)
        self._sink = Sink(store, self._clock, on_retry=self._telemetry.retried)
        self._catalogue, self._logs = catalogue, logs
        self._decoders = {catalogue.fingerprint: Decoder(catalogue, self._actor_key)}
        self._outbox = Outbox(settings.kafka)
        self._ingest: Ingest | None = None
        self._partitions = 0  # that all topics of the events' layout are known to have
        self._schedule = ReconcileSchedule(
            settings,
            lambda: Store.connect(
                settings.clickhouse.url.get_secret_value(),
                timeout=max(settings.clickhouse.timeout, _PROOF_SECONDS),
            ),
            self._clock,
            self._send,
        )
        self._figures = StoreFigures(
            settings,
            lambda: Store.connect(
                settings.clickhouse.url.get_secret_value(), timeout=settings.clickhouse.timeout
            ),
            self._clock,
            self._send,
        )
        self.app = _faust_app(settings, (self._topics.events, self._topics.millrace))
        self._connect()

    def _connect(self) -> None:
        app = self.app
        channel = app.topic(
            self._topics.events,
            self._topics.millrace,
            value_serializer="millrace-batch",
            key_serializer="raw",
        )
        ingest_agent.register(app, cast(Any, channel), self._deliver)
        app.on_partitions_assigned.connect(cast(Any, self._on_assigned), weak=False)
        app.on_partitions_revoked.connect(cast(Any, self._on_revoked), weak=False)
        app.on_before_shutdown.connect(cast(Any, self._on_before_shutdown), weak=False)
        app.task(self._on_start)
        if self._settings.telemetry_seconds:
            app.timer(self._settings.telemetry_seconds)(self._send_telemetry)

    @property
    def _consumer(self) -> BatchConsumer:
        return cast(BatchConsumer, self.app.consumer)

    def _begin(self) -> Ingest:
        if self._ingest is None:
            self._ingest = Ingest(
                Tools(
                    settings=self._settings.sink,
                    permit_seconds=self._settings.kafka.session_timeout / 2,
                    sink=self._sink,
                    positions=Offsets(self._consumer),
                    decoder=self._decoders[self._catalogue.fingerprint],
                    decoder_of=self._decoder_of,
                    logs=self._logs,
                    co_partitioned=self._is_co_partitioned,
                    publish=self._publish_refusals,
                    project=self._project(),
                    gates=GateTools(
                        self._settings.refusals,
                        self._sink,
                        self._clock,
                        tail=lambda tp: newest(self._settings.kafka, tp, TAIL),
                        told=self._telemetry.paused,
                    ),
                    watcher=self._telemetry,
                    clock=self._clock,
                )
            )
        return self._ingest

    def _project(self) -> Callable[[TP], Projections | None]:
        tools = projecting(self._settings, self._sink, self._outbox, self._telemetry, self._clock)
        return project(tools, self._topics.events, lambda topic: self._logs[topic].generation)

    def _deliver(self, fetched: Fetched) -> None:
        self._begin().add(fetched)

    async def _on_start(self, app: Any) -> None:
        await self._sink.keep_catalogue(self._catalogue)
        await self._send([self._telemetry.worker("started")])
        logger.info("Worker started; catalogue %s.", self._catalogue.fingerprint[:12])

    async def _on_assigned(self, _: Any, assigned: set[TP], **kwargs: Any) -> None:
        self._begin().assigned(assigned, Offsets(self._consumer).membership)
        names = ", ".join(sorted(f"{tp.topic}-{tp.partition}" for tp in assigned))
        logger.info("Partitions assigned: %s.", names or "none")
        if TP(self._topics.millrace, 0) in assigned:  # one worker has it, and no other
            self._schedule.start()
            self._figures.start()

    async def _on_revoked(self, _: Any, revoked: set[TP], **kwargs: Any) -> None:
        self._schedule.stop()
        self._figures.stop()
        self._begin().revoked()
        self._telemetry.forget_partitions()

    async def _on_before_shutdown(self, _: Any, **kwargs: Any) -> None:
        self._schedule.stop()
        self._figures.stop()
        if self._ingest is None:
            return
        if not await self._ingest.drain(DRAIN_SECONDS):
            logger.warning(
                "Not everything was flushed in %.0f s; open ranges stay in the log.", DRAIN_SECONDS
            )
        await self._send([*self._telemetry.events(self._ends()), self._telemetry.worker("stopped")])
        await self._ingest.close()
        await self._outbox.close()
        self._sink.close()

    async def _is_co_partitioned(self, tp: TP) -> bool:
        if tp.topic != self._topics.events:
            return True
        if tp.partition >= self._partitions:
            self._partitions = await co_partitions(self._settings.kafka)
        return tp.partition < self._partitions

    async def _decoder_of(self, fingerprint: str) -> Decoder:
        if fingerprint not in self._decoders:
            kept = await self._sink.catalogue(fingerprint)
            self._decoders[fingerprint] = Decoder(kept, self._actor_key)
        return self._decoders[fingerprint]

    async def _publish_refusals(self, batch: EventBatch) -> None:
        if batch.refusals:
            # Off the event loop: a range may be all refusals.
            letters = await asyncio.to_thread(lambda: list(map(_letter, dead_letters(batch))))
            await self._outbox.publish(self._topics.dead_letters, batch.partition, letters)

    async def _send_telemetry(self, app: Any) -> None:
        await self._send(self._telemetry.events(self._ends()))

    def _ends(self) -> dict[TP, int]:
        consumer = self._consumer
        return {
            tp: consumer.highwater(tp) or 0
            for tp in consumer.assignment()
            if tp.topic in consumer.batched
        }

    async def _send(self, events: list[dict[str, Any]]) -> None:
        await self._outbox.publish(self._topics.millrace, 0, list(map(encode, events)))


def _letter(letter: DeadLetter) -> tuple[bytes, bytes]:
    key = f"{letter.topic}|{letter.partition}|{letter.offset}"
    return key.encode(), letter.model_dump_json().encode()


def _faust_app(settings: Settings, batched: tuple[str, ...]) -> faust.App:
    kafka = settings.kafka
    app = faust.App(
        kafka.group,
        broker=broker_urls(kafka.bootstrap_servers),
        broker_credentials=_credentials(kafka),
        store="memory://",
        datadir=tempfile.gettempdir(),
        topic_partitions=kafka.partitions,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        stream_wait_empty=False,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=4 * 1024 * 1024,
        broker_max_poll_records=10_000,
        # The store may be away for long; fetching pauses, membership must not end.
        broker_max_poll_interval=24 * 60 * 60,
        broker_session_timeout=kafka.session_timeout,
        broker_heartbeat_interval=kafka.session_timeout / 4,
        broker_commit_interval=60,
    )
    app.transport = BatchTransport(broker_urls(kafka.bootstrap_servers), app, batched=batched)
    return app


def _credentials(kafka: KafkaSettings) -> Any:
    arguments = client_arguments(kafka)
    context = arguments.get("ssl_context")
    if "sasl_mechanism" in arguments:
        return faust.SASLCredentials(
            mechanism=kafka.sasl_mechanism,
            username=kafka.sasl_username,
            password=kafka.sasl_password.get_secret_value(),
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None
