from __future__ import annotations

import pytest

from millrace.schemas.errors import ConfigurationError
from millrace.streams.cli.migrate import refuse_view_changes
from millrace.streams.open_intents import OpenIntent

CHANGES = ["0020_rollup_1m_again", "0021_more"]


def test_nobody_there_and_nothing_open_is_let_through() -> None:
    refuse_view_changes(CHANGES, 0, [])


def test_workers_are_named_first() -> None:
    with pytest.raises(ConfigurationError, match=r"0020_rollup_1m_again, 0021_more .* 2 workers"):
        refuse_view_changes(CHANGES, 2, [OpenIntent("events", 0, 1, 2)])


def test_open_ranges_are_named_with_the_way_out() -> None:
    wanted = r"events-0 \[1, 2\), events-3 \[4, \?\); run `millrace worker --drain` first"
    with pytest.raises(ConfigurationError, match=wanted):
        refuse_view_changes(
            CHANGES, 0, [OpenIntent("events", 0, 1, 2), OpenIntent("events", 3, 4, problem="new")]
        )
