"""Place and honest estimate: who waits in a group in which order, and how long the last ones waited. A read model.

Of the waits that ended with an acceptance lately, only those longer than what a contact has waited already say something
about the rest of its wait. Where too few are left, or they say that what would have been quoted before was far too
little, the answer is "unknown": a quote never grows merely because somebody is overdue.

Queues grow towards noon, so the waits of the last hour promise too little for the next. What was quoted to each who came is
therefore held against what came true, and the quantile read for "nine in ten" moves until nine in ten are within it.

What somebody who came now could expect depends on whether others wait already: most who come to an empty queue are answered
at once. So the waits of those who came alike are read, and of all only where too few of those were seen.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.hours import ALWAYS_OPEN
from services.router.domain.state import PoolState
from shared.contracts.fields import SECOND, Channel
from shared.contracts.routing_decisions import ContactAssigned, RoutingDecision

KEPT = 200
"""Newest waits of a group and channel that count."""
LATELY = 4 * 3_600 * SECOND
"""Waits older than this say nothing about now, µs."""
ENOUGH = 20
"""Waits from which on anything is said."""
BEYOND = 5
"""Waits longer than the present one from which on anything is said about the rest."""
MISJUDGED = 2
"""How many times an earlier quote the rest may be before the earlier quote counts as proved wrong …"""
SLACK = 5 * SECOND
"""… small differences aside, µs."""
HALF, NINE_IN_TEN = 500, 900
"""What is quoted: the share of those who wait that is to be answered within it, in 1/1,000."""
FIRST_READ = {HALF: 500, NINE_IN_TEN: 930}
"""The quantile of recent waits read for it at first, in 1/1,000. Nine in ten begins higher: a day begins with queues that grow."""
STRIDE = 10
"""A promise broken moves the quantile by (share promised) × this ÷ 1,000, one kept by the rest of it back."""
FARTHEST, HIGHEST = 150, 995
"""How far it may move from what is promised, and where it ends, in 1/1,000."""
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


def rest_of_wait(waits: Sequence[int], waited: int, share: int) -> int | None:
    """µs after which `share` ÷ 1,000 of those who waited longer than `waited` had been answered; None: unknown.

    r(w) = Q(waits > w) − w, Q by nearest rank; quoted is the least r up to w, and nothing where r(w) is now more than
    twice that (and 5 s). So for given waits the quote never grows with w.
    """
    ordered = sorted(waits)
    past = bisect_right(ordered, waited)
    if len(ordered) < ENOUGH or len(ordered) - past < BEYOND:
        return None
    rest = _quantile(ordered, past, share) - waited
    quoted = min((_quantile(ordered, n, share) - ordered[n] for n in range(past)), default=rest)
    return None if rest > MISJUDGED * quoted + SLACK else min(rest, quoted)


def _quantile(ordered: Sequence[int], start: int, share: int) -> int:
    """Nearest rank among the values from `start` on; `share` in 1/1,000."""
    return ordered[start + -(-share * (len(ordered) - start) // 1_000) - 1]


@dataclass(slots=True)
class _Lately:
    waiting: list[OrderKey] = field(default_factory=list[OrderKey])  # in contact order (rule 2)
    answered: deque[tuple[int, int]] = field(
        default_factory=lambda: deque[tuple[int, int]](maxlen=KEPT)
    )  # (at, waited)
    came: dict[bool, deque[tuple[int, int]]] = (
        field(  # the same, of those seen to come: behind others, and to an empty queue
            default_factory=lambda: {behind: deque[tuple[int, int]](maxlen=KEPT) for behind in (False, True)}
        )
    )
    read: dict[int, int] = field(default_factory=lambda: dict(FIRST_READ))  # share promised → quantile read for it

    def rest(self, so_far: int, now: int, share: int) -> int | None:
        """What is quoted at `now` to one who has waited `so_far`, µs."""
        waits = [waited for at, waited in self.answered if at > now - LATELY]
        return rest_of_wait(waits, so_far, self.read[share])

    def quoted_to_newcomer(self, now: int, longest: int) -> tuple[int | None, int | None]:
        """(P50, P90) of one who comes at `now`, µs: as it went for those who came behind others, or to an empty queue, like them.

        Unknown while somebody has waited `longest`, far beyond what nine in ten should: what was lately is over.
        """
        alike = sorted(waited for at, waited in self.came[bool(self.waiting)] if at > now - LATELY)
        p50, p90 = (self._ahead(alike, now, share) for share in (HALF, NINE_IN_TEN))
        return (None, None) if p90 is None or longest > MISJUDGED * p90 + SLACK else (p50, p90)

    def _ahead(self, alike: Sequence[int], now: int, share: int) -> int | None:
        """From too few alike: behind others what one who has just come is quoted, else what held for all."""
        if len(alike) >= ENOUGH:
            return _quantile(alike, 0, self.read[share])
        if self.waiting:
            return self.rest(0, now, share)
        ordered = sorted(waited for at, waited in self.answered if at > now - LATELY)
        return None if len(ordered) < ENOUGH else _quantile(ordered, 0, self.read[share])

    def settle(self, share: int, kept: bool) -> None:
        """A promise was kept or broken: the quantile is read a little lower or higher from now on."""
        moved = (
            self.read[share] - STRIDE * (1_000 - share) // 1_000 if kept else self.read[share] + STRIDE * share // 1_000
        )
        self.read[share] = max(share - FARTHEST, min(share + FARTHEST, HIGHEST, moved))


@dataclass(frozen=True, slots=True)
class _Promise:
    """What was quoted to one who came, µs by share; nothing where it was unknown."""

    where: GroupOfChannel
    quoted: dict[int, int]


class Waits:
    """Of one pool: its queues in order, and the waits that ended lately, by group and channel."""

    def __init__(self) -> None:
        self._groups: dict[GroupOfChannel, _Lately] = {}
        self._placed: dict[str, tuple[GroupOfChannel, OrderKey]] = {}
        self._promises: dict[str, _Promise] = {}
        self._came: dict[str, tuple[GroupOfChannel, bool]] = {}  # who came lately, and whether behind others

    def begin(self, pool: PoolState) -> None:
        """Take in who waits already."""
        for contact in pool.contacts.values():
            self._place(contact)

    def heard(self, pool: PoolState, now: int, decisions: Iterable[RoutingDecision]) -> None:
        """What one input led to; `pool` is the state after it."""
        touched: dict[str, None] = {}
        for decision in decisions:
            contact_id: str | None = getattr(decision, "contact_id", None)
            if contact_id is not None:
                touched[contact_id] = None
            if isinstance(decision, ContactAssigned):
                self._settle(decision)
                self.answered(decision.group, decision.channel, now, decision.waited)
                came = self._came.pop(decision.contact_id, None)
                if came is not None and came[0] == (decision.group, decision.channel):
                    self._groups[came[0]].came[came[1]].append((now, decision.waited))
        for contact_id in touched:
            self._leave(contact_id)
            contact = pool.contacts.get(contact_id)
            if contact is None:
                self._promises.pop(contact_id, None)
                self._came.pop(contact_id, None)
            else:
                self._notice(contact, now)
                self._place(contact)
                self._promise(contact, now)

    def answered(self, group: str, channel: Channel, at: int, waited: int) -> None:
        """A wait ended with an acceptance."""
        self._groups.setdefault((group, channel), _Lately()).answered.append((at, waited))

    def _notice(self, contact: Contact, now: int) -> None:
        """Remember how the queue stood for one who has just come into the group, offered at once or not."""
        if contact.entered_group_at == now and contact.phase in (ContactPhase.QUEUED, ContactPhase.OFFERED):
            where = (contact.group, contact.channel)
            self._came[contact.contact_id] = (where, bool(self._groups.setdefault(where, _Lately()).waiting))

    def _promise(self, contact: Contact, now: int) -> None:
        """Remember what is quoted to one who has just come into the group."""
        if contact.phase is not ContactPhase.QUEUED or contact.entered_group_at != now:
            return
        where = (contact.group, contact.channel)
        lately = self._groups[where]
        quotes = {share: lately.rest(0, now, share) for share in FIRST_READ}
        quoted = {share: rest for share, rest in quotes.items() if rest is not None}
        self._promises[contact.contact_id] = _Promise(where, quoted)

    def _settle(self, assigned: ContactAssigned) -> None:
        promise = self._promises.pop(assigned.contact_id, None)
        if promise is not None and promise.where == (assigned.group, assigned.channel):
            for share, quoted in promise.quoted.items():
                self._groups[promise.where].settle(share, assigned.waited <= quoted)

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
        so_far = max(0, now - contact.entered_group_at)
        p50, p90 = (_seconds(lately.rest(so_far, now, share)) for share in (HALF, NINE_IN_TEN))
        return Standing(contact.group, ahead + 1, waiting, p50, p90)

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
