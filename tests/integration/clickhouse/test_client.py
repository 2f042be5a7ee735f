from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from event_rows import NOON, Row, events_batch

from millrace.clickhouse.client import INSERT_SETTINGS, Store
from millrace.schemas.errors import ConfigurationError, StoreError

pytestmark = pytest.mark.integration


def replaced(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    return batch.set_column(batch.schema.get_field_index(name), name, column)


def dictionary(values: list[str], indices: list[int]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(values))


def read(store: Store) -> list[tuple[object, ...]]:
    return store.rows(
        "SELECT id, tenant, name, kind, occurred_at, received_at, measurements, tags, actor, "
        "inserted_at, type, service, route_id, result FROM events ORDER BY offset"
    )


@pytest.mark.requirement("METRIC-48", "GAME-01", "GAME-16", "IDENT-01", "IDENT-02", "IDENT-11")
def test_every_field_comes_back(store: Store) -> None:
    moment = NOON.replace(microsecond=123_456)
    row = Row(
        7,
        moment,
        name="user.signup",
        measurements={"b": -0.5, "a": 1e38},
        tags={"result": "error", "route_id": "r1", "status": "other"},
        actor="a" * 32,
        source="service:api",
        received_at=NOON.replace(microsecond=987_000),
    )
    store.insert("events", events_batch([row, Row(8)]), "1")
    first, second = read(store)
    assert first == (
        *(row.id, "default", "user.signup", "event", moment, row.received_at),
        *({"a": 1e38, "b": -0.5}, row.tags, "a" * 32, NOON, "user", "api", "r1", "error"),
    )
    assert second[-4:] == ("system", "", "", "")


def test_dictionaries_may_hold_what_no_row_uses(store: Store) -> None:
    batch = replaced(events_batch([Row(0), Row(1)]), "name", dictionary(["x", "y", "z"], [2, 2]))
    store.insert("events", batch, "1")
    assert [row[2] for row in read(store)] == ["z", "z"]


def test_dictionary_with_a_repeated_value_is_refused(store: Store) -> None:
    batch = replaced(events_batch([Row(0), Row(1)]), "name", dictionary(["x", "x"], [0, 1]))
    with pytest.raises(StoreError, match="duplicate values") as caught:
        store.insert("events", batch, "1")
    assert caught.value.code == 117


@pytest.mark.parametrize(
    ("name", "column"),
    [
        pytest.param("id", pa.array([str(Row(0).id)]), id="UUID as text"),
        pytest.param("kind", pa.array(["event"]), id="enum as text"),
        pytest.param("kind", dictionary(["event"], [0]), id="enum as dictionary"),
        pytest.param("name", pa.array(["http.request"]), id="plain text"),
        pytest.param("actor", pa.array([""], pa.large_string()), id="large text"),
        pytest.param(
            "tags",
            pa.MapArray.from_arrays(
                pa.array([0, 1], pa.int32()), dictionary(["k"], [0]), dictionary(["v"], [0])
            ),
            id="map of dictionaries",
        ),
        pytest.param(
            "measurements",
            pa.MapArray.from_arrays(
                pa.array([0, 1], pa.int32()), dictionary(["count"], [0]), pa.array([1.0])
            ),
            id="map with dictionary keys",
        ),
    ],
)
def test_types_that_the_store_also_reads(store: Store, name: str, column: pa.Array) -> None:
    plain = events_batch([Row(0)])
    store.insert("events", replaced(plain, name, column), "1")
    (found,) = read(store)
    if name == "tags":
        assert found[7] == {"k": "v"}
    else:
        store.insert("events", plain, "2")
        assert read(store) == [found, found]


@pytest.mark.requirement("METRIC-45")
def test_repeated_token_is_swallowed_and_another_one_is_not(store: Store) -> None:
    batch = events_batch([Row(n) for n in range(10)])
    for token in ("a", "a", "b"):
        store.insert("events", batch, token)
    assert store.rows("SELECT count() FROM events") == [(20,)]
    assert store.rows("SELECT sum(events) FROM rollup_1d") == [(20,)]


@pytest.mark.requirement("GAME-16")
def test_no_rows_are_no_request(store: Store) -> None:
    store.insert("no_such_table", events_batch([Row(0)]).slice(0, 0), "1")


def test_insert_is_one_part_a_day_and_class(store: Store) -> None:
    store.command("SYSTEM STOP MERGES events")
    rows = [Row(n, NOON.replace(hour=n % 24)) for n in range(40_000)]
    rows += [replace(row, retention_class="long") for row in rows[:10]]
    store.insert("events", events_batch(rows), "1")
    parts = store.rows("SELECT rows FROM system.parts WHERE active AND table = 'events' "
                       "AND database = currentDatabase() ORDER BY rows")  # fmt: skip
    assert parts == [(10,), (40_000,)]


def test_concurrent_inserts_from_several_threads(store: Store) -> None:
    def insert(partition: int) -> None:
        for number in range(5):
            rows = [Row(number * 10 + n, NOON, partition=partition) for n in range(10)]
            store.insert("events", events_batch(rows), f"{partition}:{number}")

    threads = [threading.Thread(target=insert, args=(partition,)) for partition in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.rows("SELECT partition, uniqExact(offset), count() FROM events GROUP BY 1 "
                      "ORDER BY 1") == [(p, 50, 50) for p in range(4)]  # fmt: skip
    assert store.rows("SELECT sum(events) FROM rollup_1d") == [(200,)]


def test_parameters_keep_their_text(store: Store) -> None:
    text = 'it\'s\t\\N\n"quoted" {a:String}'
    assert store.rows("SELECT {a:String}, {b:Array(String)}", {"a": text, "b": [text]}) == [
        (text, [text])
    ]
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert store.rows("SELECT {t:DateTime('UTC')}", {"t": moment}) == [(moment,)]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        pytest.param("SELECT nope", 47, id="unknown column"),
        pytest.param("SELECT (1", 62, id="syntax"),
        pytest.param("SELECT * FROM nope", 60, id="unknown table"),
        pytest.param("SELECT throwIf(1)", 395, id="at run time"),
    ],
)
def test_refusals_carry_the_servers_code(store: Store, sql: str, code: int) -> None:
    with pytest.raises(StoreError) as caught:
        store.rows(sql)
    assert caught.value.code == code
    assert "\n" not in str(caught.value)
    assert "http://" not in str(caught.value)


def test_json_changes_nothing(store: Store) -> None:
    assert b'"data":' in store.json("SELECT 1 AS a")
    assert store.json("SELECT 1 AS a", format="TSV") == b"1\n"
    for sql in ("DROP TABLE events", "INSERT INTO events (name) VALUES ('x')"):
        with pytest.raises(StoreError) as caught:
            store.json(sql)
        assert caught.value.code == 164
    assert store.rows("SELECT count() FROM events") == [(0,)]


def test_unreachable_store_is_code_0() -> None:
    with pytest.raises(StoreError, match="did not answer") as caught:
        Store.connect("http://127.0.0.1:1/millrace", timeout=2)
    assert caught.value.code == 0
    assert "Traceback" not in str(caught.value)


def test_missing_database_is_made(store_server: str, store_url: str) -> None:
    store = Store.connect(store_url)
    assert store.rows("SELECT currentDatabase()") == [(store.database,)]
    store.close()
    assert store_url == f"{store_server}/{store.database}"


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:8123/millrace", "tcp://127.0.0.1/x", "http:///x", "http://h/a-b", "http://h/a/b"],
)
def test_unusable_urls_are_refused_unsent(url: str) -> None:
    with pytest.raises(ConfigurationError):
        Store.connect(url)


def test_settings_that_exactly_once_rests_on() -> None:
    assert INSERT_SETTINGS["async_insert"] == 0
    assert INSERT_SETTINGS["insert_deduplicate"] == 1
    assert INSERT_SETTINGS["deduplicate_blocks_in_dependent_materialized_views"] == 1
    assert int(INSERT_SETTINGS["max_insert_block_size"]) > 500_000
    assert int(INSERT_SETTINGS["min_insert_block_size_rows"]) > 500_000
    assert INSERT_SETTINGS["min_insert_block_size_bytes"] == 0
    assert INSERT_SETTINGS["max_insert_threads"] == 1


def test_uuid_order_of_bytes(store: Store) -> None:
    wanted = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
    batch = replaced(events_batch([Row(0)]), "id", pa.array([wanted.bytes], pa.binary(16)))
    store.insert("events", batch, "1")
    assert store.rows("SELECT toString(id) FROM events") == [(str(wanted),)]
