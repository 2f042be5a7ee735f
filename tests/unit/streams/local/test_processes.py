from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from millrace.streams.local import processes


def test_stopping_asks_first(tmp_path: Path) -> None:
    code = (
        "import signal,sys,time; signal.signal(15, lambda *_: sys.exit(7)); print('up', flush=True)"
    )
    child = start(tmp_path, f"{code}\ntime.sleep(60)")
    processes.wait_for_line(child, "up", after=0, timeout=10)
    assert child.running
    assert child.stop(10) == 7
    assert not child.running


def test_stopping_kills_what_does_not_listen(tmp_path: Path) -> None:
    code = "import signal,time; signal.signal(15, signal.SIG_IGN); print('up', flush=True)"
    child = start(tmp_path, f"{code}\ntime.sleep(60)")
    processes.wait_for_line(child, "up", after=0, timeout=10)
    assert child.stop(0.2) == -signal.SIGKILL


def test_a_child_that_ended_is_reported_with_its_last_words(tmp_path: Path) -> None:
    child = start(tmp_path, "print('  at some.Stack'); print('it hurts'); raise SystemExit(3)")
    with pytest.raises(processes.ProcessError, match=r"The helper ended with status 3.*it hurts"):
        processes.wait_for_line(child, "never", after=0, timeout=10)
    assert "some.Stack" not in processes.tail(child.log)


def test_a_child_that_is_never_ready_is_reported(tmp_path: Path) -> None:
    child = start(tmp_path, "import time; time.sleep(60)")
    with pytest.raises(processes.ProcessError, match=r"not ready within 0.1 s.*\(nothing\)"):
        processes.wait_for_line(child, "never", after=0, timeout=0.1)
    child.stop(0)


def test_what_an_earlier_run_said_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("ready\n")
    child = start(tmp_path, "import time; time.sleep(60)")
    with pytest.raises(processes.ProcessError, match="not ready"):
        processes.wait_for_line(child, "ready", after=6, timeout=0.1)
    child.stop(0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be asked for it")
def test_a_killed_parent_leaves_no_child(tmp_path: Path) -> None:
    parent = f"""
import time
from pathlib import Path
from millrace.streams.local import processes
child = processes.start("helper", ["sleep", "60"], log=Path({str(tmp_path / "log")!r}))
print(child.pid, flush=True)
time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 10
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(child)


def start(tmp_path: Path, code: str) -> processes.Child:
    return processes.start("helper", [sys.executable, "-c", code], log=tmp_path / "log")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Nobody may have collected it yet: what has only its status left is not alive.
    status = Path(f"/proc/{pid}/stat").read_text()
    return status.rpartition(")")[2].split()[0] != "Z"
