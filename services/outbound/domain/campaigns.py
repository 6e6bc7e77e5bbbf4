"""A campaign: what is dialled for which purpose, how, and which of its states follows which.

| from | run | pause | stop | make ready | exhausted |
|---|---|---|---|---|---|
| draft | – | – | stopped | ready | – |
| ready | running | – | stopped | – | – |
| running | – | paused | stopped | – | finished |
| paused | running | – | stopped | – | – |
| finished | running (records were added) | – | stopped | – | – |
| stopped | – | – | – | – | – |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class DialMode(StrEnum):
    """How a campaign dials."""

    PREVIEW = "preview"  # an agent sees the record first, and dials or skips it
    PROGRESSIVE = "progressive"  # one dial per free agent
    POWER = "power"  # a fixed ratio
    PREDICTIVE = "predictive"  # so many that answers meet agents who become free
    AGENTLESS = "agentless"  # a dialogue speaks
    CALLBACK = "callback"  # at a chosen time, by one agent or by anyone

    @property
    def agent_first(self) -> bool:
        """Whether an agent has the record before the number is dialled."""
        return self in (DialMode.PREVIEW, DialMode.CALLBACK)

    @property
    def paced(self) -> bool:
        """Whether a pacer decides how many are dialled against the agents there are."""
        return self in (DialMode.PROGRESSIVE, DialMode.POWER, DialMode.PREDICTIVE)

    @property
    def guarantees_agent(self) -> bool:
        """Whether whoever answers is sure to find an agent."""
        return self.agent_first


class CampaignState(StrEnum):
    DRAFT = "draft"
    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"


class Move(StrEnum):
    """What may be asked of a campaign, and `exhaust`, which happens to it."""

    MAKE_READY = "ready"
    RUN = "run"
    PAUSE = "pause"
    STOP = "stop"
    EXHAUST = "exhaust"


CAMPAIGN_TRANSITIONS: Mapping[tuple[CampaignState, Move], CampaignState] = {
    (CampaignState.DRAFT, Move.MAKE_READY): CampaignState.READY,
    (CampaignState.DRAFT, Move.STOP): CampaignState.STOPPED,
    (CampaignState.READY, Move.RUN): CampaignState.RUNNING,
    (CampaignState.READY, Move.STOP): CampaignState.STOPPED,
    (CampaignState.RUNNING, Move.PAUSE): CampaignState.PAUSED,
    (CampaignState.RUNNING, Move.STOP): CampaignState.STOPPED,
    (CampaignState.RUNNING, Move.EXHAUST): CampaignState.FINISHED,
    (CampaignState.PAUSED, Move.RUN): CampaignState.RUNNING,
    (CampaignState.PAUSED, Move.STOP): CampaignState.STOPPED,
    (CampaignState.FINISHED, Move.RUN): CampaignState.RUNNING,
    (CampaignState.FINISHED, Move.STOP): CampaignState.STOPPED,
}


def after(state: CampaignState, step: Move) -> CampaignState | None:
    """The state that follows, or None where the step is not possible."""
    return CAMPAIGN_TRANSITIONS.get((state, step))


@dataclass(frozen=True, slots=True)
class Choices:
    """What a manager chose beyond what, for whom and how. Every default is a careful one."""

    entry: str | None = None  # agentless: the dialogue's entry
    language: str | None = None
    trunk: str | None = None  # whose calls per second and channels bind; None: the gateway's first
    caller_pool: str | None = None  # caller IDs rotated through
    ring_seconds: int = 25
    valid_seconds: int = 5  # an authorised call that is not begun within this is not made
    connect_milliseconds: int = 2_000
    announcement: str | None = None  # what an abandoned person hears
    announcement_audio: str | None = None
    refusal_key: str = "9"
    detect_machine: bool = False
    machine_audit_share: float = 0.05  # of calls taken for machines, those an agent has all the same, to say who it was
    ratio: float = 1.5  # power: dials per free agent
    abandonment_limit: float = 0.03  # never above what the rules allow; a campaign may want less
    agent_pause_seconds: float = 5.0  # between two calls of an agent
    occupancy_ceiling: float | None = 0.88  # None: none
    max_attempts: int = 6
    max_contacts: int = 4  # conversations per record
    recycling: Mapping[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])
    preview_seconds: int | None = None  # preview: dialled by itself after so long
    weight: float = 1.0  # of the campaign among those that share agents
    complete_by: int | None = None  # µs
    calendar: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict[str, Sequence[Sequence[str]]])
    """Weekday → intervals of the callee's wall time; empty: what the rules allow."""
    days_off: tuple[str, ...] = ()  # days of the callee on which nobody is called, "2026-12-25"
    caps: Mapping[str, int] = field(default_factory=dict[str, int])  # per person: "24h", "7d", "30d"
    script: Mapping[str, str] = field(default_factory=dict[str, str])  # language → what the agent reads
    dispositions: tuple[str, ...] = ()  # codes an agent may choose; none: all
    successes: tuple[str, ...] = ()  # those of them that are a success: an order is learned from these


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as the engine and the gate see it."""

    tenant: str
    campaign_id: str
    title: str
    mode: DialMode
    purpose: str
    subject: str
    state: CampaignState
    pool: str
    group: str
    business_line: str
    gateway_id: str
    rulesets: tuple[str, ...]
    choices: Choices
    version: int
    created_at: int
    changed_at: int
