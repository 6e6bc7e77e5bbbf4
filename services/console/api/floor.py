"""What supervisors do on the floor, within their own teams and sites: presence for others, an ear or a word in a call.

Everything here is audited with who asked.
"""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from services.console.api.agent import ChosenPresence, chosen_presence, signed_out
from services.console.api.asking import (
    Accepted,
    AgentId,
    Body,
    ContactId,
    IdempotencyKey,
    Overseer,
    check_in_sight,
    event_id_of,
    noted,
)
from services.console.parts import Wired
from shared.contracts.fields import Name
from shared.errors import NotFound

router = APIRouter(prefix="/api", tags=["floor"])


class PresenceForAnother(ChosenPresence):
    why: Name | None = None


class SignOutOfAnother(Body):
    why: Name | None = None


class Supervision(Body):
    mode: Literal["listen", "whisper", "barge", "stop"]
    reason: Name | None = None


@router.post("/floor/agents/{agent_id}/presence", status_code=202, summary="Change an agent's presence")
async def presence_for(
    parts: Wired, overseer: Overseer, agent_id: AgentId, body: PresenceForAnother, key: IdempotencyKey = None
) -> Accepted:
    await check_in_sight(parts, overseer, agent_id)
    await noted(parts, overseer, "presence_set", "agents", agent_id, body.model_dump(exclude_none=True))
    event_id = event_id_of(overseer, f"presence:{agent_id}", key)
    return await chosen_presence(parts, overseer.tenant, agent_id, event_id, body, overseer.subject, body.why)


@router.post("/floor/agents/{agent_id}/sign-out", status_code=202, summary="Sign an agent out")
async def sign_out_for(
    parts: Wired,
    overseer: Overseer,
    agent_id: AgentId,
    body: SignOutOfAnother | None = None,
    key: IdempotencyKey = None,
) -> Accepted:
    await check_in_sight(parts, overseer, agent_id)
    why = None if body is None else body.why
    await noted(parts, overseer, "signed_out", "agents", agent_id, None if why is None else {"why": why})
    event_id = event_id_of(overseer, f"sign-out:{agent_id}", key)
    return await signed_out(parts, overseer.tenant, agent_id, event_id, overseer.subject, why)


@router.post("/contacts/{contact_id}/supervise", status_code=202, summary="Listen, whisper, barge in, or leave")
async def supervise(
    parts: Wired, overseer: Overseer, contact_id: ContactId, body: Supervision, key: IdempotencyKey = None
) -> Accepted:
    """The conversation must be an agent's in the overseer's sight; leaving is always possible while it is known."""
    holder = await parts.commands.holder_of(overseer.tenant, contact_id)
    if body.mode == "stop":
        await parts.commands.check_known(overseer.tenant, contact_id)
    elif holder is None:
        raise NotFound("no conversation of this contact now")
    else:
        await check_in_sight(parts, overseer, holder)
    after = {**body.model_dump(), "agent_id": holder}
    await noted(parts, overseer, f"supervision_{body.mode}", "contacts", contact_id, after)
    event_id = event_id_of(overseer, f"supervise:{contact_id}:{body.mode}", key)
    by = overseer.agent_id or overseer.subject
    done = await parts.commands.supervise(overseer.tenant, by, contact_id, event_id, body.mode, body.reason)
    return Accepted(**done)
