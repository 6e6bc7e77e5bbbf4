"""The page to be a customer on: a site with its chat on the left, the telephone on the right."""

from __future__ import annotations

import html
from pathlib import Path
from string import Template
from typing import Final, Literal

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from services.gateway.adapters.simulator.calls import ExchangeOf
from services.gateway.adapters.web.pages import served
from shared.errors import NotFound

router = APIRouter(include_in_schema=False)

FOLDER: Final = Path(__file__).parents[2] / "static" / "simulator"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; media-src 'self' blob:; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
Language = Literal["zh", "en"]


@router.get("/try")
async def try_it(request: Request, lang: Language = "zh", theme: Literal["light", "dark", ""] = "") -> Response:
    """To the telephone simulator of this installation, where it has one."""
    for gateway_id in request.app.state.channels.of_kind("simulator"):
        return RedirectResponse(f"/try/{gateway_id}?lang={lang}&theme={theme}", 303)
    raise NotFound("this installation has no telephone simulator")


@router.get("/try/{gateway_id}")
async def page(exchange: ExchangeOf, lang: Language = "zh", theme: Literal["light", "dark", ""] = "") -> Response:
    template = Template((FOLDER / "try.html").read_text(encoding="utf-8"))
    site = exchange.settings.site
    frame = f"/widget/demo/{html.escape(site)}?lang={lang}&theme={theme}" if site else "about:blank"
    shown = template.substitute(
        gateway=exchange.port.gateway_id, tag="zh-CN" if lang == "zh" else "en", lang=lang, theme=theme, frame=frame
    )
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
    return Response(shown, media_type="text/html; charset=utf-8", headers=headers)


@router.get("/simulator/{name}")
async def part(request: Request, name: str) -> Response:
    return served(request, FOLDER, name)
