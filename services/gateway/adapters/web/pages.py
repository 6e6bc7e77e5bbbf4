"""The widget itself, and a page of a make-believe site that embeds it: to be tried, and to be copied from."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from string import Template
from typing import Final, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.gateway.adapters.web.access import SiteOf
from shared.errors import NotFound

router = APIRouter(include_in_schema=False)

FOLDER: Final = Path(__file__).parents[2] / "static" / "widget"
_TYPES: Final = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
_CACHED: Final = "public, max-age=300"
DEMO_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; base-uri 'none'; "
    "form-action 'none'"
)
"""What a page needs to allow for the widget, and no more."""


@cache
def asset(folder: Path, name: str) -> tuple[bytes, str, str]:
    """Bytes, media type and entity tag of a file of ours. Raises NotFound."""
    file, ending = folder / name, name.rpartition(".")[2]
    if ending not in _TYPES or "/" in name or not file.is_file():
        raise NotFound("nothing here")
    body = file.read_bytes()
    return body, _TYPES[ending], f'"{hashlib.sha256(body).hexdigest()[:20]}"'


def served(request: Request, folder: Path, name: str) -> Response:
    """A script or style sheet any page may load; asked for again it is compared, not sent."""
    body, media_type, tag = asset(folder, name)
    headers = {
        "ETag": tag, "Cache-Control": _CACHED, "Cross-Origin-Resource-Policy": "cross-origin",
        "Access-Control-Allow-Origin": "*",
    }  # fmt: skip
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=f"{media_type}; charset=utf-8", headers=headers)


@router.get("/widget/{name}")
async def widget(request: Request, name: str) -> Response:
    return served(request, FOLDER, name)


@router.get("/widget/demo/{site}")
async def demo(site: SiteOf, lang: Literal["zh", "en"] = "zh", theme: Literal["light", "dark", ""] = "") -> Response:
    """Homes for rent and for sale that do not exist, with the chat of this site."""
    page = Template((FOLDER / f"demo.{lang}.html").read_text(encoding="utf-8"))
    html = page.substitute(site=site.port.gateway_id, theme=theme, tag="zh-CN" if lang == "zh" else "en")
    headers = {"Content-Security-Policy": DEMO_POLICY, "Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
    return Response(html, media_type="text/html; charset=utf-8", headers=headers)
