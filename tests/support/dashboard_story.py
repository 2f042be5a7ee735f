"""A store that a worker filled from Kafka, for the tests of dashboards and alerts.

``python dashboard_story.py DIRECTORY`` keeps such a store, to look at dashboards by eye.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import pkgutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import dashboard_seeds
from aiokafka import AIOKafkaProducer
from workers import settings_for, wait_until, worker

from millrace.clickhouse.client import Store
from millrace.grafana.generated import dashboards
from millrace.grafana.preview.panel_queries import PanelQueries
from millrace.streams.settings import KafkaSettings
from millrace.streams.topics import Topics, create_topics

Event = dict[str, Any]
#: Seconds for an insert, and for all of them.
_PATIENCE = 600.0
#: Quarter to four in the afternoon: no figure of "today" is near a midnight.
_TIME_OF_DAY = timedelta(hours=15, minutes=42)


def anchor() -> datetime:
    """The moment that the seeds end at: yesterday afternoon, so that whole days lie behind it."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=1) + _TIME_OF_DAY


def event(name: str, at: datetime, **fields: Any) -> Event:
    """One event as a producer sends it; ``fields`` are those of the contract."""
    return {"name": name, "occurred_at": at.isoformat().replace("+00:00", "Z"), **fields}


def seeds(at: datetime) -> dict[str, list[Event]]:
    """The events of every group, by the name of its module.

    ``DASHBOARD_SEEDS`` names the modules to take, for who works on one dashboard.
    """
    wanted = os.environ.get("DASHBOARD_SEEDS", "").split(",")
    return {
        found.name: importlib.import_module(f"dashboard_seeds.{found.name}").events(at)
        for found in pkgutil.iter_modules(dashboard_seeds.__path__)
        if wanted == [""] or found.name in wanted
    }


@dataclass(frozen=True)
class Story:
    """The store, the moment its seeds end at, and what was published, by group."""

    store: Store
    anchor: datetime
    events: Mapping[str, Sequence[Event]]

    def panel(
        self, uid: str, panel_id: int, ref: str = "A", *, hours: float = 24.0, **given: Any
    ) -> list[dict[str, Any]]:
        """The fields of one query over the hours before the anchor; no field when it is empty.

        ``end`` is another end of the range; ``var_x`` chooses a variable's value or values.
        """
        answer = self._queries.panel(uid, str(panel_id), ref, self._given(hours, **given))
        frames: list[Any] = answer["frames"]
        found: list[dict[str, Any]] = frames[0]["fields"] if frames else []
        return found

    def number(self, uid: str, panel_id: int, ref: str = "A", **given: Any) -> float | None:
        """The one number of a stat."""
        fields = self.panel(uid, panel_id, ref, **given)
        if not fields:
            return None
        ((value,),) = (field["values"] for field in fields if field["type"] == "number")
        return None if value is None else float(value)

    def table(self, uid: str, panel_id: int, ref: str = "A", **given: Any) -> list[dict[str, Any]]:
        """The rows, each by its columns' names."""
        fields = self.panel(uid, panel_id, ref, **given)
        names = [field["name"] for field in fields]
        columns = [field["values"] for field in fields]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]

    def series(
        self, uid: str, panel_id: int, ref: str = "A", **given: Any
    ) -> dict[str, dict[datetime, float | None]]:
        """Each line by its name: its labels' values, or its column."""
        fields = self.panel(uid, panel_id, ref, **given)
        if not fields:
            return {}
        times = [datetime.fromtimestamp(value / 1000, UTC) for value in fields[0]["values"]]
        return {
            ", ".join(field.get("labels", {}).values()) or field["name"]: dict(
                zip(times, field["values"], strict=True)
            )
            for field in fields
            if field["type"] == "number"
        }

    def annotation(self, uid: str, name: str, **given: Any) -> list[dict[str, Any]]:
        """The marks of one annotation."""
        answer = self._queries.annotation(uid, name, self._given(**given))
        fields = answer["frames"][0]["fields"] if answer["frames"] else []
        columns = [field["values"] for field in fields]
        names = [field["name"] for field in fields]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]

    def choices(self, uid: str, name: str, **given: Any) -> list[str]:
        """What a variable offers."""
        return list(self._queries.variable(uid, name, self._given(**given)))

    @property
    def _queries(self) -> PanelQueries:
        return PanelQueries(self.store.json)

    def _given(
        self, hours: float = 24.0, *, end: datetime | None = None, **variables: Any
    ) -> dict[str, list[str]]:
        until = end or self.anchor
        start = until - timedelta(hours=hours)
        given = {"from": [_milliseconds(start)], "to": [_milliseconds(until)]}
        for name, value in variables.items():
            given["var-" + name.removeprefix("var_")] = [value] if isinstance(value, str) else value
        return given


def panel_ids(uid: str) -> dict[str, int]:
    """The ids of a dashboard's panels by their English titles, those in shut rows too."""
    board = dashboards()[uid]
    inner = [inside for panel in board["panels"] for inside in (panel, *panel.get("panels", []))]
    return {
        panel["title"]: panel["id"]
        for panel in inner
        if panel["type"] != "row" and panel.get("title")
    }


def tell(kafka: KafkaSettings, store: Store, url: str, log: Path) -> Story:
    """Publish all seeds, let a worker store them, and stop it."""
    at = anchor()
    groups = seeds(at)
    told = [item for group in groups.values() for item in group]
    asyncio.run(_publish(kafka, told))
    settings = settings_for(kafka, url)
    # A year of days is hundreds of partitions in one insert: long, on a machine that is busy.
    patient = settings.clickhouse.model_copy(update={"timeout": _PATIENCE})
    with worker(settings.model_copy(update={"clickhouse": patient}), log) as running:
        wait_until(
            lambda: _accounted(store) >= len(told),
            f"the seeds are stored; see {log}",
            _PATIENCE,
        )
        running.terminate()
    return Story(store, at, groups)


def _accounted(store: Store) -> int:
    ((count,),) = store.rows("SELECT sum(stored + rejected + duplicate) FROM ingest_ledger")
    return int(count)


async def _publish(kafka: KafkaSettings, told: Sequence[Event]) -> None:
    await create_topics(kafka)
    topics = Topics(kafka.topic_prefix)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers, linger_ms=20)
    await producer.start()
    try:
        waiting = []
        for number, item in enumerate(told):
            own = item["name"].startswith("millrace.")
            record = {"id": str(uuid5(NAMESPACE_URL, f"seed {number}")), **item}
            waiting.append(
                await producer.send(
                    topics.millrace if own else topics.events,
                    json.dumps(record).encode(),
                    key=f"{item.get('tenant', 'default')}|{item['name']}".encode(),
                )
            )
        await asyncio.gather(*waiting)
    finally:
        await producer.stop()


def _milliseconds(moment: datetime) -> str:
    return str(round(moment.timestamp() * 1000))


def _keep(directory: Path) -> None:
    """Fill an embedded store in the directory, for the preview page."""
    from kafka_fixtures import _local

    from millrace.clickhouse import migrate
    from millrace.clickhouse.embedded import EmbeddedServer
    from millrace.streams.local.kafka import LocalKafka
    from millrace.streams.settings import RetentionSettings

    directory.mkdir(parents=True, exist_ok=True)
    java, jars = _local()
    os.environ.setdefault("MILLRACE_LOG__LEVEL", "WARNING")
    with (
        LocalKafka(directory / "kafka", java=java, jars=jars) as broker,
        EmbeddedServer(directory / "store") as server,
    ):
        store = Store.connect(server.url)
        migrate.apply(store, retention=RetentionSettings().model_dump())
        kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers)
        story = tell(kafka, store, server.url, directory / "worker.log")
        counts = {name: len(told) for name, told in story.events.items()}
        print(f"{directory / 'store'} holds {counts} up to {story.anchor}")
        store.close()


if __name__ == "__main__":
    _keep(Path(sys.argv[1]))
