"""One case: topics, a group and a database of its own, workers behind the proxy, the account."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from store_shape import migrated
from workers import settings_for

from millrace.clickhouse.client import Store
from millrace.schemas.errors import MillraceError
from millrace.streams.settings import KafkaSettings, Settings, SinkSettings
from millrace.streams.topics import create_topics

from .feed import Feed
from .fleet import RSS_BOUND, Fleet, Worker
from .proxy import StoreProxy
from .stage import Stage
from .steps import Hit, Position, Step, judge
from .verify import accounted, assert_once

#: Far beyond what anything takes here; a case that gets there has failed.
PATIENCE = 120.0
_LOOK = 0.05


@dataclass
class Outcome:
    """One row of the suite's table."""

    case: str
    seed: int
    kills: int = 0
    hits: list[Hit] = field(default_factory=list)
    events: int = 0
    rss_peak: int = 0
    seconds: float = 0.0
    injected: Counter[str] = field(default_factory=Counter)
    ok: bool = False

    @property
    def steps(self) -> Counter[Step]:
        """How often each step was hit on a range with refused records and duplicates."""
        return Counter(hit.step for hit in self.hits if hit.telling)


class Scene:
    """Everything of one case; a context manager that leaves nothing behind."""

    def __init__(
        self,
        stage: Stage,
        directory: Path,
        case: str,
        seed: int,
        *,
        partitions: int = 4,
        max_rows: int = 2_000,
        session_timeout: float = 3.0,
        breaks: str = "",
        store_port: int = 0,
        **changes: Any,
    ) -> None:
        name = f"faults-{uuid.uuid4().hex[:12]}"
        self.stage, self.directory, self.breaks = stage, directory, breaks
        self.random = random.Random(f"{case} {seed}")
        self.kafka = KafkaSettings(
            bootstrap_servers=stage.broker.bootstrap_servers,
            topic_prefix=f"{name}.",
            group=name,
            partitions=partitions,
            session_timeout=session_timeout,
        )
        self.database = name.replace("-", "_")
        self.sink = SinkSettings(max_rows=max_rows, max_seconds=0.2)
        self._changes = changes
        self._store_port = store_port
        self.proxy = StoreProxy(self.store_port)
        self.settings = self.settings_of("direct")
        self.feeds = [Feed(self.kafka, self.random.getrandbits(64))]
        self.fleet = Fleet(directory)
        self.outcome = Outcome(case, seed)
        self._began = time.monotonic()
        self._publishing: threading.Thread | None = None
        self._store: Store | None = None

    def __enter__(self) -> Scene:
        self.proxy.__enter__()
        try:
            migrated(self.store, self.settings.retention.model_dump())
            if self.breaks == "narrow-view":
                self.store.command(
                    "ALTER TABLE rollup_5m MODIFY SETTING non_replicated_deduplication_window = 0"
                )
            self.stage.run(create_topics(self.kafka))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.fleet.end()
        self.outcome.events = sum(feed.delivered for feed in self.feeds)
        self.outcome.rss_peak = self.fleet.rss_peak
        self.outcome.seconds = time.monotonic() - self._began
        self.outcome.injected += self.proxy.counts
        self.proxy.counts = Counter()
        self.proxy.__exit__()
        if self._store is not None:
            self._store.close()

    @property
    def feed(self) -> Feed:
        """What was published last."""
        return self.feeds[-1]

    @property
    def store_port(self) -> int:
        """Where the case's store listens: the stage's, or one of its own."""
        return self._store_port or self.stage.store.port

    @property
    def store(self) -> Store:
        """The store past the proxy; connects when it first has to."""
        if self._store is None:
            self._store = Store.connect(f"http://127.0.0.1:{self.store_port}/{self.database}")
        return self._store

    def settings_of(self, worker: str) -> Settings:
        """Return the settings of a worker; ``direct`` goes past the proxy."""
        url = self.proxy.url(worker, self.database)
        if worker == "direct":
            url = f"http://127.0.0.1:{self.store_port}/{self.database}"
        changes = {"telemetry_seconds": 0.0, **self._changes}
        return settings_for(self.kafka, url, sink=self.sink, **changes)

    def start(self, name: str, *, environment: Mapping[str, str] | None = None) -> Worker:
        """Start a worker; returns at once."""
        return self.fleet.start(
            name, self.settings_of(name), breaks=self.breaks, environment=environment
        )

    def publish(self, counts: int | Mapping[int, int]) -> None:
        """Publish records and account for them; returns when they are in the log."""
        self.stage.run(self.feed.publish(counts))

    def publish_aside(self, counts: int | Mapping[int, int]) -> None:
        """Publish in a thread; ``published`` waits for it."""
        self.published()
        self._publishing = threading.Thread(target=self.publish, args=(counts,), daemon=True)
        self._publishing.start()

    def published(self) -> int:
        """Wait until all is in the log; return how many records that are."""
        if self._publishing is not None:
            self._publishing.join(PATIENCE)
            assert not self._publishing.is_alive(), "the broker does not take the records"
            self._publishing = None
        return sum(feed.delivered for feed in self.feeds)

    def positions(self) -> Mapping[int, Position]:
        """Return the group's committed positions."""
        return self.stage.positions(self.kafka, self.feed.topic)

    def judge(self, partitions: Iterable[int]) -> list[Hit]:
        """Tell at which step partitions are; the answer holds while no worker has them."""
        positions = self.positions()
        return judge(
            self.store,
            self.feed.topic,
            self.feed.accounts,
            positions,
            partitions,
            max_rows=self.sink.max_rows,
        )

    def kill(self, worker: Worker) -> list[Hit]:
        """Kill a worker and note at which step each of its partitions was."""
        partitions = worker.partitions(self.feed.topic)
        worker.kill()
        self.published()  # the account must know what the range holds
        hits = self.judge(partitions)
        self.outcome.kills += 1
        self.outcome.hits += hits
        return hits

    def accounted(self) -> int:
        """Return how many records the ledger accounts for; 0 while the store is away."""
        try:
            return accounted(self.store)
        except MillraceError:
            return 0

    def wait(
        self,
        condition: Callable[[], bool],
        what: str,
        *,
        healthy: bool = True,
        patience: float = PATIENCE,
    ) -> None:
        """Look until the condition holds; fails at once when a worker gave a partition up."""
        deadline = time.monotonic() + patience
        while not condition():
            complaints = self.fleet.complaints if healthy else []
            if complaints:
                raise AssertionError(f"While waiting for {what}: {complaints[:3]}")
            if time.monotonic() > deadline:
                raise AssertionError(f"Waited {patience:.0f} s in vain: {what}; {self.standing()}")
            time.sleep(_LOOK)

    def standing(self) -> str:
        """Say where everything stands, for the text of a failure."""
        published = sum(feed.delivered for feed in self.feeds)
        tails = {w.name: w.text.splitlines()[-3:] for w in self.fleet.alive}
        return (
            f"{self.accounted()} of {published} accounted for, positions {self.positions()}, "
            f"last words {tails}"
        )

    def settle(self) -> None:
        """Let the workers finish, stop them, and count everything independently.

        Starts a worker when none is alive. Raises NotOnce when the count is wrong.
        """
        self.proxy.clear()
        published = self.published()
        if not self.fleet.alive and not self._all_done(published):
            self.start("last")
        while not self._all_done(published):
            before = self.accounted()
            self.wait(
                lambda: self._all_done(published) or self.accounted() > before,  # noqa: B023
                "everything to be stored and committed",
            )
        for worker in self.fleet.alive:
            self.wait(lambda w=worker: w.up, f"{worker.name} to be up")  # type: ignore[misc]
        self.fleet.terminate()
        assert_once(self.store, self.settings, self.feeds)
        assert self.fleet.rss_peak < RSS_BOUND, f"a worker took {self.fleet.rss_peak >> 20} MB"
        self.outcome.ok = True

    def _all_done(self, published: int) -> bool:
        if self.accounted() < published:
            return False
        return not any(position.metadata for position in self.positions().values())
