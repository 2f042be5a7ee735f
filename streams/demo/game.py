"""A simulated online game server: logins, fights and quests, busiest in the evening."""

from __future__ import annotations

from millrace.streams.demo.moment import Document, Moment

_EVENING = 20.0
_ZONES = 12
_ACCOUNTS = 4_000


def event(moment: Moment) -> Document:
    """Return one event of the game; it has no id and no time yet."""
    random = moment.random
    chance = random.random()
    zone = {"zone_id": str(1 + int(random.random() ** 2 * _ZONES)), "world_id": "1"}
    account = str(int(random.random() ** 2 * _ACCOUNTS))
    who = {"account_id": account, "character_id": f"{account}-{random.randrange(3)}"}
    document: Document = {"source": "service:worldserver", "actor": f"account-{account}"}
    if chance < 0.45:
        return document | {
            "name": "bezgelor.combat.damage",
            "kind": "counter",
            "measurements": {"damage_amount": float(random.randrange(20, 900))},
            "tags": zone,
            "attributes": who | {"spell_id": str(random.randrange(400))},
        }
    if chance < 0.65:
        return document | {
            "name": "bezgelor.creature.killed",
            "kind": "counter",
            "measurements": {"xp_reward": float(random.randrange(50, 600))},
            "tags": zone,
            "attributes": who | {"creature_id": str(random.randrange(900))},
        }
    if chance < 0.83:
        outcome = random.choice(("accepted", "accepted", "completed", "completed", "abandoned"))
        return document | {
            "name": f"bezgelor.quest.{outcome}",
            "tags": zone,
            "attributes": who | {"quest_id": str(random.randrange(300))},
        }
    return document | _arrival(moment, zone, who)


def _arrival(moment: Moment, zone: dict[str, str], who: dict[str, str]) -> Document:
    random = moment.random
    chance = random.random()
    if chance < 0.5:
        success = random.random() < 0.94
        return {
            "name": "bezgelor.auth.login_complete",
            "kind": "histogram",
            "measurements": {"duration_ms": moment.millis(120 + 120 * moment.busy(_EVENING))},
            "tags": {"success": "true" if success else "false"},
            # The host is not on the allow list: it is dropped and counted.
            "attributes": {"account_id": who["account_id"], "client_host": "203.0.113.7"},
        }
    if chance < 0.75:
        return {"name": "bezgelor.realm.session_start", "tags": {"world_id": "1"}}
    return {"name": "bezgelor.world.player_entered", "tags": zone, "attributes": who}


def gauges(moment: Moment) -> list[Document]:
    """Return how full the world is now."""
    busy = moment.busy(_EVENING)
    jitter = moment.random.uniform(0.98, 1.02)
    readings = (
        ("players", "online", 2_400 * busy * jitter),
        ("creatures", "spawned", 18_000 + 6_000 * busy * jitter),
        ("zones", "active", 4 + 8 * busy),
    )
    return [
        {
            "name": f"bezgelor.server.{name}",
            "kind": "gauge",
            "measurements": {measurement: float(round(value))},
            "source": "service:worldserver",
        }
        for name, measurement, value in readings
    ]
