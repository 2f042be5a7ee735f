"""What ``--since`` and ``--records`` take."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from millrace.clickhouse.facts import Report
from millrace.streams.cli import main
from millrace.streams.cli.reconcile import moment, show

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("90s", datetime(2026, 11, 20, 12, 28, 30, tzinfo=UTC)),
        ("2h", datetime(2026, 11, 20, 10, 30, tzinfo=UTC)),
        ("3d", datetime(2026, 11, 17, 12, 30, tzinfo=UTC)),
        ("2026-11-19", datetime(2026, 11, 19, tzinfo=UTC)),
        ("2026-11-19T08:00:00Z", datetime(2026, 11, 19, 8, tzinfo=UTC)),
        ("2026-11-19T08:00:00+02:00", datetime(2026, 11, 19, 6, tzinfo=UTC)),
    ],
)
def test_since_is_a_time_a_date_or_a_span(text: str, expected: datetime | None) -> None:
    assert moment(text, NOW) == expected


@pytest.mark.parametrize(
    "arguments", [["--since", "yesterday"], ["--since", "2x"], ["--records", "many"]]
)
def test_anything_else_is_wrong_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["reconcile", *arguments])
    assert ended.value.code == 2
    assert arguments[1] in capsys.readouterr().err


def test_the_report_says_what_was_read_again_and_what_differs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = Report(checks=1234, moving=2, gaps=3, reread=50, records=5000)
    show(report, 1.25)
    said = capsys.readouterr().out
    assert said.startswith(
        "Reconciled: 1,234 comparisons, all equal, in 1.2 s.\n50 of 5,000 records"
    )
    assert "2 series were written to" in said
    assert "3 offsets held no record" in said
    for number in range(25):
        report.add(f"events, {number}", "off")
    show(report, 1.25)
    said = capsys.readouterr().out
    assert "Not reconciled: 25 of 1,234 comparisons differ." in said
    assert "  events, 19: off\n  and 5 more" in said
