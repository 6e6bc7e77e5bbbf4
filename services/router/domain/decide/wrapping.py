"""After-call work (rule 14): begun when a conversation ends, written, prolonged, or timed out and flagged."""

from __future__ import annotations

from services.router.domain.agents import WrapUp
from services.router.domain.contacts import Contact, Interaction
from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.policy.model import WrapUpMode
from shared.contracts.contact_events import WrapUpCompleted, WrapUpExtended
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import (
    RefusalReason,
    WrapUpFinished,
    WrapUpNoted,
    WrapUpProlonged,
    WrapUpStarted,
)

ENDLESS = (WrapUpMode.UNTIL_DONE,)
"""Modes without a clock."""


def start_wrap_up(draft: Draft, contact: Contact, talk: Interaction, takes_load: bool = True) -> None:
    """What the group asks for on this channel after the conversation; nothing in mode `none`.

    Without load (the agent's place was given to others meanwhile) it may be written, and holds nothing.
    """
    group = draft.policy.group_for(contact.business_line, talk.group, contact.channel)
    rule = group.wrap_up[contact.channel]
    if rule.mode is WrapUpMode.NONE:
        return
    mode = rule.mode if takes_load else WrapUpMode.OPTIONAL
    draft.emit(
        talk.agent_id,
        WrapUpStarted(
            contact_id=contact.contact_id,
            agent_id=talk.agent_id,
            interaction_id=talk.interaction_id,
            channel=contact.channel,
            group=group.id,
            mode=mode,
            at=draft.now,
            until=None if mode in ENDLESS else draft.now + rule.seconds * SECOND,
            extensions_left=rule.extensions,
        ),
    )


def _wrap_up(draft: Draft, agent_id: str, interaction_id: str) -> WrapUp:
    wrap = draft.agent(agent_id).wrapping.get(interaction_id)
    if wrap is None:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "no_such_wrap_up")
    return wrap


def wrap_up_completed(draft: Draft, fact: WrapUpCompleted) -> bool:
    """The agent wrote the code; without early exit the time runs on. Returns whether the wrap-up is over."""
    wrap = _wrap_up(draft, fact.agent_id, fact.interaction_id)
    if wrap.mode is WrapUpMode.TIMED_NO_EARLY_EXIT:
        draft.emit(
            fact.agent_id,
            WrapUpNoted(wrap.contact_id, fact.agent_id, fact.interaction_id, fact.disposition, fact.reason),
        )
        return False
    _finish(draft, fact.agent_id, wrap, fact.disposition, fact.reason, by_timeout=False)
    return True


def wrap_up_extended(draft: Draft, fact: WrapUpExtended) -> None:
    wrap = _wrap_up(draft, fact.agent_id, fact.interaction_id)
    if wrap.until is None or wrap.extensions_left < 1:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "no_extension_left")
    contact_group = draft.policy.groups.get(wrap.group)
    seconds = contact_group.wrap_up[wrap.channel].extension_seconds if contact_group else 0
    draft.emit(
        fact.agent_id,
        WrapUpProlonged(
            wrap.contact_id,
            fact.agent_id,
            fact.interaction_id,
            wrap.until + seconds * SECOND,
            wrap.extensions_left - 1,
        ),
    )


def wrap_up_timed_out(draft: Draft, agent_id: str, interaction_id: str) -> None:
    """Time is up: the code written early counts, else the default one, flagged."""
    _finish_unwritten(draft, agent_id, _wrap_up(draft, agent_id, interaction_id))


def finish_all_wrap_ups(draft: Draft, agent_id: str) -> None:
    """The agent leaves: nothing stays open."""
    wrapping = draft.agent(agent_id).wrapping
    for interaction_id in sorted(wrapping):
        _finish_unwritten(draft, agent_id, wrapping[interaction_id])


def _finish_unwritten(draft: Draft, agent_id: str, wrap: WrapUp) -> None:
    written = wrap.disposition is not None
    _finish(draft, agent_id, wrap, wrap.disposition or wrap.default_disposition, wrap.reason, by_timeout=not written)


def _finish(draft: Draft, agent_id: str, wrap: WrapUp, disposition: str, reason: str | None, by_timeout: bool) -> None:
    draft.emit(
        agent_id,
        WrapUpFinished(wrap.contact_id, agent_id, wrap.interaction_id, draft.now, disposition, reason, by_timeout),
    )
