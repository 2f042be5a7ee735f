"""What the identity dashboard counts, compared with a count of the seeds."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from dashboard_story import Story, panel_ids
from identity_reference import (
    PERIODS,
    POINTS,
    TENANT,
    Keep,
    Reference,
    counted,
    everything,
    moment,
    where,
)

from millrace.grafana.dashboards.identity import UID

pytestmark = pytest.mark.integration
IDS = panel_ids(UID)
SERIES: dict[str, dict[str, tuple[str, Keep]]] = {
    "Authentication Activity": {
        "Successful Logins": ("auth.login.attempt", where("status", "success")),
        "Failed Logins": ("auth.login.attempt", where("status", "fail")),
        "New Registrations": ("auth.register.success", everything),
        "Sessions Created": ("auth.session.created.count", everything),
    },
    "Authorization Health": {
        "Allowed": ("authz.decision.count", where("result", "allowed")),
        "Denied": ("authz.decision.count", where("result", "denied")),
        "Errors": ("authz.error.count", everything),
    },
    "API Key Usage": {
        "Issued": ("apikey.issued.count", everything),
        "Revoked": ("apikey.revoked.count", everything),
    },
    "Email Delivery": {
        "Sent": ("email.send.success", everything),
        "Failed": ("email.send.error", everything),
        "Rate Limited": ("email.send.rate_limited.count", everything),
    },
    "Admin Activity by Action": {
        "Admin revoked session": ("admin.session.revoke", everything),
        "Request approved": ("admin.permission_request.approve.count", everything),
        "Request rejected": ("admin.permission_request.reject.count", everything),
        "Auth model updated": ("admin.policy.change.count", everything),
        "Pipeline saved": ("admin.pipeline.graph.save.count", everything),
        "Secret rotated": ("admin.pipeline.secret.rotate.count", everything),
    },
}


def reference(story: Story, hours: int, *tenants: str) -> Reference:
    return Reference(story.events["identity"], story.anchor, hours, tenants or (TENANT,))


def table(story: Story, title: str, hours: int = 24, **given: Any) -> list[dict[str, Any]]:
    return story.table(UID, IDS[title], hours=hours, **{"var_tenant": TENANT, **given})


def series(story: Story, title: str, hours: int, **given: Any) -> dict[str, list[float | None]]:
    found = story.series(UID, IDS[title], hours=hours, **{"var_tenant": TENANT, **given})
    return {name: list(values.values()) for name, values in found.items()}


@pytest.mark.requirement("IDENT-31", "IDENT-32")
@pytest.mark.parametrize("hours", PERIODS)
def test_each_period_has_its_points_and_the_last_one_is_open(story: Story, hours: int) -> None:
    found = story.series(UID, IDS["Authentication Activity"], hours=hours, var_tenant=TENANT)
    for values in found.values():
        assert list(values) == reference(story, hours).slots
        assert len(values) == POINTS[hours]


@pytest.mark.requirement("IDENT-32")
@pytest.mark.parametrize("hours", PERIODS)
def test_no_moment_of_the_end_gives_another_point(story: Story, hours: int) -> None:
    day = story.anchor.replace(hour=0, minute=0)
    for end in (day, day + timedelta(hours=6), day + timedelta(hours=7, seconds=1)):
        found = story.series(UID, IDS["Email Delivery"], hours=hours, end=end, var_tenant=TENANT)
        assert len(found["Sent"]) == POINTS[hours]


@pytest.mark.parametrize(("days", "points"), [(0.5, 12), (2, 8), (31, 31), (45, 0)])
def test_other_ranges_have_the_buckets_of_the_next_longer_period(
    story: Story, days: float, points: int
) -> None:
    found = story.series(UID, IDS["Email Delivery"], hours=days * 24, var_tenant=TENANT)["Sent"]
    start = story.anchor - timedelta(days=days)
    months = (story.anchor.year - start.year) * 12 + story.anchor.month - start.month
    assert len(found) == (points or months + 1)


@pytest.mark.requirement("IDENT-39", "IDENT-40", "IDENT-45", "IDENT-46", "IDENT-48")
@pytest.mark.parametrize("hours", PERIODS)
@pytest.mark.parametrize("title", SERIES)
def test_sums_of_every_bucket(story: Story, title: str, hours: int) -> None:
    expected = {
        name: reference(story, hours).sums(metric, keep)
        for name, (metric, keep) in SERIES[title].items()
    }
    assert any(sum(values) for values in expected.values())
    assert series(story, title, hours) == expected


def test_a_tenant_is_left_out_unless_all_are_chosen(story: Story) -> None:
    both = series(story, "Authentication Activity", 24, var_tenant=[TENANT, "idp-other"])
    mine = series(story, "Authentication Activity", 24)
    for name, (metric, keep) in SERIES["Authentication Activity"].items():
        assert both[name] == reference(story, 24, TENANT, "idp-other").sums(metric, keep)
    assert both != mine


def test_periods_agree_on_what_they_share(story: Story) -> None:
    hours = series(story, "Email Delivery", 24)["Sent"]
    shared = reference(story, 24)
    quarters = reference(story, 168)
    of_day = [
        value
        for slot, value in zip(
            quarters.slots, series(story, "Email Delivery", 168)["Sent"], strict=True
        )
        if slot >= quarters.slots[-3]
    ]
    assert sum(v or 0 for v in of_day) == sum(
        value or 0
        for slot, value in zip(shared.slots, hours, strict=True)
        if slot >= quarters.slots[-3]
    )


def test_a_short_range_has_short_buckets(story: Story) -> None:
    end = story.anchor.replace(minute=0)
    found = story.series(UID, IDS["Email Delivery"], hours=2, end=end, var_tenant=TENANT)["Sent"]
    five = timedelta(minutes=5)
    expected = {end - back * five: 0.0 for back in range(23, -1, -1)}
    for one in story.events["identity"]:
        slot = moment(one).replace(second=0, microsecond=0)
        slot -= timedelta(minutes=slot.minute % 5)
        mine = one["name"] == "email.send.success" and one["tenant"] == TENANT
        if mine and slot in expected:
            expected[slot] += counted(one)
    assert sum(expected.values()) > 0
    assert found == expected


def test_an_empty_range_is_zero_and_not_made_up(story: Story) -> None:
    before = story.anchor - timedelta(days=365)
    found = story.series(UID, IDS["Authorization Health"], hours=24, end=before, var_tenant=TENANT)
    assert {value for values in found.values() for value in values.values()} == {0}
    for title in ("Webhook Reliability", "OIDC & OAuth Health", "Access Denied", "User Scripts"):
        assert story.table(UID, IDS[title], end=before, var_tenant=TENANT) == []
    for title in ("Success Rate", "Emit P95", "Groups per Key", "Pool Waiting", "Resend Failures"):
        assert story.number(UID, IDS[title], end=before, var_tenant=TENANT) is None
    assert story.series(UID, IDS["Invalid Keys by Reason"], end=before, var_tenant=TENANT) == {}


@pytest.mark.requirement("IDENT-43")
@pytest.mark.parametrize("hours", PERIODS)
def test_webhooks_are_those_emitted_less_those_not_published(story: Story, hours: int) -> None:
    emitted = reference(story, hours).total("webhook.emit.count")
    failed = reference(story, hours).total("qstash.publish.error.count")
    assert 0 < failed < emitted
    [row] = table(story, "Webhook Reliability", hours)
    assert row == {"Successful": emitted - failed, "Failed": failed}
    assert story.number(UID, IDS["Total Webhooks"], hours=hours, var_tenant=TENANT) == emitted
    share = story.number(UID, IDS["QStash Failures"], hours=hours, var_tenant=TENANT)
    assert share == pytest.approx(failed / emitted)


@pytest.mark.requirement("IDENT-44")
@pytest.mark.parametrize("hours", PERIODS)
def test_oidc_requests_by_what_each_endpoint_tells_apart(story: Story, hours: int) -> None:
    expected: Counter[str] = Counter()
    for label, name, tag in (
        ("Authorize: {}", "oidc.authorize.request.count", "result"),
        ("Token: {}", "oidc.token.request.count", "grant_type"),
        ("UserInfo: {}", "oidc.userinfo.request.count", "result"),
        ("JWKS", "oidc.jwks.request.count", "result"),
    ):
        here = reference(story, hours)
        for value in {one["tags"][tag] for _, one in here.of(name)}:
            expected[label.format(value)] += int(here.total(name, where(tag, value)))
    rows = table(story, "OIDC & OAuth Health", hours)
    assert {row["request"]: row["Requests"] for row in rows} == expected
    firsts = [row["request"].split(":")[0] for row in rows]
    assert list(dict.fromkeys(firsts)) == ["Authorize", "Token", "UserInfo", "JWKS"]


@pytest.mark.requirement("IDENT-44")
@pytest.mark.parametrize(
    ("title", "name", "tag", "column"),
    [
        ("Access Denied", "oidc.authorize.access_denied.count", "reason", "Denied"),
        ("Invalid Redirects", "oauth.redirect_uri.invalid.count", "client_type", "Refused"),
        ("PKCE Failures", "oauth.pkce.failure.count", "reason", "Failures"),
    ],
)
def test_oidc_errors_the_commonest_first(
    story: Story, title: str, name: str, tag: str, column: str
) -> None:
    here = reference(story, 720)
    reasons = {one["tags"][tag] for _, one in here.of(name)}
    totals = {reason: here.total(name, where(tag, reason)) for reason in reasons}
    rows = table(story, title, 720)
    assert {row[tag]: row[column] for row in rows} == totals
    assert [row[column] for row in rows] == sorted(totals.values(), reverse=True)


@pytest.mark.requirement("IDENT-45")
@pytest.mark.parametrize("hours", PERIODS)
def test_invalid_keys_are_the_eight_commonest_reasons_and_other(story: Story, hours: int) -> None:
    here = reference(story, hours)
    name = "apikey.auth.invalid.count"
    reasons = {one["tags"]["reason"] for _, one in here.of(name)}
    by_reason = {reason: here.sums(name, where("reason", reason)) for reason in reasons}
    busiest = sorted(by_reason, key=lambda reason: (-sum(by_reason[reason]), reason))
    expected: dict[str, list[float]] = {reason: by_reason[reason] for reason in busiest[:8]}
    rest = [by_reason[reason] for reason in busiest[8:]]
    if rest:
        expected["other"] = [sum(values) for values in zip(*rest, strict=True)]
    assert series(story, "Invalid Keys by Reason", hours) == expected


@pytest.mark.requirement("IDENT-42", "IDENT-45", "IDENT-47")
@pytest.mark.parametrize("hours", PERIODS)
@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Pool Exhausted", "lua.pool.exhausted"),
        ("Missing Keys", "apikey.auth.missing.count"),
        ("Pruned Keys", "jwks.pruned.count"),
    ],
)
def test_totals_of_the_period(story: Story, title: str, name: str, hours: int) -> None:
    found = story.number(UID, IDS[title], hours=hours, var_tenant=TENANT)
    assert found == reference(story, hours).total(name)


@pytest.mark.requirement("IDENT-46", "IDENT-63")
@pytest.mark.parametrize("hours", PERIODS)
def test_mails_held_back_neither_succeeded_nor_failed(story: Story, hours: int) -> None:
    here = reference(story, hours)
    sent, failed = here.total("email.send.success"), here.total("email.send.error")
    assert here.total("email.send.rate_limited.count") > 0
    rate = story.number(UID, IDS["Success Rate"], hours=hours, var_tenant=TENANT)
    assert rate == pytest.approx(sent / (sent + failed) * 100)
    share = story.number(UID, IDS["Resend Failures"], hours=hours, var_tenant=TENANT)
    assert share == pytest.approx(failed / (sent + failed))


@pytest.mark.requirement("IDENT-14", "IDENT-59")
@pytest.mark.parametrize("hours", PERIODS)
def test_derived_metrics_follow_from_others_and_never_from_themselves(
    story: Story, hours: int
) -> None:
    here = reference(story, hours)
    endpoints = ("authorize", "token", "userinfo", "jwks")
    triggered = here.total("jwks.rotate.triggered.count")
    expected = {
        "auth.email_verification.sent.count": here.total(
            "email.send.success", where("type", "verification")
        ),
        "auth.password_reset.sent.count": here.total(
            "email.send.success", where("type", "password_reset")
        ),
        "http.request.count": sum(here.total(f"oidc.{end}.request.count") for end in endpoints),
        "http.request.duration_ms": None,
        "jwks.rotation.error": max(0, triggered - here.total("jwks.rotation.success")),
        "qstash.publish.count": here.total("webhook.emit.count"),
        "rebac.query.count": len(
            list(here.of("identity.decision.audited", lambda tags: "relation" in tags))
        ),
    }
    rows = table(story, "Derived Metrics", hours)
    assert {row["Metric"]: row["In Period"] for row in rows} == expected
    # Somebody sent these all the same; nobody asks for them.
    assert here.total("qstash.publish.count") == 9999
