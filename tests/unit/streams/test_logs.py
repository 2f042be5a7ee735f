"""Log lines: sentences for people, JSON for machines."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from millrace.streams.logs import JsonLines, configure_logs
from millrace.streams.settings import LogSettings


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


def test_a_json_line_holds_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(LogSettings.model_validate({"json": True}))
    logging.getLogger("millrace.x").warning("Two\nlines about %s.", "this")
    (line,) = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert (entry["level"], entry["message"]) == ("WARNING", "Two\nlines about this.")


def test_a_failure_keeps_its_traceback() -> None:
    try:
        raise ValueError("why")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "Failed.", (), sys.exc_info())
    assert "ValueError: why" in json.loads(JsonLines().format(record))["exception"]


def test_libraries_are_quiet_unless_debugging(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(LogSettings(level="INFO"))
    logging.getLogger("aiokafka.consumer").info("Noise.")
    logging.getLogger("millrace.x").info("News.")
    err = capsys.readouterr().err
    assert "News." in err
    assert "Noise." not in err
