from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import lz4.frame
import pytest
import zstandard
from event_rows import NOON, Row, events_batch
from store_fixtures import RETENTION
from store_shape import migrated

from millrace.clickhouse.client import Store
from millrace.clickhouse.data_directory import in_use, running_url
from millrace.clickhouse.embedded import EmbeddedServer
from millrace.schemas.errors import StoreError

pytestmark = pytest.mark.integration
pytest.importorskip("chdb")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(tmp_path_factory.mktemp("embedded")) as running:
        yield running


def request(
    server: EmbeddedServer,
    method: str,
    path: str,
    body: bytes | Iterator[bytes] | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request(method, path, body, headers or {}, encode_chunked=True)
    answer = connection.getresponse()
    result = (answer.status, dict(answer.getheaders()), answer.read())
    connection.close()
    return result


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def with_tables(server: EmbeddedServer) -> Store:
    store = Store.connect(server.url)
    migrated(store, RETENTION)
    return store


def rows(number: int, first: int = 0) -> list[Row]:
    return [Row(offset, NOON) for offset in range(first, first + number)]


def test_ping_and_plain_queries(server: EmbeddedServer) -> None:
    assert request(server, "GET", "/ping")[::2] == (200, b"Ok.\n")
    status, headers, body = request(server, "POST", "/", b"SELECT 1, 'a'")
    assert (status, body) == (200, b"1\ta\n")
    assert headers["X-ClickHouse-Format"] == "TabSeparated"
    assert json.loads(headers["X-ClickHouse-Summary"])["read_rows"] == "1"
    assert request(server, "GET", "/?query=SELECT%201%20FORMAT%20JSONCompactEachRow")[2] == b"[1]\n"
    path = "/?query=SELECT%20{a:UInt8}%2B1&param_a=2&default_format=CSV&database=system"
    assert request(server, "POST", path)[2] == b"3\n"


def test_settings_come_from_the_address_and_are_gone_with_the_request(
    server: EmbeddedServer,
) -> None:
    sql = b"SELECT getSetting('max_block_size'), currentDatabase()"
    path = "/?max_block_size=77&database=system"
    assert request(server, "POST", path, sql)[2] == b"77\tsystem\n"
    assert request(server, "POST", "/", sql)[2] != b"77\tsystem\n"


def test_refusal_has_code_and_text(server: EmbeddedServer) -> None:
    status, headers, body = request(server, "POST", "/", b"SELECT nope")
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (500, "47")
    assert body.startswith(b"Code: 47. DB::Exception: ")
    assert request(server, "POST", "/?no_such_setting=1", b"SELECT 1")[0] == 500
    assert request(server, "POST", "/?x'y=1", b"SELECT 1")[0] == 500
    assert request(server, "POST", "/?default_format=ArrowTable", b"SELECT 1")[0] == 500
    assert request(server, "POST", "/", b"SELECT '\xff\xfe")[0] in (400, 500)


@pytest.mark.parametrize("how", ["GET", "readonly=1"])
def test_read_only(server: EmbeddedServer, how: str) -> None:
    if how == "GET":
        answer = request(server, "GET", "/?query=CREATE%20DATABASE%20x")
    else:
        answer = request(server, "POST", "/?max_threads=1&readonly=1", b"CREATE DATABASE x")
    assert answer[1]["X-ClickHouse-Exception-Code"] == "164"


ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "lz4": lz4.frame.compress,
    "zstd": zstandard.compress,
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_compressed_bodies(server: EmbeddedServer, encoding: str) -> None:
    headers = {"Content-Encoding": encoding}
    body = ENCODINGS[encoding](b"SELECT 5")
    assert request(server, "POST", "/", body, headers)[2] == b"5\n"
    assert request(server, "POST", "/", b"not that", headers)[0] == 500


def test_chunked_body(server: EmbeddedServer) -> None:
    parts = iter([b"SELECT ", b"6", b" + 1"])
    assert request(server, "POST", "/", parts, {"Transfer-Encoding": "chunked"})[2] == b"7\n"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/", b"INSERT INTO i FORMAT CSV\n1,a\n2,b\n", id="in the body"),
        pytest.param("/?query=INSERT%20INTO%20i%20FORMAT%20CSV", b"1,a\n2,b\n", id="in the path"),
        pytest.param("/", b'INSERT INTO i FORMAT JSONEachRow {"a":1,"b":"a"} {"a":2,"b":"b"}',
                     id="same line"),
        pytest.param("/", b"INSERT INTO i VALUES (1, 'a'), (2, 'b')", id="values"),
        pytest.param("/", b"INSERT INTO i SELECT number + 1, ['a','b'][number+1] FROM numbers(2)",
                     id="select"),
    ],
)  # fmt: skip
def test_inserts_in_any_form(server: EmbeddedServer, path: str, body: bytes) -> None:
    request(server, "POST", "/", b"CREATE OR REPLACE TABLE i (a UInt8, b String) ENGINE = Memory")
    status, headers, text = request(server, "POST", path, body)
    assert (status, text) == (200, b"")
    assert json.loads(headers["X-ClickHouse-Summary"])["written_rows"] == "2"
    assert request(server, "POST", "/", b"SELECT * FROM i ORDER BY a")[2] == b"1\ta\n2\tb\n"


@pytest.mark.parametrize(
    ("table", "code"),
    [("bounded", 469), ("watched", 395), ("scattered", 252), ("plain", 33)],
)
def test_an_insert_that_fails_after_its_parsing_says_so(
    server: EmbeddedServer, table: str, code: int
) -> None:
    store = Store.connect(f"http://127.0.0.1:{server.port}/failing_{table}")
    for statement in (
        "CREATE TABLE plain (n UInt64) ENGINE = MergeTree ORDER BY n",
        "CREATE TABLE bounded (n UInt64, CONSTRAINT few CHECK n < 150) ENGINE = Memory",
        "CREATE TABLE watched (n UInt64) ENGINE = MergeTree ORDER BY n",
        "CREATE MATERIALIZED VIEW view TO plain AS SELECT n + throwIf(n > 150) AS n FROM watched",
        "CREATE TABLE scattered (n UInt64) ENGINE = MergeTree PARTITION BY n ORDER BY n",
    ):
        store.command(statement)
    data = b"".join(number.to_bytes(8, "little") for number in range(200))
    data = data[:-1] if table == "plain" else data
    address = f"/?database={store.database}&query=INSERT+INTO+{table}+FORMAT+RowBinary"
    status, headers, _ = request(server, "POST", address, data)
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (500, str(code))


def test_web_pages_are_refused(server: EmbeddedServer) -> None:
    for headers in ({"Origin": "https://example.org"}, {"Host": "rebound.example.org"}):
        assert request(server, "POST", "/", b"SELECT 1", headers)[0] == 500


def test_what_is_not_supported_says_so(server: EmbeddedServer) -> None:
    assert b"Content-Encoding" in request(server, "POST", "/?decompress=1", b"SELECT 1")[2]
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert b"not supported" in request(server, "POST", "/", b"--x--", headers)[2]


def test_queries_run_beside_each_other(server: EmbeddedServer) -> None:
    ended = []

    def sleep() -> None:
        request(server, "POST", "/", b"SELECT sleep(3)")
        ended.append(True)

    threads = [threading.Thread(target=sleep) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert request(server, "POST", "/", b"SELECT 1")[2] == b"1\n"
    assert not ended, "the quick query had to wait for the slow ones"
    for thread in threads:
        thread.join()


def test_data_and_tokens_survive_a_stop(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path) as first:
        store = with_tables(first)
        store.insert("events", events_batch(rows(100)), "token")
        store.close()
    assert not in_use(tmp_path)
    with EmbeddedServer(tmp_path) as second:
        store = Store.connect(second.url)
        store.insert("events", events_batch(rows(100)), "token")
        assert store.rows("SELECT count() FROM events") == [(100,)]
        assert store.rows("SELECT sum(events) FROM rollup_1d") == [(100,)]
        store.close()


def test_directory_in_use_is_one_sentence(server: EmbeddedServer, tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path) as first:
        assert running_url(tmp_path) == first.url
        with pytest.raises(StoreError, match=f"is in use by process {first.pid}: ") as caught:
            EmbeddedServer(tmp_path).start()
        assert "\n" not in str(caught.value)
        assert request(first, "GET", "/ping")[0] == 200
    assert running_url(tmp_path) is None


def test_unusable_directory_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="ascii")
    with pytest.raises(StoreError, match="cannot be used"):
        EmbeddedServer(tmp_path / "file").start()


def test_port_in_use_is_one_sentence(server: EmbeddedServer, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"cannot listen on port {server.port}"):
        EmbeddedServer(tmp_path, server.port).start()


@pytest.mark.parametrize("kill_after", [0.005, 0.02, 0.04, 0.08])
def test_killed_in_mid_insert_and_repeated_counts_once(tmp_path: Path, kill_after: float) -> None:
    batch = events_batch(
        [Row(n, NOON.replace(hour=n % 24), tags={"n": str(n % 300)}) for n in range(20_000)]
    )
    server = EmbeddedServer(tmp_path).start()
    store = with_tables(server)
    store.insert("events", events_batch(rows(10, 1_000_000)), "before")
    killer = threading.Timer(kill_after, os.kill, (server.pid, signal.SIGKILL))
    killer.start()
    # Whether the answer came in time is chance; what is in the store afterwards must not be.
    with contextlib.suppress(StoreError):
        store.insert("events", batch, "token")
    killer.join()
    server.stop()
    with EmbeddedServer(tmp_path) as again:
        store = Store.connect(again.url)
        store.insert("events", batch, "token")
        assert store.rows("SELECT count(), uniqExact(offset) FROM events") == [(20_010, 20_010)]
        for table in ("rollup_1m", "rollup_5m", "rollup_1h", "rollup_1d"):
            assert store.rows(f"SELECT sum(events), sum(count) FROM {table}") == [(20_010, 20_010)]
        store.close()


def test_stops_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from millrace.clickhouse.embedded import EmbeddedServer\n"
        "server = EmbeddedServer(Path(sys.argv[1])).start(); print(server.pid, flush=True)\n"
        "time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert alive(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert wait_until(lambda: not alive(child))
    assert not in_use(tmp_path)


def test_statement_under_way_is_finished_by_a_stop(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path).start()
    answers: list[bytes] = []
    thread = threading.Thread(
        target=lambda: answers.append(request(server, "POST", "/", b"SELECT sleep(1)")[2])
    )
    thread.start()
    assert wait_until(lambda: b"sleep" in request(
        server, "POST", "/", b"SELECT query FROM system.processes")[2])  # fmt: skip
    server.stop()
    thread.join()
    assert answers == [b"0\n"]
