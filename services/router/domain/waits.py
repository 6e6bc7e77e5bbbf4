"""Place and honest estimate: who waits in a group in which order, and how long the last ones waited. A read model.

Of the waits that ended with an acceptance lately, only those longer than what a contact has waited already say something
about the rest of its wait. Where too few are left, or they say that what would have been quoted before was far too
little, the answer is "unknown": a quote never grows merely because somebody is overdue.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from services.router.domain.contacts import Contact, ContactPhase
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


def rest_of_wait(waits: Sequence[int], waited: int, percent: int) -> int | None:
    """µs after which `percent` of those who waited longer than `waited` had been answered; None: unknown.

    r(w) = Q(waits > w) − w, Q by nearest rank; quoted is the least r up to w, and nothing where r(w) is now more than
    twice that (and 5 s). So for given waits the quote never grows with w.
    """
    ordered = sorted(waits)
    past = bisect_right(ordered, waited)
    if len(ordered) < ENOUGH or len(ordered) - past < BEYOND:
        return None
    rest = _quantile(ordered, past, percent) - waited
    quoted = min((_quantile(ordered, n, percent) - ordered[n] for n in range(past)), default=rest)
    return None if rest > MISJUDGED * quoted + SLACK else min(rest, quoted)


def _quantile(ordered: Sequence[int], start: int, percent: int) -> int:
    """Nearest rank among the values from `start` on."""
    return ordered[start + -(-percent * (len(ordered) - start) // 100) - 1]


@dataclass(slots=True)
class _Lately:
    waiting: list[OrderKey] = field(default_factory=list[OrderKey])  # in contact order (rule 2)
    answered: deque[tuple[int, int]] = field(
        default_factory=lambda: deque[tuple[int, int]](maxlen=KEPT)
    )  # (at, waited)


class Waits:
    """Of one pool: its queues in order, and the waits that ended lately, by group and channel."""

    def __init__(self) -> None:
        self._groups: dict[GroupOfChannel, _Lately] = {}
        self._placed: dict[str, tuple[GroupOfChannel, OrderKey]] = {}

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
                self.answered(decision.group, decision.channel, now, decision.waited)
        for contact_id in touched:
            self._leave(contact_id)
            contact = pool.contacts.get(contact_id)
            if contact is not None:
                self._place(contact)

    def answered(self, group: str, channel: Channel, at: int, waited: int) -> None:
        """A wait ended with an acceptance."""
        self._groups.setdefault((group, channel), _Lately()).answered.append((at, waited))

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
        waits = [waited for at, waited in lately.answered if at > now - LATELY]
        so_far = max(0, now - contact.entered_group_at)
        p50, p90 = (_seconds(rest_of_wait(waits, so_far, percent)) for percent in (50, 90))
        return Standing(contact.group, ahead + 1, waiting, p50, p90)


def _seconds(rest: int | None) -> int | None:
    return None if rest is None else -(-rest // SECOND)
