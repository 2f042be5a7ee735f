"""The benchmarks' arithmetic, their events and the file that keeps their results; nothing timed."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import figures
import pytest
import report
import run
from aiokafka import ConsumerRecord
from peer import COLUMNS, DENIED, rows_of
from repository import REPO
from rounds import BenchmarkError, Round
from usage import CpuSeconds
from workload import PARTITIONS, SERIES, Workload

from millrace.schemas.catalogue_files import load_catalogue
from millrace.streams.arbiter import Accepted, judge
from millrace.streams.columns import KINDS
from millrace.streams.decode import Decoder
from millrace.streams.record_batch import record_batch

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
KAFKA_TIME = int(START.timestamp() * 1000) + 60_000


def finished(**fields: Any) -> Round:
    return Round(
        **{
            "contender": "millrace",
            "events": 500_000,
            "seconds": 5.0,
            "first_seconds": 1.0,
            "cpu": CpuSeconds(worker=4.0, store=3.0, broker=0.5, others=1.0),
            "peak_rss_mb": 300.0,
            **fields,
        }
    )


def test_figures_of_a_round() -> None:
    found = figures.round_figures(finished())
    assert found["events_per_second"] == 100_000
    assert (found["worker_cpu"], found["store_cpu"], found["broker_cpu"]) == (8.0, 6.0, 1.0)
    assert found["others_cpus"] == 0.2


def test_medians_are_taken_of_each_figure() -> None:
    rounds = [figures.round_figures(finished(seconds=seconds)) for seconds in (4.0, 10.0, 5.0)]
    found = figures.median_of(rounds)
    assert found["seconds"] == 5.0
    assert found["events_per_second"] == 100_000
    assert "contender" not in found


def test_no_round_has_no_median() -> None:
    with pytest.raises(ValueError, match="no round"):
        figures.median_of([])


def test_ratios_go_pair_by_pair() -> None:
    rates = [("ours", 90.0), ("theirs", 30.0), ("theirs", 20.0), ("ours", 40.0)]
    rounds = [
        {"pair": place // 2, "contender": who, "events_per_second": rate}
        for place, (who, rate) in enumerate(rates)
    ]
    assert figures.pair_ratios(rounds, "ours", "theirs") == {"pairs": [3.0, 2.0], "median": 2.5}


def test_microseconds_an_event() -> None:
    assert figures.per_event([0.2, 0.1, 0.9], 50_000) == pytest.approx(4.0)


def test_cpu_between_two_moments() -> None:
    spent = CpuSeconds(5, 4, 3, 2).since(CpuSeconds(1, 1, 1, 1))
    assert spent == CpuSeconds(4, 3, 2, 1)


def test_workload_is_the_same_on_every_call_and_as_described() -> None:
    workload = Workload(2_000, START)
    records = list(workload.records())
    assert records == list(workload.records())
    documents = [json.loads(value) for _, _, value in records]
    assert len({document["id"] for document in documents}) == 2_000
    assert all(len(document["tags"]) == 4 for document in documents)
    assert 290 <= sum(len(value) for _, _, value in records) / 2_000 <= 330
    assert set(Counter(partition for partition, _, _ in records).values()) == {2_000 // PARTITIONS}


def test_totals_are_what_the_contract_accepts() -> None:
    workload, catalogue = Workload(2_000, START), load_catalogue()
    verdicts = [judge(value, KAFKA_TIME, catalogue) for _, _, value in workload.records()]
    events = [verdict.event for verdict in verdicts if isinstance(verdict, Accepted)]
    assert len(events) == workload.totals.events == 1_998
    assert sum(event.measurements["value"] for event in events) == workload.totals.value
    series = {(event.name, tuple(event.tags.items())) for event in events}
    assert len(series) == workload.totals.series == SERIES


def test_peer_stores_what_the_worker_stores(capsys: pytest.CaptureFixture[str]) -> None:
    values = [value for _, _, value in Workload(1_000, START).records()]
    batch = record_batch("topic", 0, 0, range(1_000), [KAFKA_TIME] * 1_000, values)
    ours = Decoder(load_catalogue(), b"key").decode(batch, "log").rows.to_pylist()
    theirs = rows_of([consumed(offset, value) for offset, value in enumerate(values)])
    assert "Refused 0@999" in capsys.readouterr().out
    assert len(ours) == len(theirs) == 999
    for mine, row in zip(ours, theirs, strict=True):
        stored = dict(zip(COLUMNS, row, strict=True))
        assert mine["id"] == stored.pop("id").bytes
        assert mine["kind"] == KINDS[stored.pop("kind")]
        for name in ("measurements", "tags"):
            assert dict(mine[name]) == stored.pop(name)
        assert {name: mine[name] for name in stored} == stored


def consumed(offset: int, value: bytes) -> ConsumerRecord[bytes, bytes]:
    return ConsumerRecord("topic", 0, offset, KAFKA_TIME, 1, b"", value, None, 0, len(value), ())


def test_peer_denies_what_the_catalogue_denies() -> None:
    namespace, _ = load_catalogue().resolve("bench", "shop.step_0")
    assert namespace.deny >= DENIED


def result(date: str, *, quick: bool = False, ratio: float = 1.5) -> dict[str, Any]:
    drain = {"ratios": {"pairs": [ratio], "median": ratio}, "seconds": 1.23456}
    return {"date": date, "commit": "abc1234", "quick": quick, "cases": {"drain": drain}}


def test_result_says_where_and_of_what_it_is() -> None:
    found = report.result({"drain": {}}, report.machine(), quick=True)
    assert found.keys() >= {"format", "date", "commit", "changed", "quick", "machine", "cases"}
    assert found["machine"]["cpus"] >= 1
    assert "chdb-core" in found["machine"]["versions"]


def test_result_is_kept_under_its_date_and_commit(tmp_path: Path) -> None:
    file = report.save(result("2026-11-20T12:00:00+00:00", quick=True), tmp_path)
    assert file.name == "2026-11-20-abc1234-quick.json"
    assert json.loads(file.read_text())["cases"]["drain"]["seconds"] == 1.235


def test_earlier_result_is_the_newest_of_the_same_kind(tmp_path: Path) -> None:
    for day, quick, ratio in ((18, False, 1.0), (19, False, 2.0), (19, True, 3.0)):
        kept = result(f"2026-11-{day}T12:00:00+00:00", quick=quick, ratio=ratio)
        report.save(kept, tmp_path)
    found = report.earlier(result("2026-11-20T12:00:00+00:00"), tmp_path)
    assert found is not None
    assert found["cases"]["drain"]["ratios"]["median"] == 2.0
    assert report.earlier(result("2026-11-01T12:00:00+00:00"), tmp_path) is None


def test_kept_results_can_be_read() -> None:
    for file in (REPO / "benchmarks" / "results").glob("*.json"):
        kept = json.loads(file.read_text())
        assert kept["format"] == report.FORMAT
        assert set(kept["cases"]) <= set(run.CASES)


@pytest.mark.parametrize(
    ("text", "cases"),
    [
        pytest.param(
            "", ["drain", "stages", "memory", "windows", "dashboards"], id="all by default"
        ),
        pytest.param("memory", ["memory"], id="one"),
        pytest.param("stages,memory", ["stages", "memory"], id="two"),
    ],
)
def test_cases_are_chosen_by_name(text: str, cases: list[str]) -> None:
    assert run.chosen(text) == cases


def test_unknown_case_is_refused() -> None:
    with pytest.raises(BenchmarkError, match="no case fast"):
        run.chosen("fast")
