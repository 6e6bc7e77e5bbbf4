"""The roster a policy is checked against: a file, or what the running console says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import httpx
import yaml

from deploy.clients.administration import Administration, ServiceRefused

if TYPE_CHECKING:  # other commands start sooner without the router
    from services.router.policy.editing.staff import Colleague


def staff_of_file(path: Path) -> Sequence[Colleague]:
    """Agents of a YAML or JSON file: `agents: [{agent_id, skills, teams, sites}]`, or as the demo's roster writes them.

    Skills are a list of {skill, level} or a mapping; `profile` names one under `profiles`. Raises ValueError.
    """
    from services.router.policy.editing.staff import staff_from

    document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    if isinstance(document, list):
        document = {"agents": document}
    if not isinstance(document, dict) or not isinstance(cast("dict[str, Any]", document).get("agents"), list):
        raise ValueError(f"{path} names no agents")
    written = cast("dict[str, Any]", document)
    profiles: Mapping[str, Mapping[str, int]] = written.get("profiles") or {}
    return staff_from(_row(agent, profiles) for agent in written["agents"])


def _row(agent: Mapping[str, Any], profiles: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    skills: Any = agent.get("skills") or {}
    held: dict[str, int] = dict(profiles.get(agent.get("profile", ""), {}))
    held |= {each["skill"]: each["level"] for each in skills} if isinstance(skills, list) else skills
    return {
        "agent_id": agent.get("agent_id") or agent.get("user"),
        "name_zh": agent.get("name_zh") or agent.get("display_name"),
        "skills": [{"skill": skill, "level": level} for skill, level in held.items()],
        "teams": agent.get("teams") or ([agent["team"]] if "team" in agent else []),
        "sites": agent.get("sites") or ([agent["site"]] if "site" in agent else []),
    }


def staff_of_console(services: Administration) -> Sequence[Colleague] | None:
    """The tenant's agents, or None where no console answers."""
    from services.router.policy.editing.staff import staff_from

    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    try:
        while True:
            more = {} if cursor is None else {"cursor": cursor}
            page = services.call("GET", "console", "/api/roster/agents", params={"limit": 200, **more})
            rows += page["items"]
            cursor = page["next"]
            if cursor is None:
                return staff_from(rows)
    except (httpx.TransportError, ServiceRefused):
        return None
