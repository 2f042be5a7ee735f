"""Identity: what administrators did, what users measure themselves, and what follows from what."""

from __future__ import annotations

from millrace.grafana import palette, panels
from millrace.grafana.dashboards import identity_style as style
from millrace.grafana.foundation import dashboard, dashboard_builders, table, timeseries, units
from millrace.grafana.sql_files import sql

_NAME = "identity"
_NOTHING = style.value("noValue", "\u2013")
_ACTIONS = {
    "admin.session.revoke": ("Admin revoked session", palette.ERROR),
    "admin.permission_request.approve.count": ("Request approved", palette.SUCCESS),
    "admin.permission_request.reject.count": ("Request rejected", palette.DENIED),
    "admin.policy.change.count": ("Auth model updated", palette.PRIMARY),
    "admin.pipeline.graph.save.count": ("Pipeline saved", palette.SECONDARY),
    "admin.pipeline.secret.rotate.count": ("Secret rotated", palette.WARNING),
}
_STATES = {
    "active": ("Active", palette.SUCCESS),
    "verified": ("Verified", palette.SUCCESS),
    "succeeded": ("Succeeded", palette.SUCCESS),
    "emitted": ("Emitted", palette.PRIMARY),
    "unverified": ("Unverified", palette.WARNING),
    "waiting": ("Waiting", palette.PRIMARY),
    "pending": ("Pending", palette.PRIMARY),
    "ended": ("Ended", palette.NEUTRAL),
    "expired": ("Expired", palette.NEUTRAL),
    "retired": ("Retired", palette.NEUTRAL),
    "pruned": ("Pruned", palette.NEUTRAL),
    "disabled": ("Disabled", palette.WARNING),
    "revoked": ("Revoked", palette.WARNING),
    "deleted": ("Deleted", palette.NEUTRAL),
    "failed": ("Failed", palette.ERROR),
}
_REGISTRATIONS = {
    "trusted": ("Trusted", palette.SUCCESS),
    "dynamic": ("Dynamic", palette.PRIMARY),
    "\u2013": ("\u2013", palette.NEUTRAL),
}


def log() -> table.Panel:
    """Panel I."""
    panel = panels.default_table(
        sql(_NAME, "admin_log"),
        units={"Time": units.DatetimeISONotToday},
        widths={"Time": 180, "Tenant": 130, "Action": 220, "Administrator": 310},
    )
    return (
        style.words(panel, "Action", _ACTIONS)
        .title("Admin Activity")
        .description("The newest of what administrators did. Good: nothing you cannot explain.")
        .no_value("No admin activity")
    )


def by_action() -> timeseries.Panel:
    """The other view of panel I."""
    panel = (
        panels.default_bars(sql(_NAME, "admin_by_action"), units.NoUnit)
        .title("Admin Activity by Action")
        .description("What administrators did a bucket, by action. Good: no burst.")
        .no_value("No admin activity")
    )
    return style.colored(style.stacked_bars(style.summed(panel)), dict(_ACTIONS.values()))


def user_metric() -> timeseries.Panel:
    """Panel J."""
    color = (
        dashboard_builders.FieldColor()
        .mode(dashboard.FieldColorModeId.SHADES)
        .fixed_color(palette.PLAIN_LINE)
    )
    return (
        panels.default_timeseries(sql(_NAME, "user_metric"), units.NoUnit)
        .color_scheme(color)
        .title("User-Defined Metrics")
        .description("The chosen metric: a counter's sums, a gauge's last values. Good: yours.")
        .no_value("No user metrics")
    )


def derived() -> table.Panel:
    """Names that are answered by what they follow from."""
    return (
        panels.default_table(
            sql(_NAME, "derived"),
            units={"In Period": units.NoUnit, "P95": units.Milliseconds},
            widths={"Metric": 320, "In Period": 120, "P95": 100},
        )
        .override_by_name("In Period", [_NOTHING])
        .override_by_name("P95", [_NOTHING])
        .title("Derived Metrics")
        .description(
            "Metrics nobody has to send: they follow from others. Good: no rotation error."
        )
        .no_value("Nothing to derive from")
    )


def things() -> table.Panel:
    """How many things there are in which state."""
    panel = panels.default_table(
        sql(_NAME, "things"),
        units={"How Many": units.NoUnit},
        widths={"State": 130, "Registration": 130, "How Many": 120},
    )
    return (
        style.words(style.words(panel, "State", _STATES), "Registration", _REGISTRATIONS)
        .title("State of Things")
        .description("Things known by the end of the period and their state. Good: few failed.")
        .no_value("Nothing is known")
    )


def failed_deliveries() -> table.Panel:
    """Deliveries that no webhook took."""
    return (
        panels.default_table(
            sql(_NAME, "failed_deliveries"),
            units={"Time": units.DatetimeISONotToday, "Attempts": units.NoUnit},
            widths={"Time": 180, "Tenant": 120, "Webhook": 100, "Response": 100, "Attempts": 90},
        )
        .title("Failed Deliveries")
        .description("Deliveries that failed in the period and were not made good. Good: none.")
        .no_value("No failed deliveries")
    )
