"""How full is the game's world, who comes in, and what do they do there?

Grafana has rows where the requirements say tabs: the first is open, and the panels of the others
are asked for once their row is opened. Its legends stand below a chart or beside it, never on top,
and it writes the time axis itself, by the range.
"""

from __future__ import annotations

from millrace.grafana import boards, navigation, panels, variables
from millrace.grafana.dashboards.game_panels import (
    NAME,
    added,
    counted,
    login_duration,
    login_outcome,
    sampled,
)
from millrace.grafana.foundation import dashboard
from millrace.grafana.layout import Line, Section, place
from millrace.grafana.sql_files import SHARED, sql

UID = "millrace-game"
SUBTITLE = "Historical telemetry data visualization"
REFRESH_NOTE = "Auto-refresh every 10s"
#: 16rem in lines of the grid.
_HEIGHT = 8
_HEADER = 2
#: The section Server of the administrators' menu, as far as Millrace holds it.
_ADMINISTRATION = (
    ("millrace-home", "Server Status", "Is everything all right?"),
    (UID, "Metrics", "Players, logins, quests and fights"),
    ("millrace-pipeline", "Logs", "What arrived, and what was refused and why"),
    ("millrace-tenants", "Server Settings", "Budgets and limits of each tenant"),
)
_OFFERED = ("now-1h", "now-6h", "now-24h", "now-7d", "now-30d")


def _server() -> Section:
    players = sampled(
        "players_online",
        "Players Online",
        "online",
        "players",
        "Players online: the mean of the samples, and the highest. Good: no sudden fall.",
    )
    creatures = sampled(
        "creatures_spawned",
        "Creatures Spawned",
        "spawned",
        "creatures",
        "Creatures alive: the mean of the samples, and the highest. Good: level.",
    )
    zones = sampled(
        "active_zones",
        "Active Zones",
        "active",
        "zones",
        "Zones running: the mean of the samples, and the highest. Good: follows the players.",
    )
    return Section(
        "Server",
        100,
        [Line(_HEIGHT, [(1, players), (2, creatures)]), Line(_HEIGHT, [(3, zones)])],
    )


def _auth() -> Section:
    rate = counted("login_rate", "Login Rate", "Logins ended in each bucket. Good: no spikes.")
    starts = counted(
        "session_starts", "Session Starts", "Sessions begun in each bucket. Good: follows logins."
    )
    return Section(
        "Auth",
        101,
        [
            Line(_HEIGHT, [(4, rate), (5, login_outcome())]),
            Line(_HEIGHT, [(6, starts), (13, login_duration())]),
        ],
        shut=True,
    )


def _gameplay() -> Section:
    entering = counted(
        "players_entering",
        "Players Entering World",
        "Players who entered the world in each bucket. Good: follows session starts.",
    )
    accepted = counted(
        "quests_accepted", "Quests Accepted", "Quests accepted in each bucket. Good: level."
    )
    completed = counted(
        "quests_completed",
        "Quests Completed",
        "Quests completed in each bucket. Good: most of those accepted.",
    )
    abandoned = counted(
        "quests_abandoned", "Quests Abandoned", "Quests given up in each bucket. Good: few."
    )
    return Section(
        "Gameplay",
        102,
        [
            Line(_HEIGHT, [(7, entering), (8, accepted)]),
            Line(_HEIGHT, [(9, completed), (14, abandoned)]),
        ],
        shut=True,
    )


def _combat() -> Section:
    killed = counted(
        "creatures_killed", "Creatures Killed", "Creatures killed in each bucket. Good: level."
    )
    experience = added(
        "xp_awarded",
        "XP Awarded",
        "xp_reward",
        "XP",
        "Experience awarded for kills in each bucket. Good: follows the kills.",
    )
    damage = added(
        "damage_dealt",
        "Damage Dealt",
        "damage_amount",
        "damage points",
        "Damage dealt in each bucket. Good: no outliers.",
    )
    return Section(
        "Combat",
        103,
        [Line(_HEIGHT, [(10, killed), (11, experience)]), Line(_HEIGHT, [(12, damage)])],
        shut=True,
    )


def build() -> dashboard.Dashboard:
    """Put the dashboard together."""
    board = (
        boards.start(
            UID,
            "Metrics Dashboard",
            f"{SUBTITLE}. {REFRESH_NOTE}.",
            tags=["server"],
            since="now-1h",
            refresh="10s",
            ranges=[offered for offered in boards.RANGES if offered[1] in _OFFERED],
        )
        .with_variable(variables.tenant(sql(SHARED, "variable_tenant")))
        .annotation(navigation.incomplete(NAME))
    )
    for uid, title, tooltip in _ADMINISTRATION:
        board.link(navigation.to(uid, title, tooltip))
    header = panels.default_text(f"{SUBTITLE} · {REFRESH_NOTE}").transparent(True)
    board.with_panel(header.id(15).grid_pos(dashboard.GridPos(h=_HEADER, w=24, x=0, y=0)))
    place(board, [_server(), _auth(), _gameplay(), _combat()], top=_HEADER)
    return board.build()
