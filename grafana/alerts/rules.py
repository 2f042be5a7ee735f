"""What an alert rule is, before it is put into Grafana's shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from millrace.grafana import sql_files

QUERIES = Path(__file__).parent / "queries"
Severity = Literal["warning", "critical"]
NoData = Literal["OK", "Alerting", "NoData"]
#: ``gte`` as the steps of a panel's colours; ``gt`` where there should be no more than the limit,
#: ``lt`` where there should be no less.
Evaluator = Literal["gt", "gte", "lt"]


@dataclass(frozen=True, slots=True)
class Level:
    """From which value on the rule fires, how loudly, and for how long it must hold."""

    severity: Severity
    limit: float
    for_minutes: int
    evaluator: Evaluator = "gte"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One question to the store; each of its levels is a rule of its own.

    ``name`` is that of the SQL file and of the runbook. The texts are templates of Grafana, written
    ``.Labels.x`` and ``.Values.A.Value``: without a dollar no version of Grafana takes them for
    variables of the environment. ``panel`` is the dashboard and the English title of the panel that
    shows the figure. ``no_data`` is what an answer without rows means; ``on_error`` the same for a
    store that does not answer, which only one alert should report.
    """

    name: str
    title: str
    summary: str
    description: str
    team: str
    minutes: int
    levels: Sequence[Level]
    panel: tuple[str, str]
    keep_minutes: int = 5
    no_data: NoData = "OK"
    on_error: Literal["Alerting", "KeepLast"] = "KeepLast"

    def uid(self, level: Level) -> str:
        """Return what names the rule for ever; Grafana takes at most 40 characters."""
        return f"millrace-{self.name}-{level.severity}"

    @property
    def sql(self) -> str:
        """The query; ``@NAME`` in its file stands for a number of ``limits``."""
        return sql_files.read(QUERIES / f"{self.name}.sql")


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts that are asked for together, every so many seconds."""

    file: str
    name: str
    seconds: int
    alerts: Sequence[Alert]
