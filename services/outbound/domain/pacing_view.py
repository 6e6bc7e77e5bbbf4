"""What the pacer is shown and what it answers: one pool of agents, the campaigns that share it, a number of dials with reasons.

A **cell** is a set of records that the same agents may serve ("zh", "en", "campaign-7/debt"); an agent names the cells she may
serve. Campaigns without skills have one cell. All times are µs since the epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property


class PacingMode(StrEnum):
    """How a campaign dials; modes that need no agents (agentless) are not paced."""

    PREVIEW = "preview"
    PROGRESSIVE = "progressive"
    POWER = "power"
    PREDICTIVE = "predictive"


class AgentMoment(StrEnum):
    """What an agent is doing, as far as pacing cares."""

    IDLE = "idle"
    OFFERED = "offered"
    HANDLING = "handling"
    WRAPPING = "wrapping"
    RESERVED = "reserved"  # kept for inbound work: not counted


@dataclass(frozen=True, slots=True)
class PacedAgent:
    """One signed-in, available agent; `campaign` is whose contact she handles or wraps up ("" = inbound).

    `rested_at` when an idle agent's pause between calls is (or was) over, where the router says so.
    """

    agent_id: str
    state: AgentMoment
    since: int
    cells: frozenset[str]
    campaign: str = ""
    rested_at: int | None = None


@dataclass(frozen=True, slots=True)
class PacedCell:
    """The records of one campaign that the same agents may serve.

    `dials` when each dial in flight (placed, not answered, not ended) was placed; `waiting` persons on the line without an agent;
    `records` how many could be dialled now.
    """

    cell: str
    dials: Collection[int] = ()
    waiting: int = 0
    records: int = 1_000_000


@dataclass(frozen=True, slots=True)
class AbandonmentBudget:
    """What the abandonment ledger counts: persons who answered, and those of them abandoned, in 30 days and in 24 hours."""

    answered_30d: int = 0
    abandoned_30d: int = 0
    answered_24h: int = 0
    abandoned_24h: int = 0
    limit: float = 0.03


@dataclass(frozen=True, slots=True)
class PacedCampaign:
    """A running campaign. Higher `priority` dials first; within one priority shares follow `weight`."""

    campaign_id: str
    mode: PacingMode
    cells: Sequence[PacedCell]
    budget: AbandonmentBudget = AbandonmentBudget()
    ratio: float = 1.0
    priority: int = 0
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class PacingView:
    """One pool at one moment."""

    agents: Sequence[PacedAgent]
    campaigns: Sequence[PacedCampaign]


class PacingReason(StrEnum):
    """Why a campaign dials as many as it does, and not one more."""

    TOLERANCE = "tolerance"  # one more would meet no agent with more than the tolerated probability
    PROGRESSIVE = "progressive"  # one dial for each free agent
    RATIO = "ratio"  # the fixed ratio is reached
    LEARNING = "learning"  # too little is known yet: toward progressive
    FEW_AGENTS = "few_agents"  # a small cell: toward progressive
    BUDGET_LOW = "budget_low"  # little is left of the abandonment budget
    BUDGET_SPENT = "budget_spent"  # nothing is left: progressive until it recovers
    NO_AGENT = "no_agent"
    NO_RECORDS = "no_records"
    RESTING = "resting"  # free agents are in their pause between calls
    INBOUND_RESERVE = "inbound_reserve"
    INBOUND_LEVEL = "inbound_level"  # inbound is answered too late: all agents are kept for it


@dataclass(frozen=True, slots=True)
class PacingFact:
    """One reason with the numbers it rests on, for the page."""

    code: PacingReason
    numbers: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True)
class CampaignPacing:
    """How many records of each cell to dial now, and why not more.

    `tolerance` τ; `risk` probability that the next person to answer would find no agent; `supply` and `demand` expected agents
    and answering persons at that moment (S and D); `answer_rate` as estimated.
    """

    campaign_id: str
    dial: Mapping[str, int]
    tolerance: float
    risk: float
    supply: float
    demand: float
    answer_rate: float
    reasons: tuple[PacingFact, ...]

    @property
    def total(self) -> int:
        return sum(self.dial.values())


class PacingDecision:
    """How many records of each cell of each campaign to dial now, and on request why.

    `dials` campaign → cell → number (campaigns with none are left out); `rest_seconds` the pause between calls now in force;
    `campaigns` one entry for each campaign of the view, in its order, worked out when first read.
    """

    def __init__(
        self, dials: Mapping[str, Mapping[str, int]], rest_seconds: float, explain: Callable[[], tuple[CampaignPacing, ...]]
    ) -> None:  # fmt: skip
        self.dials, self.rest_seconds, self._explain = dials, rest_seconds, explain

    @cached_property
    def campaigns(self) -> tuple[CampaignPacing, ...]:
        """The figures and reasons, for the page."""
        return self._explain()

    def of(self, campaign_id: str) -> CampaignPacing:
        """One campaign's; KeyError when the view did not hold it."""
        for campaign in self.campaigns:
            if campaign.campaign_id == campaign_id:
                return campaign
        raise KeyError(campaign_id)
