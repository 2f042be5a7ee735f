"""A store that was killed between an insert's token and its part takes the insert again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from catalogues import SMALL
from ingest_doubles import fetched, good
from store_fixtures import RETENTION
from store_shape import migrated

from millrace.clickhouse.client import Store
from millrace.clickhouse.embedded import EmbeddedServer
from millrace.clickhouse.ghost_tokens import forget_ghosts
from millrace.streams.decode import Decoder

pytestmark = pytest.mark.integration
pytest.importorskip("chdb")

ROWS = Decoder(SMALL, b"key").decode(fetched(0, [good(1), good(2)]).records, "log").rows
TABLES = ("events", "rollup_1m", "rollup_5m", "rollup_1h", "rollup_1d")


def counts(store: Store) -> list[int]:
    counted = ["count()", *["sum(events)"] * 4]
    found = [store.rows(f"SELECT {what} FROM {t}") for what, t in zip(counted, TABLES, strict=True)]
    return [int(rows[0][0]) for rows in found]


@pytest.mark.requirement("GAME-24", "METRIC-45")
@pytest.mark.parametrize("table", TABLES)
def test_a_token_without_its_part_does_not_swallow_the_repeat(tmp_path: Path, table: str) -> None:
    with EmbeddedServer(tmp_path) as server:
        store = Store.connect(server.url)
        migrated(store, RETENTION)
        for token in ("first", "second", "third"):
            store.insert("events", ROWS, token)
        # The tokens of merged parts must not pass for ghosts.
        store.command(f"OPTIMIZE TABLE {'rollup_1d' if table == 'events' else 'events'} FINAL")
        ((lost,),) = store.rows(
            "SELECT argMax(path, max_block_number) FROM system.parts"
            f" WHERE active AND database = currentDatabase() AND table = '{table}'"
        )
    # What a kill between the two leaves behind.
    shutil.rmtree(lost)
    with EmbeddedServer(tmp_path) as server:
        store = Store.connect(server.url)
        for token in ("first", "second", "third"):
            store.insert("events", ROWS, token)
        assert counts(store) == [6] * 5
    assert forget_ghosts(tmp_path / "store") == 0


def test_a_store_that_is_not_there_yet_has_none(tmp_path: Path) -> None:
    assert forget_ghosts(tmp_path / "nothing") == 0
