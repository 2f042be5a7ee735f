"""Identity: OpenID Connect and OAuth, API keys, mail and signing keys."""

from __future__ import annotations

from collections.abc import Iterator

from millrace.grafana import palette, panels
from millrace.grafana.dashboards import identity_style as style
from millrace.grafana.foundation import bargauge, common, stat, timeseries, units
from millrace.grafana.sql_files import sql

_NAME = "identity"
#: Percent of mails that went out.
_SUCCESS: panels.Steps = ((None, palette.ERROR), (95, palette.WARNING), (99, palette.SUCCESS))


def requests() -> bargauge.Panel:
    """Panel E."""
    panel = (
        panels.default_bargauge(sql(_NAME, "oidc_requests"), units.NoUnit)
        .title("OIDC & OAuth Health")
        .description("Requests by endpoint, then result or grant. Good: errors far below success.")
        .no_value("No requests")
    )
    return style.thin(panel)


def latency() -> timeseries.Panel:
    """How long the endpoints take."""
    panel = (
        panels.default_timeseries(sql(_NAME, "oidc_latency"), units.Milliseconds, style.P95)
        .title("OIDC Latency")
        .description("Time of authorize and token requests. Good: P95 under 500 ms.")
        .no_value("No requests")
    )
    return style.colored(
        panel,
        {
            "Authorize P50": palette.PRIMARY,
            "Authorize P95": palette.SECONDARY,
            "Token P50": palette.SUCCESS,
            "Token P95": palette.WARNING,
        },
    )


def errors() -> Iterator[bargauge.Panel]:
    """What is behind the errors of panel E."""
    for title, query, what in (
        ("Access Denied", "denied_by_reason", "Authorizations denied, by reason."),
        ("Invalid Redirects", "redirects_by_client", "Redirect addresses refused, by client type."),
        ("PKCE Failures", "pkce_by_reason", "PKCE checks failed, by reason."),
    ):
        yield style.thin(
            panels.default_bargauge(sql(_NAME, query), units.NoUnit, ((None, palette.ERROR),))
            .title(title)
            .description(f"{what} Good: none that a client could have avoided.")
            .no_value("None")
        )


def api_keys() -> timeseries.Panel:
    """Panel F."""
    panel = (
        panels.default_timeseries(sql(_NAME, "api_keys"), units.NoUnit)
        .title("API Key Usage")
        .description("Keys issued and revoked a bucket. Good: no burst of either.")
        .no_value("No keys")
    )
    return style.colored(
        style.summed(panel), {"Issued": palette.PRIMARY, "Revoked": palette.WARNING}
    )


def invalid_keys() -> timeseries.Panel:
    """Why keys were refused."""
    panel = (
        panels.default_bars(sql(_NAME, "api_key_invalid"), units.NoUnit)
        .title("Invalid Keys by Reason")
        .description("Requests whose key is not valid, the eight commonest reasons. Good: few.")
        .no_value("No invalid keys")
    )
    return style.stacked_bars(style.summed(panel))


def api_key_cards() -> Iterator[stat.Panel]:
    """The cards of panel F."""
    yield (
        panels.default_stat(sql(_NAME, "api_key_missing"), units.NoUnit, panels.SOME)
        .title("Missing Keys")
        .description("Requests without a key, in the period. Good: none.")
    )
    yield (
        style.p95(sql(_NAME, "api_key_resolve_p95"))
        .title("Resolve P95")
        .description("Time to resolve a key, 95th percentile. Good: under 500 ms.")
        .no_value("No keys")
    )
    yield (
        panels.default_stat(sql(_NAME, "api_key_groups"), units.NoUnit)
        .decimals(1)
        .title("Groups per Key")
        .description("Groups that a key belongs to, on average. Good: few.")
        .no_value("No keys")
    )


def email() -> timeseries.Panel:
    """Panel G."""
    panel = panels.stacked(
        panels.default_timeseries(sql(_NAME, "email"), units.NoUnit)
        .title("Email Delivery")
        .description("Mails by what became of them, a bucket. Good: nearly all sent.")
        .no_value("No mails")
    )
    return style.colored(
        style.summed(panel),
        {"Sent": palette.SUCCESS, "Failed": palette.ERROR, "Rate Limited": palette.WARNING},
    )


def email_p95() -> stat.Panel:
    """How long a mail takes."""
    return (
        style.p95(sql(_NAME, "email_p95"))
        .title("Email P95")
        .description("Time to send a mail, 95th percentile. Good: under 500 ms.")
        .no_value("No mails")
    )


def email_success() -> stat.Panel:
    """Sent of sent and failed."""
    return (
        panels.default_stat(sql(_NAME, "email_success_rate"), units.Percent, _SUCCESS)
        .decimals(1)
        .title("Success Rate")
        .description("Mails sent, of those sent and failed. Good: 99 % or more.")
        .no_value("Nothing sent")
    )


def key_cards() -> Iterator[stat.Panel]:
    """Panel H."""
    yield (
        style.key_age(sql(_NAME, "key_age"))
        .color_mode(common.BigValueColorMode.BACKGROUND)
        .title("Signing Key")
        .description("Age of the active key as last reported, the oldest. Good: below 25 days.")
        .no_value("No report")
    )
    yield (
        panels.default_stat(sql(_NAME, "last_rotation"), units.DatetimeISONotToday)
        .title("Last Rotation")
        .description("When a key was last rotated, up to the end of the period. Good: this month.")
        .no_value("Never")
    )
    yield (
        style.p95(sql(_NAME, "rotate_p95"))
        .title("Rotation P95")
        .description("Time of a key rotation, 95th percentile. Good: under 500 ms.")
        .no_value("No rotation")
    )
    yield (
        panels.default_stat(sql(_NAME, "keys_pruned"), units.NoUnit)
        .title("Pruned Keys")
        .description("Old keys removed in the period. Good: one for each rotation.")
    )
