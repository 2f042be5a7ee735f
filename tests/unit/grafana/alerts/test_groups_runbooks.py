"""Every alert has its page, and the page speaks of panels and alerts that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from millrace.grafana.alerts.groups import GROUPS
from millrace.grafana.alerts.rules import Alert
from millrace.grafana.generated import dashboards

DOCS = Path(__file__).parents[4] / "docs"
RUNBOOKS = DOCS / "runbooks"
ALERTS = [alert for group in GROUPS for alert in group.alerts]
EVERY = pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert.name))
HEADINGS = ["What it means", "First checks", "Fix", "When it is silent"]
SIGNS = {"gt": ">", "gte": "≥", "lt": "<"}
#: What pages put in italics besides panels and dashboards.
OTHERS = {"DatasourceNoData", "Rotate JWKS", "rows a day"}


def page(alert: Alert) -> str:
    return (RUNBOOKS / f"{alert.name}.md").read_text()


def section(alert: Alert, heading: str) -> str:
    return page(alert).split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]


def test_every_page_has_its_alert() -> None:
    assert {path.stem for path in RUNBOOKS.iterdir()} == {alert.name for alert in ALERTS}


@EVERY
def test_a_page_has_its_four_parts_and_three_checks(alert: Alert) -> None:
    text = page(alert)
    assert text.startswith(f"# {alert.title}\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    assert re.findall(r"^(\d)\. ", section(alert, "First checks"), re.MULTILINE) == ["1", "2", "3"]
    for check in re.split(r"^\d\. ", section(alert, "First checks"), flags=re.MULTILINE)[1:]:
        assert re.search(r"[`*\[?]", check), check
    assert all(section(alert, heading).strip() for heading in HEADINGS)


@EVERY
def test_a_page_says_what_no_data_means(alert: Alert) -> None:
    assert f"`noDataState: {alert.no_data}`" in section(alert, "When it is silent")


@EVERY
def test_panels_that_a_page_names_are_there(alert: Alert) -> None:
    boards = dashboards().values()
    titles = {board["title"] for board in boards} | OTHERS
    for board in boards:
        for panel in board["panels"]:
            titles |= {inner.get("title") for inner in (panel, *panel.get("panels", []))}
    named = re.findall(r"(?<!\*)\*([A-Za-z][^*]+)\*(?!\*)", re.sub(r"`[^`]*`", "", page(alert)))
    known = {title.removeprefix("Millrace: ").lower() for title in titles if title}
    assert {re.sub(r"\s+", " ", name).lower() for name in named} - known == set()


@EVERY
def test_the_page_of_alerts_has_its_limits(alert: Alert) -> None:
    levels = "; ".join(
        f"{level.severity} {SIGNS[level.evaluator]} {level.limit:,} for {level.for_minutes} min"
        for level in alert.levels
    )
    row = (
        f"| [{alert.name}](runbooks/{alert.name}.md) | {alert.team} | {levels}"
        f" | {alert.minutes} min | {alert.no_data} |"
    )
    assert row in (DOCS / "alerts.md").read_text()
