"""The whole pipeline on one machine, as the same processes that production runs.

Broker, store, worker and dashboard preview start in this order and stop in the reverse one.
"""

from __future__ import annotations

import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from signal import SIGKILL
from typing import Final

from pydantic import SecretStr

from millrace.clickhouse import migrate
from millrace.clickhouse.client import Store
from millrace.clickhouse.embedded import EmbeddedServer
from millrace.streams import generations
from millrace.streams.local import processes
from millrace.streams.local.broker import BrokerChoice, choose_broker
from millrace.streams.local.data_directory import exclusive
from millrace.streams.local.environment import environment_of, published_environment
from millrace.streams.local.jars import cache_directory
from millrace.streams.local.signals import unstoppable
from millrace.streams.settings import ClickHouseSettings, KafkaSettings, Settings
from millrace.streams.topics import Topics, declarations

#: Everything is down this long after the order to stop, whatever hangs.
STOP_SECONDS: Final = 9.0
#: How long each part may take of it.
_WORKER_SECONDS: Final = 5.0
_STORE_SECONDS: Final = 2.5
#: How long a worker may take to get ready.
_START_SECONDS: Final = 60.0
_NOTICE_SECONDS: Final = 2.0


class Pipeline:
    """A running pipeline on ``data``; a context manager, blocking.

    Enter it on the main thread: the children die with the thread that started them. ``settings``
    are those that reach it, for clients in this process. ``say`` gets one line at a time.
    """

    def __init__(
        self,
        data: Path,
        settings: Settings,
        *,
        environment: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:
        self.data = data.resolve()
        self.settings = settings
        self._environment = environment
        self._say = say
        self._stack = ExitStack()
        self._deadline = 0.0
        self._worker: processes.Child | None = None

    def __enter__(self) -> Pipeline:
        with ExitStack() as stack:
            stack.enter_context(exclusive(self.data))
            self.choice = self._start_broker(stack)
            self.store = self._start_store(stack)
            stack.callback(self._stop_worker)
            topic = Topics(self.settings.kafka.topic_prefix).events
            self._start_worker(topic, self._outlived_log(topic))
            # For the commands that are given --data while this runs.
            stack.enter_context(published_environment(self.data, self.settings))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exception: object) -> None:
        with unstoppable():
            self._stack.close()

    def check(self) -> None:
        """Raise ProcessError when a part is gone that should run."""
        self.choice.broker.check()
        if self._worker is not None:
            self._worker.check()

    def preview(self, port: int) -> str:
        """Start the dashboard preview and return its address; it stops with the pipeline."""
        # The preview needs the dashboards' packages, which a run without it does not.
        from millrace.grafana.preview import PreviewServer, build_pages

        hint = "Building the dashboard page; this takes a minute, but only the first time."
        notice = threading.Timer(_NOTICE_SECONDS, self._say, (hint,))
        notice.start()
        try:
            pages = build_pages(cache_directory(self._environment))
        finally:
            notice.cancel()
        server = PreviewServer(port, self.store.json, pages)
        server.start()
        self._stack.callback(server.stop)
        return server.url

    def _start_broker(self, stack: ExitStack) -> BrokerChoice:
        kafka = KafkaSettings(
            group=self.settings.kafka.group,
            topic_prefix=self.settings.kafka.topic_prefix,
            partitions=self.settings.kafka.partitions,
            session_timeout=self.settings.kafka.session_timeout,
        )
        topics = {one.name: one.partitions for one in declarations(kafka)}
        choice = choose_broker(self.data, topics, self._environment)
        self._say(choice.reason)
        stack.callback(lambda: choice.broker.stop(self._left()))
        choice.broker.start()
        kafka = kafka.model_copy(update={"bootstrap_servers": choice.broker.bootstrap_servers})
        self.settings = self.settings.model_copy(update={"kafka": kafka})
        return choice

    def _start_store(self, stack: ExitStack) -> Store:
        server = EmbeddedServer(self.data / "clickhouse")
        stack.callback(self._stop_store, server)
        server.start()
        clickhouse = ClickHouseSettings(
            url=SecretStr(server.url), timeout=self.settings.clickhouse.timeout
        )
        key = self.settings.actor_key.get_secret_value() or actor_key(self.data)
        self.settings = self.settings.model_copy(
            update={"clickhouse": clickhouse, "actor_key": SecretStr(key)}
        )
        store = Store.connect(server.url, timeout=clickhouse.timeout)
        stack.callback(store.close)
        migrate.apply(store, retention=self.settings.retention.model_dump())
        return store

    def _start_worker(self, topic: str, outlived: str | None) -> None:
        self._worker = processes.start(
            "worker",
            [sys.executable, "-m", "millrace.streams.cli", "worker"],
            log=self.data / "worker.log",
            environment=environment_of(self.settings, self._environment),
            # Not where this process runs: a .env file there must not speak to the worker.
            directory=self.data,
        )
        # Nothing may be published before the worker has looked at the log: it tells a new log from
        # the one it knows by its end.
        deadline = time.monotonic() + _START_SECONDS
        while generations.current(self.store, topic) in (None, outlived):
            self.check()
            if time.monotonic() > deadline:
                raise processes.ProcessError(
                    f"The worker was not ready within {_START_SECONDS:g} s; "
                    f"its log {self._worker.log} ends: {processes.tail(self._worker.log)}"
                )
            time.sleep(0.05)

    def _outlived_log(self, topic: str) -> str | None:
        """Return the generation that the in-memory broker, empty again, has made a thing past."""
        known = generations.current(self.store, topic)
        if self.choice.kind == "kafka" or known is None:
            return None
        ((ranges,),) = self.store.rows(
            "SELECT count() FROM ingest_ledger WHERE log = {log:String}", {"log": known}
        )
        return known if ranges else None

    def _stop_worker(self) -> None:
        self._deadline = time.monotonic() + STOP_SECONDS
        if self._worker is not None:
            self._worker.stop(_WORKER_SECONDS)
        self.choice.broker.terminate()

    def _stop_store(self, server: EmbeddedServer) -> None:
        # Its own patience is longer than what is left here.
        killer = threading.Timer(_STORE_SECONDS, os.kill, (server.pid, SIGKILL))
        killer.start()
        try:
            server.stop()
        finally:
            killer.cancel()

    def _left(self) -> float:
        return max(self._deadline - time.monotonic(), 1.0)


def actor_key(data: Path) -> str:
    """Return the directory's own key for pseudonyms, making it the first time."""
    file = data / "actor_key"
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text().strip()
    with os.fdopen(handle, "w") as output:
        key = secrets.token_hex(32)
        output.write(key)
    return key
