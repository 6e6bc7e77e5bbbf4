"""A signed-in agent: what they say (presence), what the system knows (work), and what they can carry.

An agent who signs out leaves the state. Records change in one place only (`services.router.domain.evolve.dispatch`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from services.router.domain.memberships import AGENT, FIT, OUTBOUND
from services.router.domain.policy.model import Capacity, WrapUpMode
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


@dataclass(frozen=True, slots=True)
class Wearing:
    """A wearing contact an agent was offered or has. `since` is None until they talk."""

    severity: int
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Worn:
    """What an agent who signed out was exposed to: signing in again makes nobody fresh."""

    exposure: tuple[tuple[int, int], ...]
    rest_until: int | None = None
    rest_why: str | None = None

    def is_forgotten(self, horizon: int) -> bool:
        """Whether nothing of it is later than `horizon`, µs."""
        return max((self.rest_until or 0, *(over_at for over_at, _ in self.exposure))) <= horizon


@dataclass(frozen=True, slots=True)
class CallPause:
    """An agent's latest pause between calls, with what the next one is reckoned from (times in µs)."""

    since: int
    until: int
    busy: int  # the agent's `busy` at `since`
    handled: int  # the agent's `handled` at `since`
    whole: bool = False  # from all work, not only from outbound
    over: bool = False


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
    wearing: dict[str, Wearing] = field(default_factory=dict[str, Wearing])  # wearing contacts in hand, by contact
    exposure: tuple[tuple[int, int], ...] = ()  # what such work added: (over at µs, severity-seconds), oldest first
    rest_until: int | None = None  # no wearing contact until then
    rest_why: str | None = None
    parked: dict[str, Channel] = field(default_factory=dict[str, Channel])  # own chats that wait for their customer
    pause: CallPause | None = None  # the latest, where the policy asks for pauses between calls

    def copy(self) -> Agent:
        """An independent record with the same facts."""
        twin = Agent(*_FIELDS(self))
        twin.offered = dict(self.offered)
        twin.handling = dict(self.handling)
        twin.wrapping = dict(self.wrapping)
        twin.consulting = dict(self.consulting)
        twin.wearing = dict(self.wearing)
        twin.parked = dict(self.parked)
        return twin

    @property
    def reachable(self) -> bool:
        return not (self.page_lost or self.phone_lost)

    @property
    def takes_offers(self) -> bool:
        """There, and not in a pause from all work."""
        return self.is_there and not (self.is_paused and self.pause is not None and self.pause.whole)

    @property
    def is_there(self) -> bool:
        """Presence and endpoint allow offers; a pending break or sign-out stops them already."""
        return (
            self.presence is Presence.AVAILABLE
            and self.pending_presence in (None, Presence.AVAILABLE)
            and self.reachable
        )

    @property
    def is_paused(self) -> bool:
        """In the pause between calls: until its timer is heard, so that no moment changes who is eligible by itself."""
        return self.pause is not None and not self.pause.over

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
        if self.wearing:
            self._forget_unworn()
        present = self.present_work()
        if present is not self.work_state:
            self.work_state = present
            self.work_since = now

    def _forget_unworn(self) -> None:
        """An offer that came to nothing, or a connection that failed, wore nobody."""
        for contact_id in [c for c, w in self.wearing.items() if w.since is None and not self.has_in_hand(c)]:
            del self.wearing[contact_id]

    def has_in_hand(self, contact_id: str) -> bool:
        """Whether the contact occupies the agent: offered, talked, consulted about, or wrapped up."""
        if contact_id in self.offered or contact_id in self.handling or contact_id in self.consulting:
            return True
        return any(wrap.holds and wrap.contact_id == contact_id for wrap in self.wrapping.values())

    def exposed_since(self, horizon: int) -> int:
        """Severity-seconds of wearing work that was over after `horizon`, µs."""
        return sum(amount for over_at, amount in self.exposure if over_at > horizon)

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
            if held is None:
                if not self.is_member(need.skill):
                    return False
            elif held.level < need.level:
                return False
        return True

    @property
    def is_fit(self) -> bool:
        """Whether a wearing contact may be offered: no other one in hand, and no rest from them going on."""
        return not self.wearing and self.rest_until is None

    def memberships(self) -> tuple[str, ...]:
        """What the agent is besides skilled (see `memberships`)."""
        teams = (f"team:{team}" for team in self.teams)
        sites = (f"site:{site}" for site in self.sites)
        fit = (FIT.skill,) if self.is_fit else ()
        return (AGENT + self.agent_id, OUTBOUND.skill, *teams, *sites, *fit)

    def is_member(self, name: str) -> bool:
        """Whether `name` is one of the memberships."""
        kind, colon, which = name.partition(":")
        if not colon:
            return False
        match kind:
            case "team":
                return which in self.teams
            case "site":
                return which in self.sites
            case "agent":
                return which == self.agent_id
            case _:
                return name == OUTBOUND.skill or (name == FIT.skill and self.is_fit)


_FIELDS: attrgetter[tuple[Any, ...]] = attrgetter(*Agent.__slots__)
