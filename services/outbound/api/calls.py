"""HTTP of single calls: a gateway asks before it rings, an agent dials a number by hand."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import Field

from services.outbound.api.access import Body, Code, Document, Id, InRoom, Line, Neighbour, tenant_of
from services.outbound.domain.purposes import Purpose
from services.outbound.handlers.calls import ManualCall, Question, authorise_call, dial_by_hand
from services.outbound.numbers import UnusableNumber, normal_number
from services.outbound.store.statements import errors_by_consequence
from shared.errors import Refused
from shared.security import Principal, Role, allow

router = APIRouter(prefix="/v1", tags=["calls"])
Caller = Annotated[Principal, Depends(allow(Role.AGENT, Role.SUPERVISOR))]


class QuestionIn(Body):
    """A dial a gateway is about to make. `campaign`: where it is one of ours."""

    tenant: Code
    attempt_id: Id
    number: Annotated[str, Field(pattern=r"^\+[1-9]\d{3,14}$")]
    purpose: Purpose = Purpose.REQUESTED_CALLBACK
    contact_id: Id | None = None
    campaign: Id | None = None
    customer_id: Id | None = None
    requested_at: Annotated[int | None, Field(ge=0, le=2**53)] = None


class CallIn(Body):
    """`campaign`: by whose rules it is judged; without one, by the tenant's own."""

    number: Line
    purpose: Purpose
    group: Code
    business_line: Code
    gateway_id: Id | None = None  # none: the tenant's first trunk's, else its newest campaign's
    campaign: Id | None = None
    customer_id: Id | None = None
    name: Line | None = None
    subject: Annotated[str | None, Field(max_length=64)] = None  # the debt or product; none: the campaign's


@router.post(
    "/authorisations", response_model=Document, summary="May this be dialled now? Allowed, it is in the ledger"
)
async def authorise(asked: QuestionIn, request: Request, parts: InRoom, principal: Neighbour) -> Document:
    """{allowed: true, rules, ring_seconds} or {allowed: false, reason, rule, until, words}. Asked again, the same answer."""
    if principal.tenant not in ("*", asked.tenant):
        raise HTTPException(403, "another tenant's")
    await parts.directory.tenant(asked.tenant)
    question = Question(
        asked.tenant, asked.attempt_id, asked.number, asked.purpose, asked.campaign, asked.contact_id, asked.customer_id,
        asked.requested_at,
    )  # fmt: skip
    with errors_by_consequence():
        return await authorise_call(request.app.state.gate, question)


@router.post(
    "/calls", status_code=202, response_model=Document, summary="An agent dials a number; offered to them at once"
)
async def call(wanted: CallIn, request: Request, parts: InRoom, principal: Caller) -> Document:
    """409 with the suppression as its code where the number may not be called."""
    tenant = tenant_of(principal)
    if principal.agent_id is None:
        raise HTTPException(403, "only who is an agent calls")
    try:
        number = normal_number(wanted.number, (await parts.directory.tenant(tenant)).default_country)
    except UnusableNumber as error:
        raise Refused("number_invalid", str(error)) from error
    by_hand = ManualCall(
        number, wanted.purpose, principal.agent_id, wanted.group, wanted.business_line, wanted.gateway_id, wanted.campaign,
        wanted.customer_id, wanted.name, wanted.subject,
    )  # fmt: skip
    with errors_by_consequence():
        return await dial_by_hand(request.app.state.gate, tenant, by_hand)
