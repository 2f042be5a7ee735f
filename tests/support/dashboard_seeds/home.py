"""Two tenants of every group of users: what the home dashboard's lines are counted from."""

from __future__ import annotations

from datetime import datetime, timedelta

from dashboard_story import Event, event

TENANT, OTHER = "home-a", "home-b"
#: When each group's newest event was, in minutes before the anchor.
NEWEST = {"game": 3, "metrics": 9, "identity": 2, "links": 150, "webapp": 26}


def events(anchor: datetime) -> list[Event]:
    """A day and more of both tenants; the other one fails always."""
    told = []
    for tenant, every, failing in ((TENANT, 7, 4), (OTHER, 5, 1)):
        for group, newest in NEWEST.items():
            first = newest if tenant == TENANT else 1
            minutes = [*range(first, first + 300, every), 2000 + first, 9 * 1440]
            for number, minute in enumerate(minutes):
                at = anchor - timedelta(minutes=minute, seconds=number % 30)
                told += _GROUPS[group](at, tenant, number % failing == 0)
    # After the range, and of names that no group's error share is about.
    later = anchor + timedelta(minutes=5)
    told += _game(later, TENANT, True) * 3
    told += _identity(later, TENANT, True)
    told.append(event("bezgelor.quest.accepted", anchor - timedelta(minutes=4), tenant=TENANT))
    told.append(_counted("auth.register.success", anchor - timedelta(minutes=4), method="password"))
    return told


def _counted(name: str, at: datetime, tenant: str = TENANT, **tags: str) -> Event:
    return event(name, at, tenant=tenant, measurements={"count": 3.0}, tags=tags)


def _game(at: datetime, tenant: str, failed: bool) -> list[Event]:
    tags = {"success": "false" if failed else "true"}
    took = {"duration_ms": 40.0}
    return [event("bezgelor.auth.login_complete", at, tenant=tenant, measurements=took, tags=tags)]


def _metrics(at: datetime, tenant: str, failed: bool) -> list[Event]:
    value = "many" if failed else 2.5
    return [
        event("home.queue.depth", at, tenant=tenant, value=value),
        event("user.home.steps", at, tenant=tenant, value=1.0),
    ]


def _identity(at: datetime, tenant: str, failed: bool) -> list[Event]:
    status = "fail" if failed else "success"
    return [_counted("auth.login.attempt", at, tenant, method="password", status=status)]


def _links(at: datetime, tenant: str, failed: bool) -> list[Event]:
    link = f"link:home-{tenant}-{at.timestamp():.0f}"
    end = "linkProcessingFailed" if failed else "linkProcessingCompleted"
    return [
        event("linkProcessingStarted", at, tenant=tenant, entity=link),
        event(end, at, tenant=tenant, entity=link),
    ]


def _webapp(at: datetime, tenant: str, failed: bool) -> list[Event]:
    # No status at all, a client's error and a redirection: the first two failed.
    answers = (
        [{"error_type": "timeout"}, {"status_code": "404", "error_type": "client_error"}]
        if failed
        else [{"status_code": "200"}, {"status_code": "302"}]
    )
    return [
        *(
            event(
                "webapp.request",
                at,
                tenant=tenant,
                measurements={"response_time_ms": 12.0},
                tags={"endpoint": "/home", "method": "GET", **answer},
            )
            for answer in answers
        ),
        event("webapp.page_view", at, tenant=tenant, tags={"page_name": "home"}),
    ]


_GROUPS = {
    "game": _game,
    "metrics": _metrics,
    "identity": _identity,
    "links": _links,
    "webapp": _webapp,
}
