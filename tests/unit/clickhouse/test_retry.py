from __future__ import annotations

import pytest

from millrace.clickhouse.retry import PASSING, retryable


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(0, True, id="no answer"),
        pytest.param(202, True, id="too many queries"),
        pytest.param(241, True, id="memory"),
        pytest.param(252, True, id="too many parts"),
        pytest.param(319, True, id="status of insert unknown"),
        pytest.param(242, True, id="table is read-only for now"),
        pytest.param(999, True, id="keeper"),
        pytest.param(53, False, id="type mismatch"),
        pytest.param(117, False, id="incorrect data"),
        pytest.param(60, False, id="no such table"),
        pytest.param(81, False, id="no such database"),
        pytest.param(164, False, id="read-only user"),
        pytest.param(516, False, id="wrong password"),
        pytest.param(123_456, False, id="unheard of"),
    ],
)
def test_only_what_passes_is_repeated(code: int, expected: bool) -> None:
    assert retryable(code) is expected


def test_codes_are_unique_server_codes() -> None:
    assert all(0 <= code < 1100 for code in PASSING)
