"""``millrace tail`` and its reader on a real broker, with windows published as a worker would."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import PolicyViolationError
from window_builders import NOON, FakeRecord, record, tombstone, window
from workers import PATIENCE, wait_until

from millrace.schemas.errors import BrokerError
from millrace.schemas.window import Window
from millrace.streams.kept_windows import EVERYTHING, Wanted
from millrace.streams.local.environment import environment_of
from millrace.streams.local.memory import MemoryKafka
from millrace.streams.settings import KafkaSettings, Settings
from millrace.streams.topics import (
    Topics,
    administrator,
    create_topics,
    declarations,
    partitions_of,
)
from millrace.streams.window_board import COLUMNS
from millrace.streams.window_reader import window_reader

pytestmark = pytest.mark.integration


@pytest.fixture
def installation(kafka_settings: KafkaSettings) -> KafkaSettings:
    asyncio.run(create_topics(kafka_settings))
    return kafka_settings


async def publish(kafka: KafkaSettings, *records: FakeRecord) -> None:
    """Publish records in order, each to its own partition."""
    topic = Topics(kafka.topic_prefix).windows
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers) as producer:
        for one in records:
            await producer.send_and_wait(topic, one.value, key=one.key, partition=one.partition)


class Tail:
    """``millrace tail`` as a process of its own."""

    def __init__(self, kafka: KafkaSettings, folder: Path, arguments: Sequence[str]) -> None:
        self._out, self._err = folder / "out", folder / "err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "millrace.streams.cli", "tail", *arguments],
                env=environment_of(Settings(kafka=kafka), os.environ),
                cwd=folder,
                stdout=out,
                stderr=err,
            )

    @property
    def lines(self) -> list[str]:
        """What it has written so far."""
        return self._out.read_text().splitlines()

    @property
    def complaints(self) -> str:
        """What it has written to stderr."""
        return self._err.read_text()

    @property
    def windows(self) -> list[dict[str, Any]]:
        """The objects that it has written."""
        return [json.loads(line) for line in self.lines]

    def end(self, number: int) -> int:
        """Send it a signal; returns its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def tail(kafka: KafkaSettings, folder: Path, *arguments: str) -> Iterator[Tail]:
    """Run it while the block runs, at the longest."""
    running = Tail(kafka, folder, arguments)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait(PATIENCE)


def starts(found: Sequence[Window]) -> list[tuple[str, int, int]]:
    return [(one.name, one.partition, one.count) for one in found]


async def test_the_reader_follows_all_partitions(installation: KafkaSettings) -> None:
    first, second = window(), window([5.0], partition=3)
    gone = window(name="gone")
    await publish(installation, record(first), record(gone), tombstone(gone), record(second))
    async with window_reader(installation) as reader:
        await reader.catch_up()
        (key,) = reader.kept
        assert reader.kept.windows(key) == [first, second]
        newer = window([1.0, 2.0, 3.0], through_offset=11)
        await publish(installation, record(newer))
        assert await reader.poll(PATIENCE) == [key]
        assert reader.kept.windows(key) == [newer, second]
        assert await reader.poll(0.1) == []


async def test_two_readers_do_not_share(installation: KafkaSettings) -> None:
    await publish(installation, record(window()), record(window(name="other")))
    async with (
        window_reader(installation) as all_of_it,
        window_reader(installation, Wanted(name="other")) as a_part,
    ):
        await all_of_it.catch_up()
        await a_part.catch_up()
        assert (len(all_of_it.kept), len(a_part.kept)) == (2, 1)


async def test_the_reader_notices_that_the_topic_has_grown(installation: KafkaSettings) -> None:
    await publish(installation, record(window(name="a")))
    async with window_reader(installation, EVERYTHING, look_seconds=0.2) as reader:
        await reader.catch_up()
        async with administrator(installation) as admin:
            topic = Topics(installation.topic_prefix).windows
            await admin.create_partitions({topic: NewPartitions(6)})
            await _growth(admin, topic, 6)
        await publish(installation, record(window(name="b", partition=5)))
        while not (changed := await reader.poll(0.2)):
            pass
        assert [key.name for key in changed] == ["b"]
        await publish(installation, record(window(name="c")))
        assert [key.name for key in await reader.poll(PATIENCE)] == ["c"]


async def _growth(admin: AIOKafkaAdminClient, topic: str, partitions: int) -> None:
    # The controller has it at once, the broker a moment later.
    while len(await partitions_of(admin, topic)) < partitions:  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def test_a_log_that_does_not_begin_at_0_is_caught_up_with(
    installation: KafkaSettings,
) -> None:
    place = TopicPartition(Topics(installation.topic_prefix).windows, 0)
    await publish(installation, *(record(window(through_offset=offset)) for offset in range(20)))
    async with administrator(installation) as admin:
        # Of a topic that is only compacted the broker deletes nothing when it is asked to.
        policy = {"cleanup.policy": "delete"}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, place.topic, policy)])
        await _deletion(admin, place, 20)
    await publish(installation, record(window(name="after")))
    async with window_reader(installation) as reader:
        await reader.catch_up()
        assert [key.name for key in reader.kept] == ["after"]


async def _deletion(admin: AIOKafkaAdminClient, place: TopicPartition, before: int) -> None:
    while True:
        try:
            await admin.delete_records({place: RecordsToDelete(before_offset=before)})
        except PolicyViolationError:  # the changed policy is not everywhere yet
            await asyncio.sleep(0.05)
        else:
            return


def test_what_is_open_and_then_every_change(installation: KafkaSettings, tmp_path: Path) -> None:
    later = NOON + timedelta(seconds=10)
    asyncio.run(
        publish(
            installation,
            record(window(final=True)),
            record(window([4.0], start=later)),
            record(window([5.0], start=later, partition=2)),
            record(window(size=60)),
        )
    )
    with tail(installation, tmp_path) as running:
        wait_until(lambda: len(running.lines) == 2, "the open window")
        assert running.lines[0] == "\t".join(COLUMNS)
        assert running.lines[1].split("\t")[4:6] == ["2026-03-01T12:00:10Z", "2"]
        corrected = window([1.0, 2.0, 9.0], final=True, revision=1, late=1, through_offset=12)
        asyncio.run(publish(installation, record(corrected)))
        wait_until(lambda: len(running.lines) == 3, "the correction")
        shown = dict(zip(COLUMNS, running.lines[2].split("\t"), strict=True))
        assert (shown["max"], shown["state"]) == ("9.0", "corrected")
        assert running.end(signal.SIGINT) == 0
        assert running.complaints == ""


def test_json_of_what_is_asked_for(installation: KafkaSettings, tmp_path: Path) -> None:
    asyncio.run(
        publish(
            installation,
            record(window(size=60, tags={"region": "eu"})),
            record(window(size=60, tags={"region": "us"})),
            record(window(size=60, name="other", tags={"region": "eu"})),
            record(window(size=60, tenant="other", tags={"region": "eu"})),
            record(window(tags={"region": "eu"})),
        )
    )
    wanted = ("--name", "api.requests", "--tenant", "acme", "--tag", "region=eu", "--size", "60")
    with tail(installation, tmp_path, "--json", "--for", "1", *wanted) as running:
        assert running.process.wait(PATIENCE) == 0
        (shown,) = running.windows
        assert (shown["tags"], shown["size"], shown["p50"]) == ({"region": "eu"}, 60, 1.0)
        assert running.complaints == ""


def test_once_ends_by_itself(installation: KafkaSettings, tmp_path: Path) -> None:
    asyncio.run(publish(installation, record(window()), record(window(name="over", final=True))))
    with tail(installation, tmp_path, "--once", "--json") as running:
        assert running.process.wait(PATIENCE) == 0
        assert [shown["name"] for shown in running.windows] == ["api.requests"]


def test_sigterm_ends_it_as_ctrl_c_does(installation: KafkaSettings, tmp_path: Path) -> None:
    asyncio.run(publish(installation, record(window())))
    with tail(installation, tmp_path) as running:
        wait_until(lambda: len(running.lines) == 2, "the open window")
        assert running.end(signal.SIGTERM) == 0
        assert running.complaints == ""


def test_a_malformed_record_is_one_warning(installation: KafkaSettings, tmp_path: Path) -> None:
    bad = FakeRecord(b"no key of ours", b"hunter2", 1)
    asyncio.run(publish(installation, bad, bad, record(window(partition=1))))
    with tail(installation, tmp_path, "--once", "--json") as running:
        assert running.process.wait(PATIENCE) == 0
        assert len(running.windows) == 1
        (said,) = running.complaints.splitlines()
    assert (
        f"Topic {Topics(installation.topic_prefix).windows}, partition 1: the record at offset 0"
        in said
    )
    assert "hunter2" not in said


def test_topics_that_do_not_exist_are_told(kafka_settings: KafkaSettings, tmp_path: Path) -> None:
    with tail(kafka_settings, tmp_path) as running:
        assert running.process.wait(PATIENCE) == 1
        (said,) = running.complaints.splitlines()
    assert said.endswith(
        "telemetry.windows does not exist; start a worker, which creates the topics"
    )


def test_the_in_memory_broker_is_read_as_well(tmp_path: Path) -> None:
    topics = {one.name: one.partitions for one in declarations(KafkaSettings())}
    with MemoryKafka(tmp_path, topics) as broker:
        kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers)
        asyncio.run(create_topics(kafka))
        asyncio.run(publish(kafka, record(window()), record(window([3.0], partition=1))))
        with tail(kafka, tmp_path, "--once", "--json") as running:
            assert running.process.wait(PATIENCE) == 0
            assert [shown["count"] for shown in running.windows] == [3]


async def test_a_broker_that_goes_away_is_one_sentence(tmp_path: Path) -> None:
    topics = {one.name: one.partitions for one in declarations(KafkaSettings())}
    with MemoryKafka(tmp_path, topics) as broker:
        kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers)
        await create_topics(kafka)
        with pytest.raises(BrokerError, match=r"windows could not be read: .*; see whether"):
            await _read_on(kafka, broker)


async def _read_on(kafka: KafkaSettings, broker: MemoryKafka) -> None:
    async with window_reader(kafka, patience=1.0) as reader:
        await reader.catch_up()
        broker.stop()
        while True:
            await reader.poll(0.1)


def test_a_table_in_a_terminal_until_ctrl_c(installation: KafkaSettings, tmp_path: Path) -> None:
    records = [record(window(name=f"n{number}", tags={"t": "[b]x"})) for number in range(30)]
    asyncio.run(publish(installation, *records))
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 16, 100, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "millrace.streams.cli", "tail"],
        env={**environment_of(Settings(kafka=installation), os.environ), "TERM": "xterm"},
        cwd=tmp_path,
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    shown = b""
    try:
        while b"20 series more" not in shown:
            shown += os.read(master, 65_536)
        asyncio.run(publish(installation, record(window(name="news", final=True))))
        while b"news" not in shown:
            shown += os.read(master, 65_536)
        process.send_signal(signal.SIGINT)
        shown += _rest(master)
        assert process.wait(PATIENCE) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(PATIENCE)
        os.close(master)
    text = shown.decode()
    assert "[b]x" in text
    assert "Traceback" not in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is back


def _rest(descriptor: int) -> bytes:
    found = b""
    try:
        while more := os.read(descriptor, 65_536):
            found += more
    except OSError:  # the other end is closed
        pass
    return found
