"""Identity: who is there, who signs in, and whether permissions are decided."""

from __future__ import annotations

from collections.abc import Iterator

from millrace.grafana import palette, panels
from millrace.grafana.dashboards import identity_style as style
from millrace.grafana.foundation import bargauge, stat, table, text, timeseries, units
from millrace.grafana.sql_files import sql

_NAME = "identity"
_ACTIONS = (
    ("Create User", "/users/new"),
    ("Register Client", "/clients/new"),
    ("Rotate JWKS", "/keys/rotate"),
)
_STATES = {
    "active": ("Active", palette.SUCCESS),
    "ended": ("Ended", palette.NEUTRAL),
    "expired": ("Expired", palette.NEUTRAL),
}


def quick_stats() -> Iterator[stat.Panel]:
    """Four numbers of the state of things, never of metric points."""
    yield (
        panels.default_stat(sql(_NAME, "total_users"), units.NoUnit)
        .title("Total Users")
        .description("Users there are, deleted ones left out. Good: it grows steadily.")
    )
    yield (
        panels.default_stat(sql(_NAME, "oauth_clients"), units.NoUnit)
        .title("OAuth Clients")
        .description("Registered clients, trusted and dynamic. Good: only those you know of.")
    )
    yield (
        panels.default_stat(sql(_NAME, "active_sessions"), units.NoUnit)
        .title("Active Sessions")
        .description("Sessions neither ended nor expired. Good: what the time of day brings.")
    )
    yield (
        style.key_age(sql(_NAME, "jwks_health"))
        .title("JWKS Health")
        .description("Age of the active signing key, the oldest of all. Good: below 25 days.")
        .no_value("No active key")
    )


def quick_actions() -> text.Panel:
    """Links to the platform's own admin pages; their address is the variable ``admin``."""
    links = "\u00a0\u00a0 ".join(f"**[{name}](${{admin}}{path})**" for name, path in _ACTIONS)
    return panels.default_text(links).title("")


def authentication() -> timeseries.Panel:
    """Panel A."""
    panel = panels.stacked(
        panels.default_timeseries(sql(_NAME, "authentication"), units.NoUnit)
        .title("Authentication Activity")
        .description("Logins, registrations and sessions a bucket. Good: few failed logins.")
        .no_value("No sign-ins")
    )
    return style.colored(
        style.summed(panel),
        {
            "Successful Logins": palette.SUCCESS,
            "Failed Logins": palette.ERROR,
            "New Registrations": palette.PRIMARY,
            "Sessions Created": palette.SECONDARY,
        },
    )


def authorization() -> timeseries.Panel:
    """Panel B."""
    panel = (
        panels.default_bars(sql(_NAME, "authorization"), units.NoUnit)
        .title("Authorization Health")
        .description("Decisions and errors a bucket. Good: no errors, denials in proportion.")
        .no_value("No decisions")
    )
    return style.colored(
        style.side_by_side(style.summed(panel), ("Allowed", "Denied", "Errors")),
        {"Allowed": palette.SUCCESS, "Denied": palette.DENIED, "Errors": palette.ERROR},
    )


def check_duration() -> timeseries.Panel:
    """The second view of panel B: how long a check takes."""
    panel = (
        panels.default_timeseries(sql(_NAME, "check_duration"), units.Milliseconds, style.P95)
        .title("Check Duration")
        .description("Time of a permission check by percentile. Good: P95 under 500 ms.")
        .no_value("No checks")
    )
    return style.percentiles(panel)


def traversal_depth() -> bargauge.Panel:
    """How deep checks walk."""
    return style.thin(
        panels.default_bargauge(sql(_NAME, "traversal_depth"), units.NoUnit)
        .title("Traversal Depth")
        .description("Levels walked for one check, most to least. Good: P95 of a few levels.")
        .no_value("No checks")
    )


def subjects_expanded() -> bargauge.Panel:
    """How wide checks look."""
    return style.thin(
        panels.default_bargauge(sql(_NAME, "subjects_expanded"), units.NoUnit)
        .title("Subjects Expanded")
        .description("Subjects looked at for one check, most to least. Good: P99 near P50.")
        .no_value("No checks")
    )


def sign_ins() -> table.Panel:
    """The newest sessions of the period."""
    panel = panels.default_table(
        sql(_NAME, "sign_ins"),
        units={"Time": units.DatetimeISONotToday},
        widths={
            "Time": 180,
            "Tenant": 130,
            "User": 310,
            "Provider": 150,
            "Method": 130,
            "State": 110,
        },
    )
    return (
        style.words(panel, "State", _STATES)
        .title("Recent Sign-Ins")
        .description("The newest sessions; users are pseudonyms. Good: nobody you cannot explain.")
        .no_value("No sign-ins")
    )
