"""`POST /v1/contact-events` and visitors' messages: the way in for others' gateways."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field
from pydantic_core import to_json

from services.gateway.adapters.port import PromptOutcome
from services.gateway.api.access import Gateway, PartsOf, gateway_of
from services.gateway.credentials import Credential
from services.gateway.domain.cloud_events import OUTSIDE_TYPES
from services.gateway.handlers import conversation, ingest
from shared.contracts.wire import InvalidMessage, UnknownMessage
from shared.http import problem

router = APIRouter(tags=["gateways"])

JSON_TYPES = frozenset({"application/json", "application/cloudevents+json", "application/cloudevents-batch+json"})

_EVENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["specversion", "id", "type", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": 256, "description": "the gateway's own; repeating it is harmless"},
        "type": {"enum": sorted(OUTSIDE_TYPES)},
        "dataversion": {"const": "1"},
        "source": {"type": "string"},
        "subject": {"type": "string", "minLength": 1, "maxLength": 256, "description": "the gateway's own key of the contact"},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "data": {"type": "object", "description": "the contract's fields without contact_id and gateway_id"},
    },
}  # fmt: skip
_BODY_SCHEMA = {"oneOf": [_EVENT_SCHEMA, {"type": "array", "items": _EVENT_SCHEMA, "minItems": 1, "maxItems": 1000}]}


class EventsAccepted(BaseModel):
    """How many events the broker has acknowledged, and UCC's ids of the contacts they are about."""

    accepted: int
    contacts: dict[str, str]


@router.post(
    "/v1/contact-events",
    status_code=202,
    response_model=EventsAccepted,
    summary="One CloudEvent or a batch, all or nothing; answered when the broker has acknowledged",
    openapi_extra={
        "requestBody": {"required": True, "content": {t: {"schema": _BODY_SCHEMA} for t in sorted(JSON_TYPES)}}
    },
)
async def post_contact_events(
    request: Request, parts: PartsOf, credential: Annotated[Credential, Depends(gateway_of)]
) -> Response:
    if request.headers.get("content-type", "").split(";")[0].strip().lower() not in JSON_TYPES:
        raise HTTPException(415, "send application/json or application/cloudevents+json")
    body = await request.body()
    if len(body) > parts.settings.gateway_batch_bytes:
        raise HTTPException(413, f"at most {parts.settings.gateway_batch_bytes} bytes")
    try:
        accepted = await ingest.accept(parts, credential, body, request.app.state.meter.charge)
    except ingest.MalformedJson:
        return problem(400, "malformed", "the body is not JSON")
    except InvalidMessage as error:
        code = "unknown_type" if isinstance(error, UnknownMessage) else "invalid"
        return problem(
            422, code, "nothing of this request was accepted", errors=[dict(fault) for fault in error.faults]
        )
    contacts = ingest.contact_ids(credential, accepted)
    return Response(to_json({"accepted": len(accepted), "contacts": contacts}), 202, media_type="application/json")


class VisitorMessage(BaseModel):
    """What the visitor wrote. `message_id`: the gateway's own; repeating it is harmless."""

    message_id: Annotated[str, Field(min_length=1, max_length=256)]
    text: Annotated[str, Field(min_length=1, max_length=16_000, pattern=r"^[^\x00]*$")]


class MessageAccepted(BaseModel):
    message_id: str
    contact_id: str


@router.post(
    "/v1/contacts/{subject}/messages", status_code=202, summary="A visitor's message in a contact this gateway opened"
)
async def post_message(
    parts: PartsOf, credential: Gateway, body: VisitorMessage, subject: Annotated[str, Path(max_length=256)]
) -> MessageAccepted:
    message = await conversation.visitor_said(parts, credential, subject, body.message_id, body.text)
    return MessageAccepted(message_id=message.message_id, contact_id=message.contact_id)


class PromptAnswer(BaseModel):
    """What came of a `PlayPrompt`: its `step`, and digits or words where the customer gave some (never secure ones)."""

    step: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:\-]{1,64}$")]
    outcome: PromptOutcome
    digits: Annotated[str, Field(pattern=r"^[0-9*#A-D]{0,32}$")] | None = None
    text: Annotated[str, Field(max_length=16_000, pattern=r"^[^\x00]*$")] | None = None


@router.post(
    "/v1/contacts/{subject}/prompt-answers",
    status_code=202,
    summary="What the customer answered to a prompt of the ivr",
)
async def post_prompt_answer(
    parts: PartsOf, credential: Gateway, body: PromptAnswer, subject: Annotated[str, Path(max_length=256)]
) -> MessageAccepted:
    contact = await conversation.open_contact(parts, credential, subject)
    message_id = await conversation.answered(
        parts, credential, contact.contact_id, body.step, body.outcome, digits=body.digits, text=body.text
    )
    return MessageAccepted(message_id=message_id, contact_id=contact.contact_id)
