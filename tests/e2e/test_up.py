"""``millrace up``: every part runs, other commands find it, and a kill leaves nothing behind."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.integration, pytest.mark.timeout(300)]

COMMAND = [sys.executable, "-m", "millrace.streams.cli"]
#: The first build of the dashboard page may come in between.
PATIENCE = 200


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def pipeline(data: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, "up", "--data", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def said(process: subprocess.Popen[str], until: str) -> str:
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if until in line:
            return text
    pytest.fail(f"it ended after saying {text!r}")


@pytest.mark.requirement("IDENT-27", "GAME-60")
def test_every_part_runs_and_a_killed_command_leaves_nothing(
    pipeline: subprocess.Popen[str], data: Path, tmp_path: Path
) -> None:
    text = said(pipeline, until="Ctrl-C stops it")
    preview = re.search(r"Preview: (\S+)", text)
    assert preview is not None
    with urllib.request.urlopen(preview[1], timeout=20) as page:
        assert page.status == 200
    begun = {child.create_time(): " ".join(child.cmdline()) for child in children_of(pipeline)}
    broker, store, worker = (begun[moment] for moment in sorted(begun))
    assert "kafka" in broker.lower()
    assert "clickhouse.embedded" in store
    assert worker.endswith("cli worker")
    assert text.index("Broker") < text.index("Preview"), "what serves requests starts last"

    report = json.loads(ran("doctor", "--data", str(data), "--json"))
    assert report["ok"] is True
    texts = [finding["text"] for finding in report["findings"]]
    assert any("telemetry.events: delete, LogAppendTime" in text for text in texts)
    assert any("migrations are applied" in text for text in texts)

    second = subprocess.run(
        [*COMMAND, "up", "--data", str(data)], capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert "Another millrace runs on" in second.stderr

    children = children_of(pipeline)
    pipeline.kill()
    assert not psutil.wait_procs(children, timeout=15)[1]


def test_ctrl_c_is_the_normal_end(pipeline: subprocess.Popen[str]) -> None:
    said(pipeline, until="Ctrl-C stops it")
    pipeline.terminate()
    assert said(pipeline, until="Stopped.") == "Stopped.\n"
    assert pipeline.wait(20) == 0


def children_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def ran(*arguments: str) -> str:
    ended = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout
