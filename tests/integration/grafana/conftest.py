"""Stores with known telemetry."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from dashboard_story import Story, tell

from millrace.clickhouse import migrate
from millrace.clickhouse.client import Store
from millrace.streams.settings import KafkaSettings, RetentionSettings


@pytest.fixture(scope="session")
def story(
    kafka: str, store_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    """All of ``dashboard_seeds``, through Kafka and a worker, once a session."""
    name = f"story_{uuid.uuid4().hex[:8]}"
    store = Store.connect(f"{store_server}/{name}")
    migrate.apply(store, retention=RetentionSettings().model_dump())
    settings = KafkaSettings(bootstrap_servers=kafka, topic_prefix=f"{name}.", group=name)
    log = tmp_path_factory.mktemp("story") / "worker.log"
    yield tell(settings, store, f"{store_server}/{name}", log)
    store.close()
