"""The demo tenant's people read from `roster.yaml`, checked, and shown to console's roster interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROSTER_FILE = Path(__file__).parent / "roster.yaml"
FREE_SEAT = "free"


@dataclass(frozen=True, slots=True)
class Seat:
    """One agent of the demo: who, where, and what they can."""

    user: str
    agent_id: str
    name: str
    team: str
    site: str
    profile: str
    skills: Mapping[str, int]
    free: bool  # kept for the person who signs in


@dataclass(frozen=True, slots=True)
class Roster:
    """Everything `roster.yaml` says."""

    tenant: str
    title: str
    country: str
    time_zone: str
    pool: str
    sites: Sequence[Mapping[str, Any]]
    teams: Sequence[Mapping[str, Any]]
    skills: Sequence[Mapping[str, Any]]
    profiles: Mapping[str, Mapping[str, int]]
    seats: Sequence[Seat]
    staff: Sequence[Mapping[str, Any]]


def load_roster(path: Path = ROSTER_FILE) -> Roster:
    """The roster of the demo tenant."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    tenant, profiles = document["tenant"], document["profiles"]
    seats = [
        Seat(
            user=agent["user"],
            agent_id=f"a-{agent['user'].replace('.', '-')}",
            name=f"{agent['name_zh']} {agent['name_en']}",
            team=agent["team"],
            site=agent["site"],
            profile=agent["profile"],
            skills={**profiles[agent["profile"]], **agent["skills"]},
            free=agent.get("seat") == FREE_SEAT,
        )
        for agent in document["agents"]
    ]
    return Roster(
        tenant["id"], tenant["name"], tenant["country"], tenant["time_zone"], tenant["pool"],
        document["sites"], document["teams"], document["skills"], profiles, seats, document["staff"],
    )  # fmt: skip


def roster_items(roster: Roster, passwords: Mapping[str, str]) -> list[tuple[str, str, dict[str, Any]]]:
    """(kind, id, item) in the order console needs them: what an item names comes before it."""
    kinds = {"conduct": "manner"}
    items: list[tuple[str, str, dict[str, Any]]] = []
    for team in roster.teams:
        items.append(("teams", team["id"], {"team_id": team["id"], "name": f"{team['name_zh']} {team['name_en']}"}))
    for site in roster.sites:
        named = f"{site['name_zh']} {site['name_en']}"
        items.append(("sites", site["id"], {"site_id": site["id"], "name": named, "district": site["district"]}))
    for skill in roster.skills:
        name = {"zh": skill["name_zh"], "en": skill["name_en"]}
        kind = kinds.get(skill["kind"], skill["kind"])
        items.append(("skills", skill["id"], {"skill": skill["id"], "name": name, "kind": kind}))
    for profile, levels in roster.profiles.items():
        held = [{"skill": skill, "level": level} for skill, level in levels.items()]
        items.append(("skill-profiles", profile, {"profile_id": profile, "name": profile, "skills": held}))
    for seat in roster.seats:
        held = [{"skill": skill, "level": level} for skill, level in seat.skills.items()]
        agent = {"agent_id": seat.agent_id, "display_name": seat.name, "pool": roster.pool, "teams": [seat.team],
                 "sites": [seat.site], "skills": held}  # fmt: skip
        user = {"user_id": f"u-{seat.user.replace('.', '-')}", "user": seat.user, "display_name": seat.name,
                "roles": ["agent"], "agent_id": seat.agent_id, "password": passwords[seat.user]}  # fmt: skip
        items.append(("agents", seat.agent_id, agent))
        items.append(("users", user["user_id"], user))
    for person in roster.staff:
        user = {"user_id": f"u-{person['user']}", "user": person["user"],
                "display_name": f"{person['name_zh']} {person['name_en']}", "roles": person["roles"],
                "password": passwords[person["user"]]}  # fmt: skip
        items.append(("users", user["user_id"], user))
    return items
