"""The session's broker and store, the seed, and the table at the end.

``FAULTS_SEED`` replays a schedule, ``FAULTS_LONG=1`` makes every case long, ``FAULTS_BREAK`` runs
the suite on a broken worker, ``FAULTS_RESULTS`` names a file that the table's rows are added to.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.report import append, table
from faults.scene import Outcome, Scene
from faults.stage import Stage
from store_fixtures import missing

from millrace.schemas.errors import MillraceError

#: Measuring coverage would slow down processes that are killed before they could tell it.
_COVERAGE = ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")

MakeScene = Callable[..., Scene]
OUTCOMES = pytest.StashKey[list[Outcome]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[OUTCOMES] = []


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    outcomes = config.stash.get(OUTCOMES, [])
    if outcomes:
        terminalreporter.section("faults")
        for line in table(outcomes):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def seed() -> int:
    """The schedule's seed: FAULTS_SEED, else a new one."""
    return int(os.environ.get("FAULTS_SEED") or random.SystemRandom().getrandbits(32))


@pytest.fixture(scope="session")
def long() -> bool:
    """Whether the cases run at full length."""
    return os.environ.get("FAULTS_LONG") == "1"


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The broker and the store that all cases share."""
    with pytest.MonkeyPatch.context() as patch:
        for name in _COVERAGE:
            patch.delenv(name, raising=False)
        try:
            made = Stage(tmp_path_factory.mktemp("faults"))
        except MillraceError as error:
            missing(f"no Kafka broker: {error}")
        with made:
            yield made


@pytest.fixture
def outcomes(request: pytest.FixtureRequest) -> list[Outcome]:
    """What the session's cases have come to so far."""
    return request.config.stash[OUTCOMES]


@pytest.fixture
def scene(
    stage: Stage,
    tmp_path: Path,
    seed: int,
    request: pytest.FixtureRequest,
    outcomes: list[Outcome],
) -> Iterator[MakeScene]:
    """Makes the case's scene: ``scene(partitions=6)``; it is cleaned up after the test."""
    made: list[Scene] = []

    def make(case: str = "", **settings: Any) -> Scene:
        case = case or request.node.name.removeprefix("test_").replace("_", " ")
        settings.setdefault("breaks", os.environ.get("FAULTS_BREAK", ""))
        directory = tmp_path / str(len(made))
        directory.mkdir()
        one = Scene(stage, directory, case, seed, **settings)
        made.append(one)
        print(f"{case}: FAULTS_SEED={seed}")
        return one.__enter__()

    yield make
    for one in made:
        one.__exit__()
        outcomes.append(one.outcome)
        append(os.environ.get("FAULTS_RESULTS", ""), one.outcome)
