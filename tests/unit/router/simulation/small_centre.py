"""One group, one skill, phones only: the centre most simulator tests speak of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.router.simulation.kernel import Kernel
from shared.contracts.contact_events import AgentSignedIn, ContactArrived, Presence
from shared.contracts.fields import SECOND, Channel, HeldSkill


def policy(groups: Mapping[str, Sequence[str]] | None = None, **of_every_group: Any) -> dict[str, Any]:
    """Groups → the skills they ask for; answered at once, nothing written up, unless `of_every_group` says so."""
    asked = {"calls": ["calls"]} if groups is None else groups
    skills = sorted({skill for needed in asked.values() for skill in needed})
    first = next(iter(asked))
    return {
        "enrichment_wait_ms": 0,
        "business_lines": {"line": {"name": "line", "default_group": first}},
        "skills": {skill: {"name": skill} for skill in skills},
        "tiers": {"gold": {"name": "gold", "head_start_seconds": 60}},
        "dispositions": {"done": {"name": "done"}},
        "capacity": {"phone": {"maximum": 1, "weight": 100}, "max_load": 100},
        "groups": {
            group: {
                "name": group,
                "business_line": "line",
                "skills": [{"skill": skill, "level": 1} for skill in needed],
                "targets": {"phone": 20},
                "offer_timeout_seconds": {"phone": 20},
                "default_disposition": "done",
                **of_every_group,
            }
            for group, needed in asked.items()
        },
    }


def sign_in(kernel: Kernel, agent_id: str, skills: Iterable[str] = ("calls",), at: int = 0) -> None:
    held = tuple(HeldSkill(skill, 5) for skill in skills)
    kernel.schedule(at, AgentSignedIn(agent_id, "s", held, presence=Presence.AVAILABLE))


def arrive(kernel: Kernel, contact_id: str, at_seconds: float, group: str | None = None) -> None:
    at = int(at_seconds * SECOND)
    kernel.schedule(at, ContactArrived(contact_id, Channel.PHONE, "line", at, group=group))
