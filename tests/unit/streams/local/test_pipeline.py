from __future__ import annotations

from pathlib import Path

from millrace.streams.local.pipeline import actor_key


def test_the_key_is_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    key = actor_key(tmp_path)
    assert len(bytes.fromhex(key)) == 32
    assert actor_key(tmp_path) == key
    assert (tmp_path / "actor_key").stat().st_mode & 0o077 == 0
