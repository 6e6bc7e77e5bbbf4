"""Place and honest estimate: who waits in a group in which order, and how long the last ones waited. A read model.

Who stands on a later step of relaxation is quoted what it took those who had come to that step, from there on; where too
few of them were answered lately, what holds for the group (`recent_waits`).

What somebody who came now could expect depends on whether others wait already: most who come to an empty queue are answered
at once. So the waits of those who came alike are read, and of all only where too few of those were seen.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.hours import ALWAYS_OPEN
from services.router.domain.recent_waits import (
    ENOUGH,
    FIRST_READ,
    HALF,
    MISJUDGED,
    NINE_IN_TEN,
    SLACK,
    RecentWaits,
    quantile,
)
from services.router.domain.state import PoolState
from shared.contracts.fields import SECOND, Channel
from shared.contracts.routing_decisions import ContactAssigned, RoutingDecision

WAITS = (ContactPhase.QUEUED, ContactPhase.OFFERED)
ASKED = (ContactPhase.OFFERED, ContactPhase.CONNECTING)
"""Out of the queue, and served next."""

GroupOfChannel = tuple[str, Channel]
OrderKey = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """`waiting` counts the contact itself; the rest of the wait in whole seconds, None: unknown."""

    group: str
    position: int
    waiting: int
    p50_seconds: int | None
    p90_seconds: int | None


@dataclass(frozen=True, slots=True)
class Prospect:
    """What lies before somebody who came to a group by a channel just now. `waiting` counts those already there.

    None: unknown; so it is where too few came lately, where the group is closed, and where those who wait prove it wrong.
    """

    group: str
    channel: Channel
    waiting: int
    p50_seconds: int | None
    p90_seconds: int | None


@dataclass(slots=True)
class _Lately:
    waiting: list[OrderKey] = field(default_factory=list[OrderKey])  # in contact order (rule 2)
    answered: RecentWaits = field(default_factory=RecentWaits)  # all of the group and channel
    came: dict[bool, RecentWaits] = field(  # of those seen to come: behind others, and to an empty queue
        default_factory=lambda: {behind: RecentWaits() for behind in (False, True)}
    )
    steps: dict[int, RecentWaits] = field(default_factory=dict[int, RecentWaits])  # from coming to this step on

    def of_step(self, step: int) -> RecentWaits:
        """Of those who came to a step after the first; read at the beginning as the group is."""
        if step not in self.steps:
            self.steps[step] = RecentWaits(read=dict(self.answered.read))
        return self.steps[step]

    def quoted_to_newcomer(self, now: int, longest: int) -> tuple[int | None, int | None]:
        """(P50, P90) of one who comes at `now`, µs: as it went for those who came behind others, or to an empty queue, like them.

        Unknown while somebody has waited `longest`, far beyond what nine in ten should: what was lately is over.
        """
        alike = sorted(self.came[bool(self.waiting)].lately(now))
        p50, p90 = (self._ahead(alike, now, share) for share in (HALF, NINE_IN_TEN))
        return (None, None) if p90 is None or longest > MISJUDGED * p90 + SLACK else (p50, p90)

    def _ahead(self, alike: Sequence[int], now: int, share: int) -> int | None:
        """From too few alike: behind others what one who has just come is quoted, else what held for all."""
        if len(alike) >= ENOUGH:
            return quantile(alike, 0, self.answered.read[share])
        if self.waiting:
            return self.answered.rest(0, now, share)
        ordered = sorted(self.answered.lately(now))
        return None if len(ordered) < ENOUGH else quantile(ordered, 0, self.answered.read[share])


@dataclass(frozen=True, slots=True)
class _Promise:
    """What was quoted to one who came to a step of a group, µs by share; nothing where it was unknown."""

    since: int
    quoted: dict[int, int]


@dataclass(slots=True)
class _Way:
    """The steps of one group a contact has come to while it waits, with what it was promised at each."""

    where: GroupOfChannel
    steps: dict[int, _Promise] = field(default_factory=dict[int, _Promise])


class Waits:
    """Of one pool: its queues in order, and the waits that ended lately, by group and channel."""

    def __init__(self) -> None:
        self._groups: dict[GroupOfChannel, _Lately] = {}
        self._placed: dict[str, tuple[GroupOfChannel, OrderKey]] = {}
        self._ways: dict[str, _Way] = {}
        self._came: dict[str, tuple[GroupOfChannel, bool]] = {}  # who came lately, and whether behind others

    def begin(self, pool: PoolState) -> None:
        """Take in who waits already."""
        for contact in pool.contacts.values():
            self._place(contact)
            if contact.phase in WAITS and contact.step:
                since = max(contact.entered_group_at, contact.steps[contact.step].at)
                self._ways[contact.contact_id] = _Way(
                    (contact.group, contact.channel), {contact.step: _Promise(since, {})}
                )

    def heard(self, pool: PoolState, now: int, decisions: Iterable[RoutingDecision]) -> None:
        """What one input led to; `pool` is the state after it."""
        touched: dict[str, None] = {}
        for decision in decisions:
            contact_id: str | None = getattr(decision, "contact_id", None)
            if contact_id is not None:
                touched[contact_id] = None
            if isinstance(decision, ContactAssigned):
                self._settle(decision, now)
                self.answered(decision.group, decision.channel, now, decision.waited)
                came = self._came.pop(decision.contact_id, None)
                if came is not None and came[0] == (decision.group, decision.channel):
                    self._groups[came[0]].came[came[1]].ended.append((now, decision.waited))
        for contact_id in touched:
            self._leave(contact_id)
            contact = pool.contacts.get(contact_id)
            if contact is None:
                self._ways.pop(contact_id, None)
                self._came.pop(contact_id, None)
            else:
                self._notice(contact, now)
                self._place(contact)
                self._promise(contact, now)

    def answered(self, group: str, channel: Channel, at: int, waited: int) -> None:
        """A wait ended with an acceptance."""
        self._groups.setdefault((group, channel), _Lately()).answered.ended.append((at, waited))

    def _notice(self, contact: Contact, now: int) -> None:
        """Remember how the queue stood for one who has just come into the group, offered at once or not."""
        if contact.entered_group_at == now and contact.phase in WAITS:
            where = (contact.group, contact.channel)
            self._came[contact.contact_id] = (where, bool(self._groups.setdefault(where, _Lately()).waiting))

    def _promise(self, contact: Contact, now: int) -> None:
        """Remember what is quoted to one who has just come into the group, or to a later step of it."""
        where, step = (contact.group, contact.channel), contact.step
        way = self._ways.get(contact.contact_id)
        if contact.phase not in WAITS:
            return
        if way is None or way.where != where or contact.entered_group_at == now:
            way = self._ways[contact.contact_id] = _Way(where)
        if step in way.steps or not (step or contact.entered_group_at == now):
            return
        recent = self._recent(where, step)
        quotes = {share: recent.rest(0, now, share) for share in FIRST_READ if contact.phase is ContactPhase.QUEUED}
        way.steps[step] = _Promise(now, {share: rest for share, rest in quotes.items() if rest is not None})

    def _recent(self, where: GroupOfChannel, step: int) -> RecentWaits:
        lately = self._groups.setdefault(where, _Lately())
        return lately.of_step(step) if step else lately.answered

    def _settle(self, assigned: ContactAssigned, now: int) -> None:
        """A wait is over: it teaches every step it came to, and what was promised there is held against it."""
        way, where = self._ways.pop(assigned.contact_id, None), (assigned.group, assigned.channel)
        if way is None or way.where != where:
            return
        for step, promise in way.steps.items():
            recent, waited = self._recent(where, step), now - promise.since if step else assigned.waited
            for share, quoted in promise.quoted.items():
                recent.settle(share, waited <= quoted)
            if step:
                recent.ended.append((now, waited))

    def _place(self, contact: Contact) -> None:
        if contact.phase is ContactPhase.QUEUED:
            where = (contact.group, contact.channel)
            self._placed[contact.contact_id] = (where, contact.order_key)
            insort(self._groups.setdefault(where, _Lately()).waiting, contact.order_key)

    def _leave(self, contact_id: str) -> None:
        placed = self._placed.pop(contact_id, None)
        if placed is not None:
            waiting = self._groups[placed[0]].waiting
            del waiting[bisect_left(waiting, placed[1])]

    def place(self, contact: Contact, now: int) -> Standing | None:
        """Where the contact stands among those of its group and channel; None: it waits for nobody."""
        lately = self._groups.get((contact.group, contact.channel), _Lately())
        ahead, waiting = 0, len(lately.waiting)
        if contact.phase is ContactPhase.QUEUED:
            ahead = bisect_left(lately.waiting, contact.order_key)
        elif contact.phase in ASKED:
            waiting += 1
        else:
            return None
        recent, since = self._standing(contact, lately, now)
        p50, p90 = (_seconds(recent.rest(max(0, now - since), now, share)) for share in (HALF, NINE_IN_TEN))
        return Standing(contact.group, ahead + 1, waiting, p50, p90)

    def _standing(self, contact: Contact, lately: _Lately, now: int) -> tuple[RecentWaits, int]:
        """What is read for the contact, and since when its wait counts for that: its step's, where enough came to it."""
        way = self._ways.get(contact.contact_id)
        promise = None if way is None else way.steps.get(contact.step)
        if contact.step and promise is not None and len(lately.of_step(contact.step).lately(now)) >= ENOUGH:
            return lately.of_step(contact.step), promise.since
        return lately.answered, contact.entered_group_at

    def prospects(self, pool: PoolState, now: int) -> list[Prospect]:
        """Of every group and channel heard of, by name; `pool` is the state after the last input."""
        found: list[Prospect] = []
        for (group, channel), lately in sorted(self._groups.items()):
            entered = (pool.contacts[contact_id].entered_group_at for _, contact_id in lately.waiting)
            longest = now - min(entered, default=now)
            opening = pool.openings.get(group, ALWAYS_OPEN)
            p50, p90 = lately.quoted_to_newcomer(now, longest) if opening.open else (None, None)
            found.append(Prospect(group, channel, len(lately.waiting), _seconds(p50), _seconds(p90)))
        return found


def _seconds(rest: int | None) -> int | None:
    return None if rest is None else -(-rest // SECOND)
