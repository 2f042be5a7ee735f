"""What the identity dashboard knows of the state of things, compared with the seeds' own lists."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import identity_things as things
import pytest
from dashboard_story import Story, panel_ids
from identity_reference import TENANT, moment

from millrace.grafana.dashboards.identity import UID

pytestmark = pytest.mark.integration
IDS = panel_ids(UID)
PSEUDONYM = re.compile(r"[0-9a-f]{32}")


def number(story: Story, title: str, **given: Any) -> float | None:
    return story.number(UID, IDS[title], **{"var_tenant": TENANT, **given})


def rows(story: Story, title: str, **given: Any) -> list[dict[str, Any]]:
    return story.table(UID, IDS[title], **{"var_tenant": TENANT, **given})


def when(milliseconds: float, story: Story) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, story.anchor.tzinfo)


@pytest.mark.requirement("IDENT-36", "IDENT-58")
@pytest.mark.parametrize("hours", [24, 720])
def test_quick_stats_count_things_and_not_events(story: Story, hours: int) -> None:
    for title, known in (
        ("Total Users", things.users()),
        ("OAuth Clients", things.clients()),
        ("Active Sessions", things.sessions(story.anchor)),
    ):
        assert number(story, title, hours=hours) == sum(thing.counts for thing in known)
    assert number(story, "JWKS Health", hours=hours) == pytest.approx(636 / 24, abs=0.001)


@pytest.mark.requirement("IDENT-36")
def test_quick_stats_of_all_tenants(story: Story) -> None:
    assert number(story, "Total Users", var_tenant=things.OTHER) == 1
    assert number(story, "Active Sessions", var_tenant=things.OTHER) == 1
    # The oldest active key of any tenant.
    both = number(story, "JWKS Health", var_tenant=[TENANT, things.OTHER])
    assert both == pytest.approx(960 / 24, abs=0.001)
    assert number(story, "OAuth Clients", var_tenant="nobody") == 0
    assert number(story, "JWKS Health", var_tenant="nobody") is None


@pytest.mark.requirement("IDENT-36")
def test_a_past_range_shows_the_past(story: Story) -> None:
    end = story.anchor - timedelta(hours=50)
    begun = [thing for thing in things.sessions(story.anchor) if thing.tenant == TENANT]
    alive = 0
    for thing in begun:
        started = thing.steps[0][0]
        ended = [hours for hours, word, _ in thing.steps if word == "ended"]
        short = int(thing.name[1:]) % 4 == 1 if thing.name != "soon" else False
        out = short and started - 12 >= 50
        alive += started >= 50 and not out and not any(hours >= 50 for hours in ended)
    assert number(story, "Active Sessions", end=end) == alive
    before = story.anchor - timedelta(hours=640)
    # The key before this one was still active; it had been for 800 hours.
    assert number(story, "JWKS Health", end=before) == pytest.approx(800 / 24, abs=0.001)


@pytest.mark.requirement("IDENT-38")
def test_recent_sign_ins_are_the_newest_of_the_period(story: Story) -> None:
    found = rows(story, "Recent Sign-Ins", hours=168, var_limit="20")
    known = {
        round((story.anchor - thing.steps[0][0] * things.HOUR).timestamp() * 1000): thing
        for thing in things.sessions(story.anchor)
        if thing.tenant == TENANT and thing.steps[0][0] > 0
    }
    assert [row["Time"] for row in found] == sorted(known, reverse=True)[:20]
    for row in found:
        thing = known[row["Time"]]
        words = {word for _, word, _ in thing.steps}
        state = "ended" if "ended" in words else "active" if thing.counts else "expired"
        assert row["State"] == state
        assert row["Provider"] == "credentials"
        assert row["Method"] == thing.steps[0][2]["tags"]["method"]
        assert row["Application"] == "Account page"
        assert PSEUDONYM.fullmatch(row["User"])
    assert {row["State"] for row in found} == {"ended", "active", "expired"}
    assert len({row["User"] for row in found}) == 4


@pytest.mark.requirement("IDENT-38")
def test_the_caller_chooses_how_many(story: Story) -> None:
    assert len(rows(story, "Recent Sign-Ins", hours=168)) == 10
    assert len(rows(story, "Recent Sign-Ins", hours=168, var_limit="50")) == 40
    assert len(rows(story, "Recent Sign-Ins", hours=24, var_limit="50")) == 12
    theirs = rows(story, "Recent Sign-Ins", var_tenant=things.OTHER)
    assert [(row["Tenant"], row["Application"]) for row in theirs] == [(things.OTHER, "\u2013")]


@pytest.mark.requirement("IDENT-48")
def test_the_admin_log_is_the_newest_first(story: Story) -> None:
    told = [
        one
        for one in story.events["identity"]
        if one["name"].startswith("admin.")
        and one["tenant"] == TENANT
        and story.anchor - timedelta(days=7) <= moment(one) <= story.anchor
    ]
    expected = sorted(((moment(one), one["name"]) for one in told), reverse=True)
    found = rows(story, "Admin Activity", hours=168, var_limit="100")
    assert [(when(row["Time"], story), row["Action"]) for row in found] == expected
    assert all(PSEUDONYM.fullmatch(row["Administrator"]) for row in found)
    assert rows(story, "Admin Activity", hours=168, var_limit="10") == found[:10]


@pytest.mark.requirement("IDENT-58")
def test_the_state_of_everything(story: Story) -> None:
    found = Counter[tuple[str, str, str]]()
    for row in rows(story, "State of Things"):
        found[row["Thing"], row["State"], row["Registration"]] += row["How Many"]
    sessions = things.sessions(story.anchor)
    ended = sum(any(word == "ended" for _, word, _ in thing.steps) for thing in sessions)
    active = sum(thing.counts for thing in sessions)
    none = "\u2013"
    assert found == {
        ("User", "verified", none): 4,
        ("User", "unverified", none): 3,
        ("User", "deleted", none): 1,
        ("Session", "active", none): active,
        ("Session", "ended", none): ended,
        ("Session", "expired", none): 40 - active - ended,
        ("OAuth client", "active", "trusted"): 1,
        ("OAuth client", "active", "dynamic"): 1,
        ("OAuth client", "disabled", "dynamic"): 1,
        ("OAuth client", "deleted", "trusted"): 1,
        ("Signing key", "active", none): 1,
        ("Signing key", "pruned", none): 2,
        ("Signing key", "retired", none): 1,
        ("Signing key", "waiting", none): 1,
        ("API key", "active", none): 1,
        ("API key", "revoked", none): 1,
        ("Webhook", "active", none): 1,
        ("Webhook", "disabled", none): 1,
        ("Webhook event", "emitted", none): 1,
        ("Delivery", "succeeded", none): 1,
        ("Delivery", "failed", none): 2,
        ("Delivery", "pending", none): 1,
    }


@pytest.mark.requirement("IDENT-58")
def test_a_delivery_that_was_made_good_has_not_failed(story: Story) -> None:
    [row] = rows(story, "Failed Deliveries")
    assert when(row.pop("Time"), story) == story.anchor - timedelta(hours=2.5)
    assert row == {
        "Tenant": TENANT,
        "Event": "user.created",
        "Webhook": "3",
        "Response": "503",
        "Attempts": 1,
    }
    assert len(rows(story, "Failed Deliveries", hours=168)) == 2


@pytest.mark.requirement("IDENT-32")
def test_the_open_bucket_is_marked(story: Story) -> None:
    now = datetime.now(story.anchor.tzinfo)
    for hours, begins in (
        (24, now.replace(minute=0)),
        (168, now.replace(hour=now.hour // 6 * 6, minute=0)),
        (720, now.replace(hour=0, minute=0)),
        (365 * 24, now.replace(day=1, hour=0, minute=0)),
    ):
        [mark] = story.annotation(UID, "Incomplete", hours=hours, end=now)
        at = begins.replace(second=0, microsecond=0)
        assert when(mark["time"], story) == at
        assert mark["time"] <= now.timestamp() * 1000 < mark["timeEnd"]
    assert story.annotation(UID, "Incomplete", hours=24) == []
