"""A link with which whoever holds it refuses further calls and texts to one number: for mails, texts and letters of campaigns."""

from __future__ import annotations

import html
import time
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi import Path as InPath
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from services.gateway.adapters.numbers import dialled
from services.gateway.adapters.web.access import client_of, state_of
from services.gateway.adapters.web.tokens import Visitor, digest, seal, unseal
from services.gateway.api.access import PartsOf
from services.gateway.api.plain_page import Language, plain_page
from services.gateway.handlers import refusals
from services.gateway.parts import Parts
from shared.contracts.fields import SECOND, Channel
from shared.errors import NotFound, Refused
from shared.security import Principal, Role, allow

router = APIRouter(tags=["refusals"])

Sender = Annotated[Principal, Depends(allow(Role.CAMPAIGN_MANAGER, Role.SUPERVISOR, Role.ADMIN))]
GatewayId = Annotated[str, InPath(pattern=r"^[A-Za-z0-9._:\-]{1,64}$")]
Token = Annotated[str, InPath(max_length=1_000)]
VALID_SECONDS: Final = 400 * 86_400
"""A letter is found again after a year."""
PER_MINUTE: Final = 30
AGAIN: Final = 3_600 * SECOND
"""Said twice within an hour it is said once; who agreed in between can refuse anew."""
COVERED: Final = (Channel.PHONE, Channel.SMS)
WORDS: Final = {
    "zh": {
        "title": "不再来电", "question": "不再向尾号 {tail} 的号码拨打营销和回访电话、发送短信。您要求的回电不受影响。",
        "send": "确认", "done": "好的，我们不会再打扰您。",
    },
    "en": {
        "title": "No more calls", "question": "Stop our calls and texts to the number ending in {tail}. "
        "Calls you ask for yourself are not affected.", "send": "Confirm", "done": "Done: we will not disturb you again.",
    },
}  # fmt: skip


class LinkIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: Annotated[str, Field(min_length=3, max_length=32, pattern=r"^\+?[0-9 ()\-]+$")]


class Link(BaseModel):
    url: str


def audience_of(gateway_id: str) -> str:
    """What such a link is sealed for; no other token opens it."""
    return f"refuse {gateway_id}"


@router.post("/v1/refusal-links", response_model=Link, summary="A link with which this number refuses calls and texts")
async def link(parts: PartsOf, sender: Sender, body: LinkIn) -> Link:
    """The number is sealed in it: neither a mail server nor a browser's history shows it. 409 without a public address."""
    number = dialled(body.number, (await parts.directory.tenant(sender.tenant)).default_country)
    if number is None:
        raise Refused("number_invalid", "not a telephone number")
    rows = [row for row in parts.credentials.adapters() if row.tenant_id == sender.tenant]
    row = min(rows, key=lambda one: one.gateway_id, default=None)
    base = parts.settings.gateway_public_url
    if row is None or not base:
        raise Refused("no_public_address", "customers reach no page of this installation")
    holder = Visitor(number, int(time.time()) + VALID_SECONDS)
    token = seal(holder, audience_of(row.gateway_id), row.secret)
    return Link(url=f"{base.rstrip('/')}/refuse/{row.gateway_id}/{token}")


async def _holder(request: Request, parts: Parts, gateway_id: str, token: str) -> tuple[str, str]:
    """(tenant, number) a link speaks of. Raises NotFound for one altered or expired, HTTP 429 for too many."""
    await state_of(request).limits.charge(PER_MINUTE, "refuse", gateway_id, client_of(request))
    row = parts.credentials.adapter(gateway_id)
    holder = None if row is None else unseal(token, audience_of(gateway_id), row.secret, time.time())
    if row is None or holder is None:
        raise NotFound("this link is not valid, or no longer")
    return row.tenant_id, holder.visitor_id


@router.get("/refuse/{gateway_id}/{token}", include_in_schema=False)
async def question(
    request: Request, parts: PartsOf, gateway_id: GatewayId, token: Token, lang: Language = "zh"
) -> Response:
    """Asks first: programs that look at the links of a mail refuse nothing."""
    _, number = await _holder(request, parts, gateway_id, token)
    words = WORDS[lang]
    asked = html.escape(words["question"].format(tail=number[-4:]))
    form = f'<form method="post"><p>{asked}</p><input type="hidden" name="lang" value="{lang}"><button>{words["send"]}</button></form>'
    return plain_page(lang, words["title"], form)


@router.post("/refuse/{gateway_id}/{token}", include_in_schema=False)
async def refuse(
    request: Request, parts: PartsOf, gateway_id: GatewayId, token: Token, lang: Annotated[Language, Form()] = "zh"
) -> Response:
    tenant, number = await _holder(request, parts, gateway_id, token)
    key = f"{digest(number)} {parts.clock.now() // AGAIN}"
    for channel in COVERED:
        await refusals.by_number(parts, tenant, number, channel, "web", key)
    return plain_page(lang, WORDS[lang]["title"], f'<p role="status">{html.escape(WORDS[lang]["done"])}</p>')
