from __future__ import annotations

from pathlib import Path

import pytest

from millrace.schemas.errors import ConfigurationError
from millrace.streams.local.broker import choose_broker

WITHOUT_JAVA = {"PATH": "/nowhere"}


def test_without_java_it_is_the_in_memory_broker_and_says_why(tmp_path: Path) -> None:
    choice = choose_broker(tmp_path, {"topic": 1}, WITHOUT_JAVA)
    assert choice.kind == "in-memory"
    assert "5 MB" in choice.reason
    assert "no Java" in choice.reason
    assert "\n" not in choice.reason


def test_a_kept_log_is_never_left_aside(tmp_path: Path) -> None:
    log = tmp_path / "kafka" / "log"
    log.mkdir(parents=True)
    (log / "meta.properties").write_text("")
    with pytest.raises(ConfigurationError, match="needs the real Kafka broker"):
        choose_broker(tmp_path, {"topic": 1}, WITHOUT_JAVA)
