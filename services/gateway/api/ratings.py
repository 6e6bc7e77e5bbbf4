"""The page behind a rating link: one question, one answer, no script."""

from __future__ import annotations

import html
import time
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from services.gateway import store
from services.gateway.adapters.web.access import client_of, state_of
from services.gateway.adapters.web.tokens import unseal
from services.gateway.api.access import PartsOf
from services.gateway.api.plain_page import Language, plain_page
from services.gateway.handlers import ratings
from services.gateway.handlers.ratings import Taken
from services.gateway.parts import Parts
from shared.errors import NotFound
from shared.postgres import tenant_transaction

router = APIRouter(include_in_schema=False)

PER_MINUTE: Final = 30
GatewayId = Annotated[str, InPath(pattern=r"^[A-Za-z0-9._:\-]{1,64}$")]
Token = Annotated[str, InPath(max_length=1_000)]

WORDS: Final = {
    "zh": {
        "title": "服务评价", "question": "本次服务您是否满意？", "low": "很不满意", "high": "非常满意", "send": "提交",
        Taken.COUNTED: "谢谢，您的评价已收到。", Taken.ALREADY: "您已评价过，谢谢。", Taken.NOT_ASKED: "此链接已失效。",
    },
    "en": {
        "title": "How was it?", "question": "How satisfied are you with our service?", "low": "Not at all",
        "high": "Very", "send": "Send", Taken.COUNTED: "Thank you, we have your answer.",
        Taken.ALREADY: "You have answered already, thank you.", Taken.NOT_ASKED: "This link is no longer valid.",
    },
}  # fmt: skip


async def _asked(request: Request, parts: Parts, gateway_id: str, token: str) -> tuple[str, str]:
    """(tenant, contact) a link speaks of. Raises NotFound for one altered or expired, HTTP 429 for too many."""
    await state_of(request).limits.charge(PER_MINUTE, "rate", gateway_id, client_of(request))
    row = parts.credentials.adapter(gateway_id)
    holder = None if row is None else unseal(token, ratings.audience_of(gateway_id), row.secret, time.time())
    if row is None or holder is None:
        raise NotFound("this link is not valid, or no longer")
    return row.tenant_id, holder.visitor_id


@router.get("/rate/{gateway_id}/{token}")
async def question(
    request: Request, parts: PartsOf, gateway_id: GatewayId, token: Token, lang: Language = "zh"
) -> Response:
    tenant, contact_id = await _asked(request, parts, gateway_id, token)
    async with tenant_transaction(parts.api, tenant) as connection:
        known = await store.rating(connection, contact_id)
    if known is None or known.score is not None:
        return _page(lang, _note(lang, Taken.NOT_ASKED if known is None else Taken.ALREADY))
    return _page(lang, _form(lang, known.scale))


@router.post("/rate/{gateway_id}/{token}")
async def answer(
    request: Request, parts: PartsOf, gateway_id: GatewayId, token: Token,
    score: Annotated[int, Form(ge=1, le=10)], lang: Annotated[Language, Form()] = "zh",
) -> Response:  # fmt: skip
    tenant, contact_id = await _asked(request, parts, gateway_id, token)
    taken = await ratings.give(parts, tenant, contact_id, score, "link")
    return _page(lang, _note(lang, taken))


def _note(lang: Language, taken: Taken) -> str:
    return f'<p role="status">{html.escape(WORDS[lang][taken])}</p>'


def _form(lang: Language, scale: int) -> str:
    words = WORDS[lang]
    stars = "".join(
        f'<label><input type="radio" name="score" value="{n}" required><span>{n}</span></label>'
        for n in range(1, scale + 1)
    )
    return (
        f'<form method="post"><input type="hidden" name="lang" value="{lang}"><fieldset>'
        f"<legend>{words['question']}</legend><div>{stars}</div>"
        f'<p class="ends"><span>1 {words["low"]}</span><span>{scale} {words["high"]}</span></p></fieldset>'
        f"<button>{words['send']}</button></form>"
    )


def _page(lang: Language, body: str) -> Response:
    return plain_page(lang, WORDS[lang]["title"], body)
