"""Do the services that send to us work for the people who use them?"""

from __future__ import annotations

from collections.abc import Sequence

from millrace.grafana import limits
from millrace.grafana.alerts.rules import Alert, Level

_IDENTITY = "millrace-identity"
_WEBAPP = "millrace-webapp-performance"
_ENDPOINT = "{{ .Labels.method }} {{ .Labels.endpoint }} of {{ .Labels.tenant }}"

ALERTS: Sequence[Alert] = (
    Alert(
        name="login-failures",
        title="Many sign-ins fail",
        summary=(
            "{{ humanizePercentage .Values.A.Value }} of the sign-ins at {{ .Labels.tenant }} fail."
        ),
        description="Either signing in is broken, or someone is trying passwords.",
        team="identity",
        minutes=15,
        levels=(Level("critical", limits.LOGIN_FAILED_BAD, 5),),
        panel=(_IDENTITY, "Authentication Activity"),
        keep_minutes=10,
        # Nobody signs in at night; that nothing comes at all is told by data-stale.
    ),
    Alert(
        name="webhook-failures",
        title="Many webhooks fail",
        summary=(
            "{{ humanizePercentage .Values.A.Value }} of the webhooks of {{ .Labels.tenant }}"
            " could not be published."
        ),
        description=(
            "The queue behind the webhooks refuses them; receivers do not learn what happened."
        ),
        team="identity",
        minutes=30,
        levels=(Level("warning", limits.WEBHOOK_FAILED_BAD, 10),),
        panel=(_IDENTITY, "Webhook Reliability"),
        keep_minutes=10,
        # Without webhooks none fails.
    ),
    Alert(
        name="pool-waiting",
        title="Requests wait for a script engine",
        summary=(
            "{{ humanize .Values.A.Value }} requests of {{ .Labels.tenant }} wait"
            " for a script engine."
        ),
        description="All engines of the pool are at work. Pipelines are slow until one is free.",
        team="identity",
        minutes=5,
        levels=(Level("warning", limits.NONE, 2, "gt"),),
        panel=(_IDENTITY, "Pool Waiting"),
        # A pool that reports nothing has nobody waiting; that it is silent is told by data-stale.
    ),
    Alert(
        name="endpoint-errors",
        title="An endpoint fails",
        summary="{{ humanizePercentage .Values.A.Value }} of the requests to "
        + _ENDPOINT
        + " fail.",
        description="Answers from status 400 on, of one endpoint, in the last quarter of an hour.",
        team="webapp",
        minutes=15,
        levels=(Level("warning", limits.ERRORS_WARN, 10), Level("critical", limits.ERRORS_BAD, 5)),
        panel=(_WEBAPP, "Endpoints"),
        keep_minutes=10,
        # An endpoint that nobody asks for does not fail.
    ),
    Alert(
        name="endpoint-slow",
        title="An endpoint is slow",
        summary=(
            f"One in twenty requests to {_ENDPOINT} takes longer than"
            ' {{ printf "%.0f" .Values.A.Value }} ms.'
        ),
        description="95th percentile of its response time in the last quarter of an hour.",
        team="webapp",
        minutes=15,
        levels=(Level("warning", limits.P95_WARN, 10), Level("critical", limits.P95_BAD, 5)),
        panel=(_WEBAPP, "Endpoints"),
        keep_minutes=10,
        # An endpoint that nobody asks for is not slow.
    ),
)
