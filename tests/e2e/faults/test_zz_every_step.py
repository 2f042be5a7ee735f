"""Comes last: the kills of all cases together must have hit every step of the protocol."""

from __future__ import annotations

from collections import Counter

import pytest
from faults.scene import Outcome
from faults.steps import Step

pytestmark = [pytest.mark.e2e, pytest.mark.integration]

AT_LEAST = 3


def test_every_step_was_hit(outcomes: list[Outcome]) -> None:
    if not any(outcome.kills for outcome in outcomes):
        pytest.skip("no case with kills was run")
    hits = sum((outcome.steps for outcome in outcomes), Counter[Step]())
    rarely = {str(step): hits[step] for step in Step if hits[step] < AT_LEAST}
    assert not rarely, f"on ranges with refused records and duplicates too few kills hit {rarely}"
