from __future__ import annotations

import pytest

from millrace.schemas.errors import BrokerError
from millrace.streams.drain import Drain
from millrace.streams.open_intents import OpenIntent
from millrace.streams.settings import Settings

ONE = OpenIntent("events", 0, 10, 20)
TWO = OpenIntent("events", 1, 5, 6)
LATER = OpenIntent("events", 0, 20, 30)


class Script:
    """Answers one look after the other; the last answer stays."""

    def __init__(self, *answers: list[OpenIntent] | BrokerError) -> None:
        self.answers = list(answers)
        self.stopped = 0

    async def look(self) -> list[OpenIntent]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BrokerError):
            raise answer
        return answer

    def stop(self) -> None:
        self.stopped += 1

    def drain(self) -> Drain:
        return Drain(Settings(), {}, look=self.look, stop=self.stop, seconds=0)


async def test_nothing_open_needs_no_worker() -> None:
    script = Script([])
    assert not await script.drain().begin()


async def test_ends_when_every_range_of_the_start_is_stored(
    caplog: pytest.LogCaptureFixture,
) -> None:
    script = Script([ONE, TWO], [ONE, TWO], BrokerError("away"), [LATER, TWO], [LATER], [])
    drain = script.drain()
    with caplog.at_level("INFO"):
        assert await drain.begin()
        await drain.watch()
        assert script.stopped == 1
        assert await drain.verdict() == 0
    assert "events-0 [10, 20), events-1 [5, 6)" in caplog.text
    assert "2 ranges were completed, none is open" in caplog.text


async def test_a_range_that_is_left_open_is_named_and_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    script = Script([ONE, TWO], [TWO])
    drain = script.drain()
    await drain.begin()
    assert await drain.verdict() == 1
    assert "1 ranges were completed, but these are open: events-1 [5, 6)" in caplog.text
