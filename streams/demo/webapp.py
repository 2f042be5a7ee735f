"""A simulated web application: its requests, and what people do on its pages."""

from __future__ import annotations

from typing import Final

from millrace.streams.demo.moment import Document, Moment

_NOON = 13.0
_USERS = 5_000
_PAGES: Final = ("home", "catalog", "item", "cart", "search", "profile", "help", "admin")
#: Route, method, and how long it takes on a quiet day in ms.
_ENDPOINTS: Final = (
    ("/api/v1/items", "GET", 35.0),
    ("/api/v1/items", "GET", 35.0),
    ("/api/v1/items/{id}", "GET", 20.0),
    ("/api/v1/items/{id}", "PUT", 60.0),
    ("/api/v1/search", "GET", 140.0),
    ("/api/v1/cart", "GET", 25.0),
    ("/api/v1/cart", "POST", 45.0),
    ("/api/v1/orders", "POST", 220.0),
    ("/api/v1/orders/{id}", "GET", 40.0),
    ("/api/v1/profile", "GET", 18.0),
    ("/api/v1/reports", "GET", 600.0),
    ("/api/v1/session", "POST", 90.0),
)


def event(moment: Moment) -> Document:
    """Return one event of the application; it has no id and no time yet."""
    random = moment.random
    document: Document = {"source": "service:web"}
    if random.random() < 0.85:  # the rest are not signed in
        document["actor"] = f"user-{int(random.random() ** 2 * _USERS)}"
    if random.random() < 0.6:
        return document | _request(moment)
    return document | _usage(moment)


def _request(moment: Moment) -> Document:
    random = moment.random
    endpoint, method, quiet = random.choice(_ENDPOINTS)
    tags = {"endpoint": endpoint, "method": method, "status_code": "200"}
    chance = random.random()
    if chance < 0.006:
        tags |= {"status_code": "500", "error_type": "server_error"}
    elif chance < 0.03:
        tags |= {"status_code": "404", "error_type": "client_error"}
    elif method == "POST":
        tags["status_code"] = "201"
    return {
        "name": "webapp.request",
        "kind": "histogram",
        "measurements": {"response_time_ms": moment.millis(quiet * (0.6 + moment.busy(_NOON)))},
        "tags": tags,
    }


def _usage(moment: Moment) -> Document:
    random = moment.random
    page = random.choice(_PAGES)
    chance = random.random()
    if chance < 0.55:
        return {"name": "webapp.page_view", "tags": {"page_name": page}}
    if chance < 0.85:
        return {
            "name": "webapp.button_click",
            "tags": {"page_name": page},
            "attributes": {"element_id": f"button.{page}-{random.randrange(6)}"},
        }
    if chance < 0.95:
        outcome = "success" if random.random() < 0.9 else "failure"
        return {
            "name": "webapp.form_submit",
            "tags": {"page_name": page, "action": "save", "outcome": outcome},
        }
    return {
        "name": "webapp.feature_usage",
        "tags": {"page_name": page, "feature": random.choice(("export", "share", "filter"))},
    }
