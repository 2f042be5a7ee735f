"""What changes over hours and days; asked every five minutes, as some of it reads a whole day."""

from __future__ import annotations

from collections.abc import Sequence

from millrace.grafana import limits
from millrace.grafana.alerts.rules import Alert, Level

_PIPELINE = "millrace-pipeline"

ALERTS: Sequence[Alert] = (
    Alert(
        name="data-stale",
        title="A source is silent",
        summary=(
            "{{ .Labels.source }} of {{ .Labels.tenant }} has sent nothing for"
            " {{ humanizeDuration .Values.A.Value }}."
        ),
        description=(
            "What one tenant sends of one kind stopped, though it came in at least six hours of the"
            " last day. Its charts show zero, which nobody should take for a quiet day."
        ),
        team="platform",
        minutes=24 * 60,
        levels=(Level("warning", limits.SOURCE_AGE_BAD, 10),),
        panel=(_PIPELINE, "Sources"),
        keep_minutes=10,
        # Nothing from anybody for a day: the pipeline rules speak, or nobody sends yet.
    ),
    Alert(
        name="clickhouse-parts",
        title="Too many parts",
        summary=(
            "A partition of {{ .Labels.table }} has {{ humanize .Values.A.Value }} parts;"
            " ClickHouse slows inserts at 1,000 and refuses them at 3,000."
        ),
        description=(
            "Merging does not keep up with inserting: small ranges, old days, or a slow disk."
        ),
        team="platform",
        minutes=15,
        levels=(Level("warning", limits.PARTS_WARN, 10), Level("critical", limits.PARTS_BAD, 10)),
        panel=(_PIPELINE, "Parts by table"),
        keep_minutes=10,
        # Workers report it; without a worker the pipeline rules speak.
    ),
    Alert(
        name="disk-free",
        title="A disk fills up",
        summary=(
            "The disk {{ .Labels.disk }} has {{ humanizePercentage .Values.A.Value }} free space."
        ),
        description="ClickHouse stops to insert, and to merge, when its disk is full.",
        team="platform",
        minutes=15,
        levels=(
            Level("warning", limits.DISK_WARN, 10, "lt"),
            Level("critical", limits.DISK_BAD, 10, "lt"),
        ),
        panel=(_PIPELINE, "Free disk"),
        keep_minutes=10,
        # Workers report it; a store without a disk of bounded size has none to fill.
    ),
    Alert(
        name="webapp-rows",
        title="The web application's records grow large",
        summary=(
            "{{ humanize .Values.A.Value }} rows of the web application are stored;"
            " the limit is 1M."
        ),
        description="Raw and rolled up records together; the limit is the web application's own.",
        team="webapp",
        minutes=60,
        levels=(Level("warning", limits.ROWS_WARN, 10), Level("critical", limits.ROWS_BAD, 10)),
        panel=(_PIPELINE, "Tables"),
        keep_minutes=15,
        # Workers report it; without a worker the pipeline rules speak.
    ),
    Alert(
        name="webapp-growth",
        title="The web application's records grow fast",
        summary=(
            "{{ humanize .Values.A.Value }} rows were added within a day, beyond the limit of 1M."
        ),
        description="The limit is reached and more than 10,000 rows came since yesterday.",
        team="webapp",
        minutes=25 * 60,
        levels=(Level("warning", limits.GROWTH_WARN, 10, "gt"),),
        panel=(_PIPELINE, "Tables"),
        keep_minutes=15,
        # Below the limit, or without a count of a day ago, growth is no one's concern.
    ),
    Alert(
        name="jwks-key-age",
        title="The signing key is old",
        summary=(
            'The active signing key of {{ .Labels.tenant }} is {{ printf "%.0f" .Values.A.Value }}'
            " days old."
        ),
        description="Keys are to be rotated within 30 days; the rotation did not happen or failed.",
        team="identity",
        minutes=6 * 60,
        levels=(
            Level("warning", limits.KEY_AGE_WARN, 10),
            Level("critical", limits.KEY_AGE_BAD, 10),
        ),
        panel=("millrace-identity", "Signing Key"),
        keep_minutes=15,
        # Who has no key set reports no age; that a platform fell silent is told by data-stale.
    ),
)
