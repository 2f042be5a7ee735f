from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from millrace.streams.local.signals import sigterm_is_ctrl_c, unstoppable


@pytest.mark.requirement("METRIC-68")
@pytest.mark.parametrize("sigint", [signal.default_int_handler, signal.SIG_IGN])
def test_sigterm_is_taken_as_ctrl_c_also_in_the_background(sigint: Any) -> None:
    before = signal.getsignal(signal.SIGTERM)
    kept = signal.signal(signal.SIGINT, sigint)
    try:
        with pytest.raises(KeyboardInterrupt), sigterm_is_ctrl_c():
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGINT, kept)
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_must_end_is_not_interrupted() -> None:
    before = signal.getsignal(signal.SIGINT)
    with unstoppable():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) is before
