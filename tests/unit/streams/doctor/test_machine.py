from __future__ import annotations

from pathlib import Path

from millrace.streams.doctor.finding import Level
from millrace.streams.doctor.machine import check_machine, disk


def test_a_full_disk_is_a_warning() -> None:
    assert disk("data", 10 * 1024**3).level is Level.OK
    assert disk("data", 10).level is Level.WARNING


def test_what_is_not_installed_is_noted_not_a_fault(tmp_path: Path) -> None:
    bare = {"PATH": "/nowhere", "XDG_CACHE_HOME": str(tmp_path)}
    found = list(check_machine(bare, tmp_path))
    assert not [finding for finding in found if finding.level is Level.FAULT]
    notes = " ".join(finding.text for finding in found if finding.level is Level.NOTE)
    assert all(program in notes for program in ("Java", "mvn", "node", "docker"))
