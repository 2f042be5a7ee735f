from __future__ import annotations

from pathlib import Path

import pytest

from millrace.schemas.errors import ConfigurationError
from millrace.streams.local.data_directory import data_directory, exclusive, in_use


def test_a_directory_that_was_named_is_kept(tmp_path: Path) -> None:
    with data_directory(tmp_path) as given:
        assert given == tmp_path
    assert tmp_path.is_dir()


def test_a_directory_that_was_not_named_goes_with_the_run() -> None:
    with data_directory(None) as made:
        (made / "file").write_text("x")
    assert not made.exists()


def test_only_one_holds_a_directory(tmp_path: Path) -> None:
    data = tmp_path / "new"
    assert not in_use(data)
    with exclusive(data):
        assert in_use(data)
        with pytest.raises(ConfigurationError, match="Another millrace runs on"), exclusive(data):
            pass
    assert not in_use(data)
    with exclusive(data):
        assert in_use(data)


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(ConfigurationError, match="cannot be used"), exclusive(file):
        pass
