"""Random days, continued: chats that take turns and are parked, conferences, take-overs, branches, company, ratings."""

from __future__ import annotations

from typing import Any, TypeGuard

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from services.router.domain.contacts import ContactPhase
from services.router.domain.core import Fact, PartitionState
from services.router.domain.decide.taking_over import TAKE_OVER
from shared.contracts import contact_events as ev
from shared.contracts.fields import Channel, HeldSkill
from shared.contracts.routing_decisions import ContactResumed, OfferMade, RoutingDecision
from tests.unit.router.centre import POOL, TENANT

SITES = ("gubei", "minhang")
AGENT_IDS = st.sampled_from([f"a{n}" for n in range(5)])
CONTACT_IDS = st.sampled_from([f"c{n:02d}" for n in range(14)])


def with_conversations(document: dict[str, Any], variant: int) -> dict[str, Any]:
    """The policy with chat life and ratings; one variant without, as policies were before they existed."""
    if variant == 1:
        return document
    groups = {name: dict(group) for name, group in document["groups"].items()}
    chat = {"first_reply_seconds": 20, "waiting_after_seconds": 10, "close_after_seconds": 60, "return_seconds": 15}
    groups["general"] |= {"chat": chat, "rating": {"ask": True, "scale": 5, "low": 2, "share_percent": 70}}
    groups["chats"]["chat"] = {"waiting_after_seconds": 5, "return_seconds": 0 if variant else 30}
    outside = {"plumber": {"name": "Plumber", "number": "+862155550100"}}
    return {**document, "groups": groups, "outside": outside}


def is_pickup(decision: RoutingDecision) -> TypeGuard[OfferMade | ContactResumed]:
    """Made by matching: an offer, or an agent going on with a parked chat. A supervisor's own seat is asked by itself."""
    if isinstance(decision, ContactResumed):
        return True
    return isinstance(decision, OfferMade) and decision.reasons.trigger != TAKE_OVER


class ConversationRules(RuleBasedStateMachine):
    """To be mixed in; `state`, `now`, `events` and `feed` are the floor's."""

    state: PartitionState
    now: int
    events: int

    def feed(self, fact: Fact) -> list[RoutingDecision]:
        raise NotImplementedError

    def talking(self) -> list[Any]:
        found = self.state.pools[TENANT, POOL].contacts
        return [found[key] for key in sorted(found) if found[key].phase is ContactPhase.CONNECTED]

    @rule(agent=AGENT_IDS, site=st.sampled_from([*SITES, None]))
    def at_a_branch(self, agent: str, site: str | None) -> None:
        sites = () if site is None else (site,)
        self.feed(ev.AgentProfileChanged(agent, (HeldSkill("zh", 6), HeldSkill("yue", 5)), {}, (), sites))

    @rule(data=st.data(), site=st.sampled_from([*SITES, "nowhere"]), mode=st.sampled_from(["blind", "blind", "warm"]))
    def to_a_branch(self, data: st.DataObject, site: str, mode: Any) -> None:
        if self.talking():
            contact = data.draw(st.sampled_from(self.talking()))
            sender, kind = contact.interaction.agent_id, ev.TransferTarget.SITE
            self.feed(ev.TransferRequested(contact.contact_id, sender, f"s{self.events}", kind, site, mode))

    @rule(
        data=st.data(),
        number=st.sampled_from(["plumber", "plumber", "nobody"]),
        answers=st.sampled_from([True, False, None]),
    )
    def to_an_outside_number(self, data: st.DataObject, number: str, answers: bool | None) -> None:
        """Answered, not answered, or nothing is heard of it (yet)."""
        if not self.talking():
            return
        contact_id = (contact := data.draw(st.sampled_from(self.talking()))).contact_id
        kind = ev.TransferTarget.OUTSIDE
        self.feed(ev.TransferRequested(contact_id, contact.interaction.agent_id, f"o{self.events}", kind, number))
        passed_on = self.state.pools[TENANT, POOL].contacts[contact_id]
        if passed_on.phase is not ContactPhase.OUTSIDE or answers is None:
            return
        attempt = passed_on.outside.attempt_id if passed_on.outside is not None else ""
        self.feed(ev.DialAnswered(contact_id, attempt) if answers else ev.DialFailed(contact_id, attempt, "busy"))

    @rule(
        data=st.data(),
        mode=st.sampled_from(["warm", "conference"]),
        answers=st.sampled_from([True, True, False, None]),
        then=st.sampled_from(["complete", "cancel", "leave", "late", "hang_up", "customer", "crossing", None]),
    )
    def ask_outside_first(self, data: st.DataObject, mode: Any, answers: bool | None, then: str | None) -> None:
        """The agent keeps the customer; whoever leaves or hangs up afterwards, nobody is left alone."""
        if not self.talking():
            return
        contact = data.draw(st.sampled_from(self.talking()))
        contact_id, sender, transfer = contact.contact_id, contact.interaction.agent_id, f"p{self.events}"
        kind = ev.TransferTarget.OUTSIDE
        self.feed(ev.TransferRequested(contact_id, sender, transfer, kind, "plumber", mode))
        asked = self.state.pools[TENANT, POOL].contacts[contact_id].outside
        if asked is None or answers is None:
            return
        attempt = asked.attempt_id
        self.feed(ev.DialAnswered(contact_id, attempt) if answers else ev.DialFailed(contact_id, attempt, "no_answer"))
        if then in ("complete", "crossing"):
            self.feed(ev.TransferCompleted(contact_id, sender, transfer))
        if then == "cancel":
            self.feed(ev.TransferCancelled(contact_id, sender, transfer))
        elif then in ("leave", "customer"):
            self.feed(ev.ContactEnded(contact_id, "agent" if then == "leave" else "customer"))
        elif then in ("hang_up", "crossing", "late"):
            self.feed(ev.OutsideLeft(contact_id, attempt if then != "late" else "another"))

    @rule(data=st.data(), by=st.sampled_from(["customer", "system"]), late=st.booleans())
    def hang_up_outside(self, data: st.DataObject, by: Any, late: bool) -> None:
        found = self.state.pools[TENANT, POOL].contacts
        outside = [key for key in sorted(found) if found[key].phase is ContactPhase.OUTSIDE]
        if outside:
            contact_id = data.draw(st.sampled_from(outside))
            self.feed(ev.DialAnswered(contact_id, "another") if late else ev.ContactEnded(contact_id, by))

    @rule(data=st.data(), agent=AGENT_IDS)
    def confer(self, data: st.DataObject, agent: str) -> None:
        if self.talking():
            contact = data.draw(st.sampled_from(self.talking()))
            sender, kind = contact.interaction.agent_id, ev.TransferTarget.AGENT
            self.feed(ev.TransferRequested(contact.contact_id, sender, f"k{self.events}", kind, agent, "conference"))

    @rule(data=st.data(), seat=AGENT_IDS, answers=st.booleans())
    def take_over(self, data: st.DataObject, seat: str, answers: bool) -> None:
        if not self.talking():
            return
        contact = data.draw(st.sampled_from(self.talking()))
        self.feed(ev.TakeOverRequested(contact.contact_id, seat, "chief", "rush"))
        found = self.state.pools[TENANT, POOL].contacts.get(contact.contact_id)
        if answers and found is not None and found.open_offer is not None and found.open_offer.agent_id == seat:
            self.feed(ev.OfferAccepted(seat, contact.contact_id, found.open_offer.offer_id))

    @rule(contact=CONTACT_IDS, agent=AGENT_IDS, joins=st.booleans())
    def stand_by(self, contact: str, agent: str, joins: bool) -> None:
        self.feed((ev.ColleagueJoined if joins else ev.ColleagueLeft)(contact, agent))

    @rule(contact=CONTACT_IDS, to=st.sampled_from(["agent", "customer"]))
    def write(self, contact: str, to: Any) -> None:
        self.feed(ev.ConversationTurned(contact, to))

    @rule(group=st.sampled_from(["general", "chats"]), seconds=st.sampled_from([6, 12]), again=st.booleans())
    def fall_silent(self, group: str, seconds: int, again: bool) -> None:
        """A chat as far as it gets: taken, answered, its customer silent, and perhaps back."""
        contact_id = f"w{self.events}"
        self.feed(ev.ContactArrived(contact_id, Channel.WEB, "rental", self.now, group=group))
        self.feed(ev.ContactProfiled(contact_id, "k"))
        contact = self.state.pools[TENANT, POOL].contacts.get(contact_id)
        if contact is None or contact.open_offer is None:
            return
        offer = contact.open_offer
        self.feed(ev.OfferAccepted(offer.agent_id, contact_id, offer.offer_id))
        self.feed(ev.ContactConnected(contact_id, offer.offer_id))
        self.feed(ev.ConversationTurned(contact_id, "customer"))
        self.pass_time(seconds)
        if again:
            self.feed(ev.ConversationTurned(contact_id, "agent"))

    def pass_time(self, seconds: int) -> None:
        raise NotImplementedError

    @rule(data=st.data(), score=st.integers(1, 5), invited=st.booleans())
    def rate(self, data: st.DataObject, score: int, invited: bool) -> None:
        pool = self.state.pools[TENANT, POOL]
        over = sorted(pool.ratings) or sorted(pool.ended)
        if over:
            contact_id = data.draw(st.sampled_from(over))
            if invited:
                self.feed(ev.RatingInvited(contact_id, Channel.WEB, 5))
            self.feed(ev.RatingGiven(contact_id, score, 5, "web"))
