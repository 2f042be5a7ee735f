"""One person's work on the dead letters of a running installation, alone by a lease."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Final

from millrace.clickhouse.client import Store
from millrace.clickhouse.lease import lease
from millrace.clickhouse.migrate import check_applied
from millrace.schemas.catalogue_files import load_catalogue
from millrace.schemas.errors import ConfigurationError
from millrace.streams import generations
from millrace.streams.decode import Decoder
from millrace.streams.kept_catalogues import keep_catalogue, kept_catalogue
from millrace.streams.letter_records import read_records
from millrace.streams.letter_work import LetterWork
from millrace.streams.letters import Filters, Place
from millrace.streams.log_positions import ledger_ends, log_ends
from millrace.streams.purge import purge
from millrace.streams.record_batch import RecordBatch
from millrace.streams.redrive import Redrive, Summary
from millrace.streams.settings import Settings
from millrace.streams.topics import Topics

#: The lease's name; redrive and purge exclude each other.
LEASE: Final = "dead-letters"
#: Longer than a step takes; a killed command's lease ends by itself after it.
LEASE_SECONDS: Final = 60.0


def _now() -> datetime:
    return datetime.now(UTC)


class LetterSession:
    """What redrive and purge need of an installation. Blocking."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        now: Callable[[], datetime] = _now,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._settings, self._store, self._now = settings, store, now
        self._lease_seconds = lease_seconds
        self._key = settings.actor_key.get_secret_value().encode()
        self._catalogue = load_catalogue(settings.catalogue_files)
        self._decoder = Decoder(self._catalogue, self._key)
        self._logs: dict[str, str | None] = {}

    def redrive(
        self, filters: Filters, *, limit: int | None = None, dry_run: bool = False
    ) -> Summary:
        """Store the chosen letters that today's catalogue accepts; see :class:`Redrive`."""
        if dry_run:
            return self._redrive(None).run(filters, limit)
        with self._work() as work:
            keep_catalogue(self._store, self._catalogue, self._now())
            return self._redrive(work).run(filters, limit)

    def purge(self, filters: Filters) -> int:
        """Delete the chosen letters; returns how many there were."""
        with self._work() as work:
            return purge(self._store, work, filters)

    def _redrive(self, work: LetterWork | None) -> Redrive:
        return Redrive(
            self._store,
            work,
            records=self._records,
            decoder=self._decoder,
            current=self._current,
            settings=self._settings.sink,
        )

    @contextmanager
    def _work(self) -> Iterator[LetterWork]:
        check_applied(self._store)
        # A purge needs the key too: it may have to finish a redrive.
        if not self._key:
            raise ConfigurationError(
                "MILLRACE_ACTOR_KEY is not set: give it the value that the workers have, or actors"
                " of redriven events get other pseudonyms"
            )
        with lease(
            self._store,
            LEASE,
            owner=f"{socket.gethostname()}, process {os.getpid()}",
            seconds=self._lease_seconds,
            now=self._now,
            cluster=self._settings.clickhouse.cluster,
        ) as held:
            yield LetterWork(
                self._store,
                records=self._records,
                decoder_of=cache(self._decoder_of),
                current=self._current,
                renew=held.renew,
                now=self._now,
            )

    def _records(self, topic: str, partition: int, offsets: Sequence[int]) -> RecordBatch:
        return read_records(self._settings.kafka, topic, partition, offsets)

    def _decoder_of(self, fingerprint: str) -> Decoder:
        if fingerprint == self._catalogue.fingerprint:
            return self._decoder
        return Decoder(kept_catalogue(self._store, fingerprint), self._key)

    def _current(self, place: Place) -> bool:
        """Tell whether Kafka's topic is the one that a letter came from."""
        if place.topic not in self._logs:
            self._logs[place.topic] = self._log(place.topic)
        return self._logs[place.topic] == place.log

    def _log(self, topic: str) -> str | None:
        topics = Topics(self._settings.kafka.topic_prefix)
        if topic not in (topics.events, topics.millrace):
            return None
        log = generations.current(self._store, topic)
        if log is None:
            return None
        ends = asyncio.run(log_ends(self._settings.kafka, topic))
        ledger = ledger_ends(self._store, log, topic)
        # A ledger that reaches beyond the log belongs to a topic that has since been deleted.
        outlived = any(end > ends.get(partition, 0) for partition, end in ledger.items())
        return None if outlived else log
