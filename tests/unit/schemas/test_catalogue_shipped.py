from __future__ import annotations

import re
from collections import Counter

import pytest

from millrace.schemas.catalogue import Declaration, LongValues, Namespace, Scalars, Undeclared
from millrace.schemas.catalogue_files import load_catalogue
from millrace.schemas.event import Kind

CATALOGUE = load_catalogue()
PERSONAL = {
    "user_id",
    "email",
    "ip",
    "user_agent",
    "authorization",
    "redirect_uri",
    "key_prefix",
}
ALLOW_LIST = {
    "account_id",
    "character_id",
    "zone_id",
    "success",
    "creature_id",
    "quest_id",
    "item_id",
    "spell_id",
    "guild_id",
    "world_id",
}


def namespace(name: str) -> Namespace:
    return CATALOGUE.namespaces[name]


def declared(name: str) -> Declaration:
    declaration = CATALOGUE.resolve("default", name)[1]
    assert declaration is not None, name
    return declaration


def identity_metrics() -> list[Declaration]:
    """The platform's own metrics, without the domain events that entities' state comes from."""
    events = namespace("identity").events.values()
    return [event for event in events if not event.name.startswith("identity.")]


def test_the_namespaces() -> None:
    assert set(CATALOGUE.namespaces) == {
        "default",
        "game",
        "identity",
        "links",
        "millrace",
        "user",
        "webapp",
    }
    for one, declaration in CATALOGUE.declarations:
        assert declaration.description.endswith("."), declaration.name
        assert one.accepts_name(declaration.name)


@pytest.mark.requirement("GAME-05")
@pytest.mark.parametrize(
    ("name", "kind", "measurements"),
    [
        ("bezgelor.auth.login_complete", Kind.HISTOGRAM, {"duration_ms": "ms"}),
        ("bezgelor.realm.session_start", Kind.EVENT, {"count": "count"}),
        ("bezgelor.world.player_entered", Kind.EVENT, {"count": "count"}),
        ("bezgelor.combat.damage", Kind.COUNTER, {"damage_amount": "damage points"}),
        ("bezgelor.quest.accepted", Kind.EVENT, {"count": "count"}),
        ("bezgelor.quest.completed", Kind.EVENT, {"count": "count"}),
        ("bezgelor.quest.abandoned", Kind.EVENT, {"count": "count"}),
        ("bezgelor.creature.killed", Kind.COUNTER, {"xp_reward": "XP"}),
        ("bezgelor.server.players", Kind.GAUGE, {"online": "players"}),
        ("bezgelor.server.creatures", Kind.GAUGE, {"spawned": "creatures"}),
        ("bezgelor.server.zones", Kind.GAUGE, {"active": "zones"}),
    ],
)
def test_the_eleven_game_events(name: str, kind: Kind, measurements: dict[str, str]) -> None:
    declaration = declared(name)
    assert (declaration.kind, declaration.measurements) == (kind, measurements)
    assert declaration.tags | declaration.attributes == ALLOW_LIST
    assert declaration.tags == {"success", "world_id", "zone_id"}
    assert declaration.tracked
    assert len(namespace("game").events) == 11


@pytest.mark.requirement("GAME-03", "GAME-05")
def test_the_game_policy() -> None:
    game = namespace("game")
    assert (game.undeclared, game.scalars) == (Undeclared.CLOSED, Scalars.COERCE)
    assert (game.long_values, game.tag_value_length) == (LongValues.CUT, 100)
    assert (game.attribute_length, game.retention_class) == (100, "game")
    assert game.accepts_name("bezgelor.auth_2.login")
    for bad in ("bezgelor.Auth", "bezgelor.auth-x", "bezgelor.auth\n", ""):
        assert not game.accepts_name(bad)
    assert CATALOGUE.resolve("default", "bezgelor.pet.fed") == (game, None)


@pytest.mark.requirement("IDENT-29", "IDENT-04")
def test_the_seventy_three_identity_names() -> None:
    metrics = identity_metrics()
    assert len(metrics) + len(("helpers.metrics.count", "helpers.metrics.gauge")) == 73
    statuses = Counter(event.status for event in metrics)
    assert statuses == {"live": 50, "derived": 7, "missing": 5, "blocked": 8, "optional": 1}
    for event in metrics:
        (measurement,) = event.measurements.items()
        if event.kind is Kind.COUNTER:
            assert measurement == ("count", "count"), event.name
        else:
            assert measurement[0] == "value", event.name
            assert measurement[1] in {
                "ms", "bytes", "levels", "subjects", "engines", "requests", "groups"
            }  # fmt: skip


@pytest.mark.requirement("IDENT-29")
@pytest.mark.parametrize(
    "name",
    [
        "auth.login.guess",
        "oidc.token.count",
        "authz.other",
        "jwks.x",
        "lua.pool.size",
        "webhook.x",
        "http.request.other",
        "admin.session.x",
        "apikey.x",
    ],
)
def test_an_unknown_system_name_has_a_closed_owner(name: str) -> None:
    assert CATALOGUE.resolve("acme", name) == (namespace("identity"), None)
    assert namespace("identity").undeclared is Undeclared.CLOSED


@pytest.mark.requirement("IDENT-06", "IDENT-04")
@pytest.mark.parametrize(
    ("name", "kind", "unit", "tags"),
    [
        ("auth.login.attempt", Kind.COUNTER, "count", {"method", "status"}),
        ("oidc.token.latency_ms", Kind.HISTOGRAM, "ms", {"grant_type", "result"}),
        ("authz.check.duration", Kind.HISTOGRAM, "ms", {"resource", "action", "result"}),
        ("authz.decision.count", Kind.COUNTER, "count", {"result", "source"}),
        (
            "pipeline.exec.duration",
            Kind.HISTOGRAM,
            "ms",
            {"pipeline_id", "status", "trigger_event"},
        ),
        ("lua.pool.active", Kind.GAUGE, "engines", set()),
        ("lua.pool.exhausted", Kind.COUNTER, "count", set()),
        ("webhook.delivery.duration_ms", Kind.HISTOGRAM, "ms", {"status", "response_code"}),
        ("jwks.active_key.age_ms", Kind.GAUGE, "ms", set()),
        ("apikey.groups.count", Kind.HISTOGRAM, "groups", set()),
        ("apikey.resolve.duration", Kind.HISTOGRAM, "ms", {"key_group"}),
        ("redis.idempotency.hit", Kind.COUNTER, "count", set()),
        (
            "http.response.size_bytes",
            Kind.HISTOGRAM,
            "bytes",
            {"route_id", "method", "status_class"},
        ),
    ],
)
def test_declared_kind_unit_and_tags(name: str, kind: Kind, unit: str, tags: set[str]) -> None:
    declaration = declared(name)
    assert (declaration.kind, set(declaration.tags)) == (kind, tags)
    assert list(declaration.measurements.values()) == [unit]


def test_the_other_spelling_of_the_request_duration() -> None:
    assert declared("http.request.duration") is declared("http.request.duration_ms")


@pytest.mark.requirement("IDENT-07")
def test_personal_tags_are_neither_declared_nor_let_through() -> None:
    for name in ("identity", "user", "default"):
        assert namespace(name).deny >= PERSONAL
    for one, event in CATALOGUE.declarations:
        assert not event.tags & namespace("default").deny, (one.name, event.name)


@pytest.mark.requirement("IDENT-08")
def test_standard_tags_are_in_use() -> None:
    used = {tag for event in namespace("identity").events.values() for tag in event.tags}
    assert used >= {"route_id", "method", "status_class", "result", "trigger_event"}


@pytest.mark.requirement("IDENT-09")
def test_a_metric_of_the_platform_has_no_detail_about_an_actor() -> None:
    identity = namespace("identity")
    assert not any(event.attributes for event in identity_metrics())
    assert {"user", "session"} <= identity.personal


def test_the_domain_events_name_their_thing_and_nobody() -> None:
    identity = namespace("identity")
    domain = [event for name, event in identity.events.items() if name.startswith("identity.")]
    assert len(domain) == 31
    things = {event.name.split(".")[1] for event in domain}
    lasting = {"key", "webhook", "webhook_event", "delivery"}
    assert things - identity.personal == lasting | {"run", "script", "decision"}
    for event in domain:
        assert (event.kind, event.status) == (Kind.EVENT, "live")
        assert event.attributes <= {"client", "expires_at", "webhook", "webhook_event"}
        assert re.fullmatch(r"identity\.[a-z_]+\.[a-z]+ed", event.name)


@pytest.mark.requirement("IDENT-02")
def test_what_users_define_begins_with_user() -> None:
    user = CATALOGUE.owner("acme", "user.invoice.processed_count")
    assert (user.name, user.undeclared) == ("user", Undeclared.OPEN)
    assert (user.tags, user.tag_value_length) == (10, 100)
    assert not any(name.startswith("user.") for name in namespace("identity").names)


@pytest.mark.requirement("LINK-01", "LINK-16")
@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("linkCreated", {"id", "url", "domain", "createdAt"}),
        ("linkProcessingStarted", {"linkId", "startedAt"}),
        ("linkProcessingCompleted", {"linkId", "completedAt"}),
        ("linkProcessingFailed", {"linkId", "error", "failedAt"}),
        ("linkMetadataFetched", {"title", "description", "favicon"}),
        ("linkSummarized", {"summary"}),
        ("linkInteracted", {"linkId", "type", "timestamp"}),
        ("linkCompleted", set()),
        ("linkUncompleted", set()),
        ("linkDeleted", set()),
        ("linkRestored", set()),
        ("metricsSnapshotRecorded", {"id", "timestamp"}),
    ],
)
def test_the_link_events(name: str, fields: set[str]) -> None:
    declaration = declared(name)
    assert fields | {"linkId"} == declaration.tags | declaration.attributes
    assert declaration.tags <= {"type"}
    assert re.fullmatch("[a-z]+([A-Z][a-z]+)+", name)
    assert len(namespace("links").events) == 12


def test_the_snapshot_measures_seven_totals() -> None:
    measurements = declared("metricsSnapshotRecorded").measurements
    assert set(measurements) == {
        "totalLinks",
        "completedLinks",
        "pendingProcessing",
        "failedProcessing",
        "avgProcessingTimeMs",
        "linksCreatedToday",
        "interactionsToday",
    }
    assert measurements["avgProcessingTimeMs"] == "ms"


@pytest.mark.requirement("WEBAPP-01", "WEBAPP-04", "WEBAPP-05")
def test_a_request_says_what_how_long_and_how_it_ended() -> None:
    request = declared("webapp.request")
    assert request.measurements == {"response_time_ms": "ms"}
    assert request.tags == {"endpoint", "method", "status_code", "error_type"}
    assert not {"user", "user_id"} & (request.tags | request.attributes)


@pytest.mark.requirement("WEBAPP-18")
def test_usage_types_are_an_enumeration() -> None:
    webapp = namespace("webapp")
    assert set(webapp.events) - {"webapp.request"} == {
        f"webapp.{name}" for name in ("page_view", "button_click", "form_submit", "feature_usage")
    }
    assert webapp.undeclared is Undeclared.CLOSED
    assert webapp.retention_class == "webapp"
    for name in set(webapp.events) - {"webapp.request"}:
        assert "page_name" in declared(name).tags
        assert "element_id" in declared(name).attributes


@pytest.mark.requirement("METRIC-08", "METRIC-09")
def test_any_other_metric_is_open_within_the_limits() -> None:
    for name in ("api.requests", "system.cpu_usage", "host.cpu.usage", "batch.metric.0"):
        owner, declaration = CATALOGUE.resolve("tenant-1", name)
        assert (owner.name, declaration) == ("default", None)
    default = namespace("default")
    assert (default.tags, default.tag_value_length, default.series_budget) == (20, 100, 100)
    assert (default.undeclared, default.scalars) == (Undeclared.OPEN, Scalars.REFUSE)


def test_the_pipelines_own_events() -> None:
    own = namespace("millrace")
    assert {name.removeprefix("millrace.") for name in own.events} == {
        "ingest.flush",
        "ingest.delivered",
        "ingest.stored",
        "ingest.duplicates",
        "ingest.rejected",
        "ingest.dropped_keys",
        "ingest.tag_overflows",
        "windows.too_late",
        "ingest.lag",
        "ingest.watermark",
        "ingest.delay",
        "ingest.retries",
        "ingest.pauses",
        "ingest.lost",
        "worker.memory",
        "worker.started",
        "worker.stopped",
        "reconcile.finished",
        "reconcile.difference",
        "store.parts",
        "store.table",
        "store.merges",
        "store.disk",
    }
    assert own.undeclared is Undeclared.CLOSED
