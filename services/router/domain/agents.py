"""A signed-in agent: what they say (presence), what the system knows (work), and what they can carry.

An agent who signs out leaves the state. Records change in one place only (`services.router.domain.evolve`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from services.router.domain.policy import Capacity, WrapUpMode
from shared.contracts.contact_events import Presence
from shared.contracts.fields import Channel, HeldSkill, SkillLevel
from shared.contracts.routing_decisions import WorkState


@dataclass(frozen=True, slots=True)
class WrapUp:
    """After-call work of one interaction. `until` is None where it lasts until the agent is done."""

    interaction_id: str
    contact_id: str
    channel: Channel
    group: str
    mode: WrapUpMode
    until: int | None
    extensions_left: int
    default_disposition: str
    disposition: str | None = None  # written early in a wrap-up without early exit
    reason: str | None = None

    @property
    def holds(self) -> bool:
        """Whether it takes capacity; an optional one does not."""
        return self.mode is not WrapUpMode.OPTIONAL


@dataclass(slots=True)
class Agent:
    agent_id: str
    session_id: str
    presence: Presence = Presence.NOT_READY
    presence_since: int = 0
    presence_reason: str | None = None
    pending_presence: Presence | None = None  # chosen while handling; applies afterwards
    pending_reason: str | None = None
    page_lost: bool = False
    phone_lost: bool = False
    skills: dict[str, HeldSkill] = field(default_factory=dict[str, HeldSkill])
    own_capacity: dict[Channel, int] = field(default_factory=dict[Channel, int])  # overrides the policy's maxima
    teams: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    offered: dict[str, Channel] = field(default_factory=dict[str, Channel])  # contact → channel
    handling: dict[str, Channel] = field(default_factory=dict[str, Channel])  # contact → channel
    wrapping: dict[str, WrapUp] = field(default_factory=dict[str, WrapUp])  # interaction → wrap-up
    work_state: WorkState = WorkState.IDLE
    work_since: int = 0
    idle_since: int = 0  # since when nothing was given to or finished by the agent
    handled: int = 0  # interactions since signing in
    missed_in_a_row: int = 0
    busy: int = 0  # µs with work since signing in
    staffed: int = 0  # µs with work or available since signing in
    accrued_at: int = 0  # up to when `busy` and `staffed` are counted
    consulting: dict[str, Channel] = field(default_factory=dict[str, Channel])  # a colleague's contact → channel

    def copy(self) -> Agent:
        """An independent record with the same facts."""
        twin = Agent(*_FIELDS(self))
        twin.offered = dict(self.offered)
        twin.handling = dict(self.handling)
        twin.wrapping = dict(self.wrapping)
        twin.consulting = dict(self.consulting)
        return twin

    @property
    def reachable(self) -> bool:
        return not (self.page_lost or self.phone_lost)

    @property
    def takes_offers(self) -> bool:
        """Presence and endpoint allow offers; a pending break or sign-out stops them already."""
        return (
            self.presence is Presence.AVAILABLE
            and self.pending_presence in (None, Presence.AVAILABLE)
            and self.reachable
        )

    @property
    def is_occupied(self) -> bool:
        """A conversation or a wrap-up that holds capacity is going on: a chosen presence must wait."""
        return self.is_talking or any(wrap.holds for wrap in self.wrapping.values())

    @property
    def is_talking(self) -> bool:
        """With a customer, or with a colleague who asks about one."""
        return bool(self.handling or self.consulting)

    @property
    def occupancy(self) -> int:
        """Working ÷ (working + available) since signing in, in 1/10,000, as of the last change."""
        return self.busy * 10_000 // self.staffed if self.staffed else 0

    @property
    def next_skill_expiry(self) -> int | None:
        """When the first of the agent's skills expires, µs."""
        return min((held.expires_at for held in self.skills.values() if held.expires_at is not None), default=None)

    def present_work(self) -> WorkState:
        """What the work at hand amounts to."""
        if self.is_talking:
            return WorkState.HANDLING
        if self.offered:
            return WorkState.OFFERED
        if any(wrap.holds for wrap in self.wrapping.values()):
            return WorkState.WRAPPING
        return WorkState.IDLE

    def refresh_work(self, now: int) -> None:
        """Write down the work state after a change of what is at hand."""
        present = self.present_work()
        if present is not self.work_state:
            self.work_state = present
            self.work_since = now

    def loads(self) -> dict[Channel, int]:
        """Contacts offered, handled, consulted about and wrapped up, per channel (channels with none left out)."""
        counts: dict[Channel, int] = {}
        for channel in self.offered.values():
            counts[channel] = counts.get(channel, 0) + 1
        for channel in self.handling.values():
            counts[channel] = counts.get(channel, 0) + 1
        for channel in self.consulting.values():
            counts[channel] = counts.get(channel, 0) + 1
        for wrap in self.wrapping.values():
            if wrap.holds:
                counts[wrap.channel] = counts.get(wrap.channel, 0) + 1
        return counts

    def weighted_load(self, capacity: Capacity) -> int:
        return sum(count * capacity.channels[channel].weight for channel, count in self.loads().items())

    def maximum(self, channel: Channel, capacity: Capacity) -> int:
        """How many contacts of the channel at once: the agent's own number, else the policy's."""
        return self.own_capacity.get(channel, capacity.channels[channel].maximum)

    def maxima(self, capacity: Capacity) -> dict[Channel, int]:
        """`maximum` of every channel."""
        policys = {channel: limit.maximum for channel, limit in capacity.channels.items()}
        return (
            {channel: self.own_capacity.get(channel, n) for channel, n in policys.items()}
            if self.own_capacity
            else policys
        )

    def could_match(self, channel: Channel, needed: tuple[SkillLevel, ...], capacity: Capacity) -> bool:
        """Staffed for it: skills and channel fit, whatever the agent is doing just now."""
        if self.maximum(channel, capacity) < 1:
            return False
        for need in needed:
            held = self.skills.get(need.skill)
            if held is None or held.level < need.level:
                return False
        return True


_FIELDS: attrgetter[tuple[Any, ...]] = attrgetter(*Agent.__slots__)
