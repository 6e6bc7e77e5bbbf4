"""Of topic `routing-decisions`: who may take a contact as its wait grows, rest from wearing work, and the reserve kept for inbound.

Part of `shared.contracts.routing_decisions`, which names every decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.contracts.fields import Id, Microseconds, ShortText, SkillLevel


@dataclass(frozen=True, slots=True)
class LetIn:
    """Agents let in beside those who meet a requirement: of a team or site, or one of them, if they hold `skills`."""

    kind: Literal["team", "site", "agent"]
    id: Id
    skills: tuple[SkillLevel, ...] = ()


@dataclass(frozen=True, slots=True)
class RequirementStep:
    """Who may take a contact from `at` on: who meets `requirement`, or is let in beside them."""

    at: Microseconds
    requirement: tuple[SkillLevel, ...]
    let_in: tuple[LetIn, ...] = ()


@dataclass(frozen=True, slots=True)
class RelaxationReached:
    """Another step decides who may take the contact; its place is kept. `step` counts from 0, the group's own requirement.

    Reached in time, or ahead of it (`skipped`) while nobody staffed could ever match the narrower ones; when such an agent
    comes, back to the step whose time it is.
    """

    contact_id: Id
    step: int
    reached: int  # the last step whose time has come
    requirement: tuple[SkillLevel, ...]
    at: Microseconds
    let_in: tuple[LetIn, ...] = ()
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class ExposureWaitEnded:
    """A wearing contact waited so long that who rests may take it too; `resting` of those staffed for it rest or have one in
    hand."""

    contact_id: Id
    waited: Microseconds
    resting: int


@dataclass(frozen=True, slots=True)
class ExposureOverridden:
    """An agent who should rest is offered a wearing contact after all, and why. Amounts in severity-seconds."""

    contact_id: Id
    agent_id: Id
    offer_id: Id
    why: ShortText  # "service_level" (nobody fit in time) | "own_case" | "asked" (a person chose this agent)
    severity: int
    total: int
    cap: int
    rest_until: Microseconds | None = None  # None: has another wearing contact in hand


@dataclass(frozen=True, slots=True)
class ExposureCounted:
    """A wearing contact is over for this agent: seconds of talk, hold and wrap-up × severity were added."""

    agent_id: Id
    contact_id: Id
    amount: int  # severity-seconds
    total: int  # in the window, this one included
    at: Microseconds
    window_from: Microseconds  # what ended before counts no longer
    cap: int | None = None  # None: the policy no longer rotates such work


@dataclass(frozen=True, slots=True)
class AgentRested:
    """No wearing contact for this agent until then."""

    agent_id: Id
    until: Microseconds
    why: ShortText  # "cap" | "break"


@dataclass(frozen=True, slots=True)
class AgentRestEnded:
    agent_id: Id


@dataclass(frozen=True, slots=True)
class AgentPaused:
    """The pause between calls: no outbound work for this agent until then."""

    agent_id: Id
    until: Microseconds
    why: ShortText  # "pause" (the minimum) | "occupancy" (the ceiling asks for more)
    whole: bool = False  # no inbound work either


@dataclass(frozen=True, slots=True)
class ReserveChanged:
    """Outbound work is held back for inbound customers, or let go again, by the rolling service level."""

    pool: Id
    held: bool
    at: Microseconds
    service_level: int | None  # percent of the window; None: too few contacts to say
    sample: int
    target: int  # percent that had to be met
