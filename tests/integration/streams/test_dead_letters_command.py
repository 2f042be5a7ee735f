"""``millrace dead-letters`` on a store that has a few."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from catalogues import SMALL
from workers import scalar

from millrace.clickhouse.client import Store
from millrace.clickhouse.lease import lease
from millrace.streams import generations
from millrace.streams.cli import main
from millrace.streams.decode import Decoder
from millrace.streams.letter_jobs import begin, end, mark, new_job
from millrace.streams.letters import Place
from millrace.streams.pauses import pause, paused, resume
from millrace.streams.record_batch import record_batch

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC)
PLACE = Place("log", "events", 0)


@pytest.fixture(autouse=True)
def _here(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MILLRACE_CLICKHOUSE__URL", store_url)
    monkeypatch.setenv("MILLRACE_ACTOR_KEY", "a key for tests")


def refuse(store: Store, *records: bytes, age: timedelta = timedelta(), first: int = 7) -> None:
    received = int((NOW - age).timestamp() * 1000)
    offsets = range(first, first + len(records))
    found = record_batch("events", 0, first, offsets, [received] * len(records), records)
    batch = Decoder(SMALL, b"k").decode(found, "log")
    store.insert("dead_letters", batch.dead_letters()[0], batch.token)


def done(store: Store, **offsets: tuple[int, ...]) -> None:
    job = new_job(1, PLACE, catalogue="f" * 64, **offsets)
    begin(store, job, NOW)
    mark(store, job, NOW)
    end(store, job, "done", NOW)


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


def test_lists_only_what_is_not_redriven_unless_asked(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse(store, b"{", b"{", b"{", b"{", b"{")
    done(store, redriven=(7,), duplicate=(8,), refused=(9,), purged=(10,))
    assert json.loads(run(capsys, "list", "--json")[1])[0]["letters"] == 2
    assert json.loads(run(capsys, "list", "--json", "--all")[1])[0]["letters"] == 4
    offsets = [json.loads(line)["offset"] for line in run(capsys, "export")[1].splitlines()]
    assert offsets == [9, 11]


def test_filters(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "x' OR '1'='1"
    refuse(store, b"{", age=timedelta(hours=2))
    refuse(
        store,
        json.dumps({"name": hostile, "tenant": "a"}).encode(),
        b'{"name": "game.nope", "tenant": "b"}',
        first=20,
    )

    def offsets(*arguments: str) -> list[int]:
        code, out, err = run(capsys, "export", *arguments)
        assert code == 0, err
        return [json.loads(line)["offset"] for line in out.splitlines()]

    assert offsets() == [7, 20, 21]
    assert offsets("--since", "1h") == [20, 21]
    assert offsets("--since", (NOW - timedelta(hours=1)).isoformat()) == [20, 21]
    assert offsets("--name", hostile) == [20]
    assert offsets("--tenant", "b") == [21]
    assert offsets("--field", "name") == [20, 21]
    assert offsets("--topic", "events") == [7, 20, 21]
    for option in ("--reason", "--field", "--tenant", "--topic"):
        assert offsets(option, hostile) == []
    code, _, err = run(capsys, "export", "--since", "yesterday")
    assert code == 1
    assert "'yesterday' is not a time" in err


def test_shows_one_by_its_coordinate_without_steering_the_terminal(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse(store, b"{", b'{"name": "bad\\u001b[31mname", "tags": {"email": "x@y"}}')
    done(store, refused=(8,))
    code, out, _ = run(capsys, "show", "events/0/8")
    assert code == 0
    assert "invalid_field" in out
    assert "refused" in out
    assert "by catalogue ffffffffffff" in out
    assert "\x1b" not in out
    assert "x@y" not in out
    code, out, _ = run(capsys, "show", "events/0/8", "--json")
    letter = json.loads(out)
    assert letter["offset"] == 8
    assert [one["mark"] for one in letter["marks"]] == ["refused"]


@pytest.mark.parametrize(
    "coordinate",
    [
        "events/0/999",
        "events",
        "events/x/1",
        "events/0/1' OR '1'='1",
        "events/-1/1",
        "events/0/" + "9" * 5000,
        "events/4294967296/1",
        "events/0/٣",
        "a'/**/OR/**/1=1/0/8",
    ],
)
def test_a_letter_that_is_not_there_is_an_error(
    store: Store, capsys: pytest.CaptureFixture[str], coordinate: str
) -> None:
    refuse(store, b"{", b"{")
    code, out, err = run(capsys, "show", coordinate)
    assert (code, out) == (1, "")
    assert coordinate in err or repr(coordinate) in err


def test_an_empty_store_has_none(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "list")[1] == "There are no dead letters.\n"


def test_exports_to_a_private_file_that_is_whole(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "x@example.org"
    refuse(
        store, json.dumps({"name": "game.nope", "tags": {"email": secret, "zone": "a"}}).encode()
    )
    file = tmp_path / "letters.ndjson"
    code, out, err = run(capsys, "export", "--to", str(file))
    assert (code, out) == (0, "")
    assert "Wrote 1 letters" in err
    (letter,) = [json.loads(line) for line in file.read_text().splitlines()]
    assert letter["reason"] == "unknown_name"
    assert secret not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert run(capsys, "export", "--originals")[0] == 2
    code, _, err = run(capsys, "export", "--to", str(tmp_path / "nowhere" / "x"))
    assert code == 1
    assert "cannot be written" in err


def test_purge_asks_first(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(store, b"{", b"[]")
    assert "Would delete 2 letters" in run(capsys, "purge", "--dry-run")[1]
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert run(capsys, "purge")[0] == 1
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert run(capsys, "purge")[0] == 1  # there is nobody to ask
    assert scalar(store, "SELECT count() FROM dead_letters") == 2
    code, out, _ = run(capsys, "purge", "--yes", "--reason", "not_an_object")
    assert (code, out) == (0, "Deleted 1 letters.\n")
    code, _, err = run(capsys, "show", "events/0/8")
    assert code == 1
    assert "was purged at" in err


def test_two_at_once_are_told_apart(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    refuse(store, b"{")
    with lease(store, "dead-letters", owner="Ann", seconds=60, now=lambda: datetime.now(UTC)):
        code, _, err = run(capsys, "purge", "--yes")
    assert code == 1
    assert "held by Ann" in err
    assert run(capsys, "purge", "--yes")[0] == 0


def test_nothing_is_changed_without_the_workers_key(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(store, b"{")
    monkeypatch.delenv("MILLRACE_ACTOR_KEY")
    for command in (["redrive"], ["purge", "--yes"]):
        code, _, err = run(capsys, *command)
        assert code == 1
        assert "MILLRACE_ACTOR_KEY is not set" in err
    assert scalar(store, "SELECT count() FROM dead_letters") == 1


def test_resumes_what_is_paused(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    log = generations.settle(store, "events", {})
    assert run(capsys, "resume")[:2] == (0, "No partition is paused.\n")
    for partition in (0, 1):
        pause(store, Place(log, "events", partition), 70, "9 of 10 were refused", NOW)
    pause(store, Place("of a deleted topic", "events", 3), 70, "all", NOW)
    resume(store, paused(store, partition=0)[0], NOW - timedelta(days=1))
    pause(store, Place(log, "events", 0), 90, "9 of 10 again", NOW + timedelta(seconds=1))
    refuse(store, b"{")
    _, _, err = run(capsys, "list")
    assert "events/0 is paused at offset 90: 9 of 10 again" in err
    assert "events/1 is paused at offset 70" in err
    assert run(capsys, "resume", "--topic", "x' OR '1'='1")[1] == "No partition is paused.\n"
    assert run(capsys, "resume", "--partition", "1")[1] == "Resumed events/1 at offset 70.\n"
    assert run(capsys, "resume")[1] == "Resumed events/0 at offset 90.\n"
    assert run(capsys, "resume")[1] == "No partition is paused.\n"
    newest = store.rows(
        "SELECT partition, argMax(state, at), argMax(offset, at) FROM ingest_pauses"
        " WHERE log != 'of a deleted topic' GROUP BY partition ORDER BY partition"
    )
    assert newest == [(0, "resumed", 90), (1, "resumed", 70)]
