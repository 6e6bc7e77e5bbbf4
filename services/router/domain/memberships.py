"""What can be asked of an agent besides skills: to be of a team or site, to be a certain person, to be fit for wearing work.

Each is written as a skill whose name has a colon, which no skill of a policy can have. So one kind of lane, one predicate
and one index serve them all, and letting a team in costs no more than lowering a level.
"""

from __future__ import annotations

from shared.contracts.fairness_decisions import LetIn
from shared.contracts.fields import SkillLevel

Way = tuple[SkillLevel, ...]
"""One way to qualify for a contact: everything in it is asked for."""

AGENT = "agent:"
FIT = SkillLevel("fit:wearing")
"""Asked by a wearing contact: neither resting from such work nor with some of it in hand."""
OUTBOUND = SkillLevel("work:outbound")
"""Asked by outbound work. Everybody has it: it only keeps such work in lanes of its own, which the reserve can close."""


def of_agent(agent_id: str) -> SkillLevel:
    return SkillLevel(AGENT + agent_id)


def of_site(site: str) -> SkillLevel:
    return SkillLevel(f"site:{site}")


def way_of(let_in: LetIn) -> Way:
    """What an agent who is let in must hold."""
    return (SkillLevel(f"{let_in.kind}:{let_in.id}"), *let_in.skills)
