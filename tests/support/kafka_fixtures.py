"""A real Kafka broker for tests: a container where Docker answers, else the local broker."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from millrace.schemas.errors import MillraceError
from millrace.streams.local import jars
from millrace.streams.local.kafka import LocalKafka
from millrace.streams.settings import KafkaSettings

#: The image that testcontainers' start script is written for.
_IMAGE = "confluentinc/cp-kafka:7.9.0"


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """Give the bootstrap servers of a broker that lives as long as the session.

    Without any broker the tests that need one are skipped with the reason; under ``CI=true`` that
    is a failure.
    """
    if _docker_answers():
        with _container() as servers:
            yield servers
        return
    try:
        local = _local()
    except MillraceError as error:
        reason = f"no Kafka broker: Docker does not answer and {error}"
        print(reason, file=sys.stderr)
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with (
        tempfile.TemporaryDirectory(prefix="millrace-kafka-") as directory,
        LocalKafka(Path(directory), java=local[0], jars=local[1]) as broker,
    ):
        yield broker.bootstrap_servers


@pytest.fixture
def kafka_settings(kafka: str) -> KafkaSettings:
    """Give settings with a topic prefix and a group that no other test has."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    return KafkaSettings(bootstrap_servers=kafka, topic_prefix=f"{name}.", group=name)


def _local() -> tuple[Path, Path]:
    java = jars.require_java(os.environ)
    cache = jars.cache_directory(os.environ)
    return java, jars.fetch_jars(cache, jars.find_maven(os.environ))


def _docker_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    # Asking the server, not the client: only the former needs a daemon.
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=10).returncode == 0
    except subprocess.TimeoutExpired:
        return False


@contextmanager
def _container() -> Iterator[str]:
    # Heavy, and of no use where Docker is not.
    from testcontainers.community.kafka import KafkaContainer

    container = KafkaContainer(_IMAGE).with_kraft()
    container.with_env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
    container.with_env("KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS", "1000")
    with container:
        yield container.get_bootstrap_server()
