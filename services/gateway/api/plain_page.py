"""A page of one question for customers: no script, nothing from elsewhere, framed by nobody."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import Final, Literal

from fastapi.responses import Response

PAGE: Final = Path(__file__).parents[1] / "static" / "rating" / "rating.html"
POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
Language = Literal["zh", "en"]


def plain_page(language: Language, title: str, body: str) -> Response:
    """`body`: HTML, its words escaped."""
    shown = Template(PAGE.read_text(encoding="utf-8")).substitute(
        tag="zh-CN" if language == "zh" else "en", title=title, body=body
    )
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(shown, media_type="text/html; charset=utf-8", headers=headers)
