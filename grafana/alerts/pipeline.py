"""Is every event stored, once, and soon?"""

from __future__ import annotations

from collections.abc import Sequence

from millrace.grafana import limits
from millrace.grafana.alerts.rules import Alert, Level

TEAM = "platform"
_BOARD = "millrace-pipeline"

ALERTS: Sequence[Alert] = (
    Alert(
        name="pipeline-stopped",
        title="Pipeline stopped",
        summary=(
            "Nothing has been stored for"
            " {{ with .Values.A }}{{ humanizeDuration .Value }}{{ else }}an hour{{ end }}."
        ),
        description=(
            "No worker has written a range of the log into the store, not even its own telemetry."
            " Events wait in Kafka and are lost when its retention ends."
        ),
        team=TEAM,
        minutes=60,
        levels=(Level("critical", limits.AGE_BAD, 2),),
        panel=(_BOARD, "Newest data"),
        # A ledger without a row of the last hour is what this rule looks for, and so is a store
        # that does not answer: then the other rules keep still.
        no_data="Alerting",
        on_error="Alerting",
    ),
    Alert(
        name="lag-high",
        title="Lag is high",
        summary=(
            "{{ humanize .Values.A.Value }} records wait in"
            " {{ .Labels.topic }}/{{ .Labels.partition }}."
        ),
        description="A partition holds more records than a worker takes in a few minutes.",
        team=TEAM,
        minutes=5,
        levels=(Level("warning", limits.LAG_WARN, 15), Level("critical", limits.LAG_BAD, 5)),
        panel=(_BOARD, "Lag by partition"),
        keep_minutes=10,
        # Without reports of the lag no worker runs, and the first rule says so.
    ),
    Alert(
        name="lag-rising",
        title="Lag keeps rising",
        summary=(
            "{{ humanize .Values.A.Value }} more records wait each minute in"
            " {{ .Labels.topic }}/{{ .Labels.partition }}."
        ),
        description=(
            "More comes in than goes out. It will not mend itself while producers send as they do."
        ),
        team=TEAM,
        minutes=20,
        levels=(Level("warning", limits.LAG_RISE_WARN, 10),),
        panel=(_BOARD, "Lag trend"),
        keep_minutes=10,
        # A partition that is not reported at both ends has no rise; no worker: the first rule.
    ),
    Alert(
        name="reject-ratio",
        title="Many events are refused",
        summary="{{ humanizePercentage .Values.A.Value }} of the delivered events are refused.",
        description=(
            "Refused events are dead letters: kept, but in no figure. Mostly a new release of a"
            " producer sends what the catalogue does not know."
        ),
        team=TEAM,
        minutes=10,
        levels=(
            Level("warning", limits.REJECTED_WARN, 5),
            Level("critical", limits.REJECTED_BAD, 2),
        ),
        panel=(_BOARD, "Rejected"),
        keep_minutes=10,
        # Few or no events: nothing is refused, and a share would say nothing.
    ),
    Alert(
        name="dead-letters",
        title="Dead letters wait",
        summary=(
            "{{ humanize .Values.A.Value }} events of {{ .Labels.tenant }} are dead letters:"
            " {{ .Labels.reason }}."
        ),
        description=(
            "They came in the last hour and were neither redriven nor purged. They can be redriven"
            " while Kafka keeps the records."
        ),
        team=TEAM,
        minutes=60,
        levels=(Level("warning", limits.NONE, 5, "gt"),),
        panel=(_BOARD, "Dead letters"),
        keep_minutes=15,
        # No letter is the good case.
    ),
    Alert(
        name="reconcile-difference",
        title="Log and store differ",
        summary=(
            "Differences between log and store at the last proof: {{ with .Values.A }}"
            "{{ humanize .Value }}{{ else }}unknown, there was none for an hour{{ end }}."
        ),
        description=(
            "Log, ledger, raw events, dead letters or rollups do not agree: a figure on some"
            " dashboard is wrong. The worker's log names each difference."
        ),
        team=TEAM,
        minutes=limits.PROOF_BAD // 60,
        levels=(Level("critical", limits.NONE, 2, "gt"),),
        panel=(_BOARD, "Reconciled"),
        keep_minutes=15,
        # No proof for an hour is no difference, but nothing is proven either: Grafana shows it as a
        # state of its own (DatasourceNoData) that can be silenced where proofs are switched off.
        no_data="NoData",
    ),
    Alert(
        name="late-ratio",
        title="Many values come too late",
        summary="{{ humanizePercentage .Values.A.Value }} of the values missed their live window.",
        description=(
            "They came after their window could be corrected. The store has them; live windows and"
            " live values do not. Mostly a producer's clock is wrong or it sends a backlog."
        ),
        team=TEAM,
        minutes=15,
        levels=(Level("warning", limits.LATE_WARN, 10),),
        panel=(_BOARD, "Too late"),
        keep_minutes=10,
        # Few or no events: none can be late.
    ),
)
