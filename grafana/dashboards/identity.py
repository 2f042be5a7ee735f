"""Do people get in, and what else happens on the identity platform? Its own page as a dashboard."""

from __future__ import annotations

from millrace.grafana import boards, navigation, variables
from millrace.grafana.dashboards import identity_access as access
from millrace.grafana.dashboards import identity_admin as admin
from millrace.grafana.dashboards import identity_protocols as protocols
from millrace.grafana.dashboards import identity_work as work
from millrace.grafana.foundation import dashboard
from millrace.grafana.layout import Line, Section, place
from millrace.grafana.panels import AnyPanel
from millrace.grafana.sql_files import SHARED, sql

UID = "millrace-identity"
_NAME = "identity"
Placed = tuple[int, AnyPanel]
#: The four periods; how wide their buckets are stands in queries/identity/grain.sql.
PERIODS = (
    ("Last 24 Hours", "now-24h", "now"),
    ("Last 7 Days", "now-7d", "now"),
    ("Last 30 Days", "now-30d", "now"),
    ("Last 12 Months", "now-12M", "now"),
)
_ROWS = [("10", "10"), ("20", "20"), ("50", "50"), ("100", "100")]


def build() -> dashboard.Dashboard:
    """Put the dashboard together: the order of the first six rows is the platform's own."""
    board = boards.start(
        UID,
        "Identity",
        "Do people get in, are permissions decided, do webhooks and mails go out?",
        tags=["identity"],
        since="now-24h",
        refresh="15s",
        ranges=PERIODS,
    )
    board.with_variable(variables.tenant(sql(SHARED, "variable_tenant")))
    board.with_variable(
        variables.one_of("user_metric", "User metric", sql(_NAME, "variable_user_metric"))
    )
    board.with_variable(variables.fixed("limit", "Rows", _ROWS))
    board.with_variable(variables.written("admin", "Admin address", "/admin"))
    board.annotation(navigation.incomplete(_NAME))
    place(board, [*_page(), *_below()])
    return board.build()


def _page() -> list[Section]:
    """The rows of IDENT-35; a shut row shows another view of the one above it."""
    cards: list[Placed] = [
        (13, work.pool_active()),
        (14, work.pool_waiting()),
        (15, work.pool_exhausted()),
        (17, work.emit_p95()),
        (18, work.delivery_p95()),
        (19, work.webhooks_total()),
    ]
    return [
        Section("Quick Stats", 100, [Line(4, list(enumerate(access.quick_stats(), 1)))]),
        Section("Quick Actions", 101, [Line(2, [(5, access.quick_actions())])]),
        Section(
            "Authentication Activity and Authorization Health",
            102,
            [Line(9, [(6, access.authentication()), (7, access.authorization())])],
        ),
        Section(
            "Authorization Health: Checks",
            111,
            [
                Line(
                    8,
                    [
                        (8, access.check_duration()),
                        (9, access.traversal_depth()),
                        (10, access.subjects_expanded()),
                    ],
                )
            ],
            shut=True,
        ),
        Section("Recent Sign-Ins", 103, [Line(12, [(11, access.sign_ins())])]),
        Section(
            "Pipeline Executions and Webhook Reliability",
            104,
            [Line(9, [(12, work.pipelines()), (16, work.webhooks())]), Line(4, cards)],
        ),
        Section("Admin Activity", 105, [Line(12, [(20, admin.log())])]),
        Section("Admin Activity by Action", 112, [Line(8, [(21, admin.by_action())])], shut=True),
    ]


def _below() -> list[Section]:
    """The panels that the platform specifies but does not place, then what is ours."""
    mails: list[Placed] = [
        (32, protocols.email()),
        (33, protocols.email_p95()),
        (34, protocols.email_success()),
    ]
    oidc: list[Placed] = [(22, protocols.requests()), (23, protocols.latency())]
    api_keys = [
        Line(8, [(27, protocols.api_keys()), (28, protocols.invalid_keys())]),
        Line(4, list(enumerate(protocols.api_key_cards(), 29))),
    ]
    return [
        Section("OIDC & OAuth Health", 106, [Line(10, oidc)]),
        Section(
            "OIDC & OAuth Errors",
            113,
            [Line(7, list(enumerate(protocols.errors(), 24)))],
            shut=True,
        ),
        Section("API Key Usage", 107, api_keys),
        Section("Email Delivery", 108, [Line(8, mails, widths=(16, 4, 4))]),
        Section("JWKS Health", 109, [Line(4, list(enumerate(protocols.key_cards(), 35)))]),
        Section("User-Defined Metrics", 110, [Line(8, [(39, admin.user_metric())])]),
        *_ours(),
    ]


def _ours() -> list[Section]:
    traces = [
        Line(8, [(46, work.engine_and_scripts()), (51, work.decision_time())]),
        Line(8, [(47, work.runs()), (48, work.scripts())]),
    ]
    states: list[Placed] = [(52, admin.things()), (53, admin.failed_deliveries())]
    return [
        Section("System Health", 114, [Line(4, list(enumerate(work.system_health(), 40)))]),
        Section("Engine and Scripts", 115, traces),
        Section("Derived Metrics", 116, [Line(9, [(50, admin.derived())])], shut=True),
        Section("State of Things", 117, [Line(10, states)], shut=True),
    ]
