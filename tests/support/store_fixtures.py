"""The real store for tests: a ClickHouse server where Docker answers, else the embedded engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec

import pytest
from store_shape import migrated

from millrace.clickhouse.client import Store
from millrace.clickhouse.embedded import EmbeddedServer
from millrace.clickhouse.reconcile import Terms
from millrace.streams import reconcile
from millrace.streams.settings import RetentionSettings

IMAGE = "clickhouse/clickhouse-server:26.8"
RETENTION = RetentionSettings().model_dump()


def missing(reason: str) -> None:
    """Fail where everything must be there (CI), skip with the reason elsewhere."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    print(reason)
    pytest.skip(reason)


def docker_answers() -> bool:
    docker = shutil.which("docker")
    if docker is None:
        return False
    try:
        answer = subprocess.run([docker, "info"], capture_output=True, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        return False
    return answer.returncode == 0


@pytest.fixture(scope="session")
def store_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a running store, without a database."""
    if docker_answers():
        yield from _container()
        return
    if find_spec("chdb") is None:
        missing("No Docker and no chdb: install millrace[embedded] to run the store's tests")
    with EmbeddedServer(tmp_path_factory.mktemp("store")) as server:
        yield server.url.rsplit("/", 1)[0]


def _container() -> Iterator[str]:
    from testcontainers.community.clickhouse import ClickHouseContainer

    with ClickHouseContainer(IMAGE, username="test", password="test") as container:
        host = container.get_container_host_ip()
        port = container.get_exposed_port(8123)
        yield f"http://test:test@{host}:{port}"


@pytest.fixture
def store_url(store_server: str) -> Iterator[str]:
    """URL of a database of this test's own, empty but for the tables that ``store`` asks for."""
    name = f"t{uuid.uuid4().hex}"
    yield f"{store_server}/{name}"
    cleaner = Store.connect(f"{store_server}/default")
    cleaner.command(f"DROP DATABASE IF EXISTS {name} SYNC")
    cleaner.close()


@pytest.fixture
def empty_store(store_url: str) -> Iterator[Store]:
    """A store on an empty database."""
    store = Store.connect(store_url)
    yield store
    store.close()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A store on a database with today's tables and nothing in them."""
    store = Store.connect(store_url)
    migrated(store, RETENTION)
    yield store
    store.close()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a proof look again at once at what differs: nothing is on its way any more."""
    monkeypatch.setattr(reconcile, "_WAITS", (0.1,) * 4)
    monkeypatch.setattr(reconcile, "Terms", partial(Terms, sleep=lambda _: None))
