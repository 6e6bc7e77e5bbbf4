"""The shared case list of eligibility: each an agent, a contact and the first thing that fails (None: eligible).

Tests hold the predicate to it, and every index: an index must find the agent for the contact, and the
contact for the agent, exactly where the case says None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.router.domain.agents import Agent, CallPause, Wearing, WrapUp
from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.eligibility import NotEligible
from services.router.domain.policy.model import Capacity, ChannelCapacity, WrapUpMode
from services.router.domain.reserve import NO_RESERVE, InboundReserve
from shared.contracts.contact_events import PreferredAgent, Presence
from shared.contracts.fairness_decisions import LetIn
from shared.contracts.fields import Channel, HeldSkill, SkillLevel

NOW = 1_000_000_000
CAPACITY = Capacity(
    channels={
        Channel.PHONE: ChannelCapacity(1, 80),
        Channel.WEB: ChannelCapacity(3, 30),
        Channel.FAX: ChannelCapacity(3, 20),
        Channel.SMS: ChannelCapacity(0, 10),
        Channel.EMAIL: ChannelCapacity(2, 20),
    },
    max_load=100,
    interrupted_by={Channel.FAX: (Channel.PHONE, Channel.WEB)},
)


@dataclass(frozen=True, slots=True)
class EligibilityCase:
    name: str
    agent: Agent
    contact: Contact
    failing: NotEligible | None
    reserve: InboundReserve = NO_RESERVE


def _agent(change: Callable[[Agent], None] | None = None) -> Agent:
    agent = Agent("ann", "s1", Presence.AVAILABLE, presence_since=1, idle_since=1)
    agent.skills = {"zh": HeldSkill("zh", 5), "yue": HeldSkill("yue", 3, NOW + 1)}
    if change is not None:
        change(agent)
    agent.work_state = agent.present_work()
    return agent


def _contact(change: Callable[[Contact], None] | None = None) -> Contact:
    contact = Contact("c1", Channel.PHONE, "rental", 1, 1, ContactPhase.QUEUED, group="general", due_at=20_000_001)
    contact.requirement = (SkillLevel("zh", 5),)
    if change is not None:
        change(contact)
    return contact


def _set(**values: object) -> Callable[[object], None]:
    def change(record: object) -> None:
        for name, value in values.items():
            setattr(record, name, value)

    return change


def _wrap(channel: Channel, mode: WrapUpMode = WrapUpMode.TIMED) -> dict[str, WrapUp]:
    return {"i1": WrapUp("i1", "c0", channel, "general", mode, NOW + 5, 0, "none")}


def _case(
    name: str,
    failing: NotEligible | None,
    agent: dict[str, object] | None = None,
    contact: dict[str, object] | None = None,
    reserve: InboundReserve = NO_RESERVE,
) -> EligibilityCase:
    return EligibilityCase(name, _agent(_set(**(agent or {}))), _contact(_set(**(contact or {}))), failing, reserve)


_BOB = (PreferredAgent("bob", "case_owner"),)
_ANN = (PreferredAgent("bob", "case_owner"), PreferredAgent("ann", "account_owner"))
_INBOUND = ((Channel.PHONE, (SkillLevel("zh", 4),)),)
_SPARED = InboundReserve(_INBOUND, open=True)
_KEPT = InboundReserve(_INBOUND, open=False)
_OWN = (PreferredAgent("ann", "case_owner"),)
_RESTS: dict[str, object] = {"rest_until": NOW + 1, "rest_why": "cap"}
_PAUSES: dict[str, object] = {"pause": CallPause(NOW - 1, NOW + 1, 0, 1)}
_EN: dict[str, object] = {"requirement": (SkillLevel("en", 1),)}
_EN_OR_EVENING: dict[str, object] = {**_EN, "let_in": (LetIn("team", "evening"),)}
_N = NotEligible

CASES: tuple[EligibilityCase, ...] = (
    _case("idle with just the level", None),
    _case("no requirement at all", None, contact={"requirement": ()}),
    _case("level one too low", _N.SKILL_TOO_LOW, contact={"requirement": (SkillLevel("zh", 6),)}),
    _case("skill not held", _N.LACKS_SKILL, contact={"requirement": (SkillLevel("en", 1), SkillLevel("zh", 5))}),
    _case("skill valid to the last microsecond", None, contact={"requirement": (SkillLevel("yue", 3),)}),
    _case(
        "skill expired this microsecond",
        _N.SKILL_EXPIRED,
        {"skills": {"zh": HeldSkill("zh", 5, NOW)}},
    ),
    _case("not ready", _N.NOT_AVAILABLE, {"presence": Presence.NOT_READY}),
    _case("break chosen", _N.PRESENCE_PENDING, {"pending_presence": Presence.NOT_READY}),
    _case("sign-out chosen", _N.PRESENCE_PENDING, {"pending_presence": Presence.SIGNED_OUT}),
    _case("page lost", _N.UNREACHABLE, {"page_lost": True}),
    _case("phone lost", _N.UNREACHABLE, {"phone_lost": True}),
    _case("offered another call", _N.CHANNEL_FULL, {"offered": {"c0": Channel.PHONE}}),
    _case("in a call", _N.CHANNEL_FULL, {"handling": {"c0": Channel.PHONE}}),
    _case("wrapping up a call", _N.CHANNEL_FULL, {"wrapping": _wrap(Channel.PHONE)}),
    _case("optional wrap-up of a call", None, {"wrapping": _wrap(Channel.PHONE, WrapUpMode.OPTIONAL)}),
    _case(
        "a wrap-up holds the voice capacity fully, also where two calls were allowed",
        _N.CHANNEL_FULL,
        {"wrapping": _wrap(Channel.PHONE), "own_capacity": {Channel.PHONE: 2}},
    ),
    _case(
        "two calls allowed, too heavy",
        _N.LOAD_FULL,
        {"handling": {"c0": Channel.PHONE}, "own_capacity": {Channel.PHONE: 2}},
    ),
    _case("own maximum zero", _N.CHANNEL_NOT_SERVED, {"own_capacity": {Channel.PHONE: 0}}),
    _case("channel nobody serves", _N.CHANNEL_NOT_SERVED, contact={"channel": Channel.SMS}),
    _case("call beside one fax", None, {"handling": {"f1": Channel.FAX}}),
    _case("call beside two faxes: 120", _N.LOAD_FULL, {"handling": {"f1": Channel.FAX, "f2": Channel.FAX}}),
    _case("call beside a chat", _N.NOT_INTERRUPTIBLE, {"handling": {"w1": Channel.WEB}}),
    _case("call beside a chat's wrap-up", _N.NOT_INTERRUPTIBLE, {"wrapping": _wrap(Channel.WEB)}),
    _case("third chat", None, {"handling": {"w1": Channel.WEB, "w2": Channel.WEB}}, {"channel": Channel.WEB}),
    _case(
        "third chat with a wrap-up counted",
        _N.CHANNEL_FULL,
        {"handling": {"w1": Channel.WEB, "w2": Channel.WEB}, "wrapping": _wrap(Channel.WEB)},
        {"channel": Channel.WEB},
    ),
    _case("call beside two parked chats: they take no load", None, {"parked": {"w1": Channel.WEB, "w2": Channel.WEB}}),
    _case(
        "third chat beside a parked one",
        None,
        {"handling": {"w1": Channel.WEB, "w2": Channel.WEB}, "parked": {"w3": Channel.WEB}},
        {"channel": Channel.WEB},
    ),
    _case("passed on to the agent's branch", None, {"sites": ("gubei", "minhang")}, {"site": "minhang"}),
    _case("passed on to another branch", _N.LACKS_SKILL, {"sites": ("gubei",)}, {"site": "minhang"}),
    _case("the branch, without the skill", _N.LACKS_SKILL, {"sites": ("minhang",)}, {**_EN, "site": "minhang"}),
    _case("fax beside a call", _N.NOT_INTERRUPTIBLE, {"handling": {"c0": Channel.PHONE}}, {"channel": Channel.FAX}),
    _case("has just missed it", _N.EXCLUDED, contact={"excluded": {"ann": NOW + 1}}),
    _case("missed it long ago", None, contact={"excluded": {"ann": NOW}}),
    _case("somebody else missed it", None, contact={"excluded": {"bob": NOW + 1}}),
    _case("held for another", _N.HELD_FOR_ANOTHER, contact={"preferred": _BOB, "preferred_until": NOW + 1}),
    _case("held for this agent too", None, contact={"preferred": _ANN, "preferred_until": NOW + 1}),
    _case("the wait for another is over", None, contact={"preferred": _BOB}),
    _case(
        "transferred to a colleague",
        _N.HELD_FOR_ANOTHER,
        contact={"only_agent": "bob", "preferred": _ANN, "preferred_until": NOW + 1},
    ),
    _case(
        "asked in person, whatever the skills",
        None,
        contact={"only_agent": "ann", "preferred_until": NOW + 1, "requirement": (SkillLevel("en", 9),)},
    ),
    _case("outbound work while agents can be spared", None, contact={"outbound": True}, reserve=_SPARED),
    _case("outbound work while none can be", _N.KEPT_FOR_INBOUND, contact={"outbound": True}, reserve=_KEPT),
    _case("inbound, whatever is kept for it", None, reserve=_KEPT),
    _case(
        "outbound work for one who could serve no inbound",
        None,
        {"skills": {"en": HeldSkill("en", 5)}},
        {"outbound": True, "requirement": (SkillLevel("en", 1),)},
        _KEPT,
    ),
    _case(
        "outbound work beside a fax",
        _N.KEPT_FOR_INBOUND,
        {"handling": {"f1": Channel.FAX}},
        {"outbound": True},
        _SPARED,
    ),
    _case("outbound work in the pause between calls", _N.PAUSING, _PAUSES, {"outbound": True}),
    _case(
        "somebody we called is on the line, in the pause",
        _N.PAUSING,
        _PAUSES,
        {"outbound": True, "answered_until": NOW + 1},
    ),
    _case("the pause is over", None, {"pause": CallPause(1, 2, 0, 1, over=True)}, {"outbound": True}),
    _case("inbound in the pause between calls", None, _PAUSES),
    _case("inbound in a pause from all work", _N.PAUSING, {"pause": CallPause(NOW - 1, NOW + 1, 0, 1, whole=True)}),
    _case(
        "a campaign's contact asked of her in person, in the pause",
        None,
        _PAUSES,
        {"outbound": True, "only_agent": "ann", "preferred_until": NOW + 1},
    ),
    _case("let in with her team", None, {"teams": ("evening",)}, {**_EN_OR_EVENING}),
    _case("of another team", _N.LACKS_SKILL, {"teams": ("night",)}, {**_EN_OR_EVENING}),
    _case(
        "let in by name and skill", None, contact={**_EN, "let_in": (LetIn("agent", "ann", (SkillLevel("zh", 5),)),)}
    ),
    _case(
        "let in by name, the skill too low",
        _N.LACKS_SKILL,
        contact={**_EN, "let_in": (LetIn("agent", "ann", (SkillLevel("zh", 6),)),)},
    ),
    _case(
        "let in at her branch, the skill expired",
        _N.SKILL_EXPIRED,
        {"sites": ("pudong",), "skills": {"zh": HeldSkill("zh", 5, NOW)}},
        {"let_in": (LetIn("site", "pudong", (SkillLevel("zh", 1),)),)},
    ),
    _case("wearing, and fresh for it", None, contact={"severity": 8}),
    _case("wearing, and has one in hand", _N.RESTING, {"wearing": {"w0": Wearing(8)}}, {"severity": 8}),
    _case("wearing, and rests", _N.RESTING, _RESTS, {"severity": 8}),
    _case("rests, yet not from this", None, _RESTS),
    _case("wearing, rests, and lacks the skill", _N.LACKS_SKILL, _RESTS, {**_EN, "severity": 8}),
    _case(
        "wearing, rests, and was let in",
        _N.RESTING,
        {**_RESTS, "teams": ("evening",)},
        {**_EN_OR_EVENING, "severity": 8},
    ),
    _case("wearing, rests, but it waited too long", None, _RESTS, {"severity": 8, "spares_nobody": True}),
    _case("wearing, rests, but it is her case", None, _RESTS, {"severity": 8, "preferred": _OWN}),
    _case(
        "wearing, rests, held for her as its case's owner",
        None,
        _RESTS,
        {"severity": 8, "preferred": _OWN, "preferred_until": NOW + 1},
    ),
    _case(
        "wearing, rests, and is asked in person",
        None,
        _RESTS,
        {"severity": 8, "only_agent": "ann", "preferred_until": NOW + 1},
    ),
)
