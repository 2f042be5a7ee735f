"""``millrace dead-letters`` on a store that has a few."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from catalogues import SMALL

from millrace.clickhouse.client import Store
from millrace.streams.cli import main
from millrace.streams.clock import SystemClock
from millrace.streams.decode import Decoder
from millrace.streams.record_batch import record_batch
from millrace.streams.sink import Sink

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _here(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MILLRACE_CLICKHOUSE__URL", store_url)


def refuse(store: Store, *records: bytes) -> None:
    now = int(datetime.now(UTC).timestamp() * 1000)
    offsets = range(7, 7 + len(records))
    found = record_batch("events", 0, 7, offsets, [now] * len(records), records)
    batch = Decoder(SMALL, b"k").decode(found, "log")

    async def insert() -> None:
        sink = Sink(store, SystemClock())
        await sink.store(batch)
        sink.close()

    asyncio.run(insert())


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["dead-letters", *arguments])
    captured = capsys.readouterr()
    return int(str(ended.value.code or 0)), captured.out, captured.err


def test_lists_by_reason_most_frequent_first(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse(store, b"{", b"[]", b"{", b'{"name": "game.nope"}')
    code, out, _ = run(capsys, "list", "--json")
    groups: list[dict[str, Any]] = json.loads(out)
    assert code == 0
    assert [(g["reason"], g["letters"]) for g in groups] == [
        ("malformed_json", 2),
        ("not_an_object", 1),
        ("unknown_name", 1),
    ]
    code, out, _ = run(capsys, "list", "--reason", "unknown_name")
    assert "game.nope" in out
    assert "malformed" not in out


def test_shows_one_by_its_coordinate_without_steering_the_terminal(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse(store, b"{", b'{"name": "bad\\u001b[31mname", "tags": {"email": "x@y"}}')
    code, out, _ = run(capsys, "show", "events/0/8")
    assert code == 0
    assert "invalid_field" in out
    assert "\x1b" not in out
    assert "x@y" not in out
    code, out, _ = run(capsys, "show", "events/0/8", "--json")
    assert json.loads(out)["offset"] == 8


@pytest.mark.parametrize("coordinate", ["events/0/999", "events", "events/x/1"])
def test_a_letter_that_is_not_there_is_an_error(
    store: Store, capsys: pytest.CaptureFixture[str], coordinate: str
) -> None:
    code, _, err = run(capsys, "show", coordinate)
    assert code == 1
    assert coordinate in err


def test_an_empty_store_has_none(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "list")[1] == "There are no dead letters.\n"
