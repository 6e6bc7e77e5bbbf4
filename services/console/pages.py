"""The pages: thin routes that render a template for a role. Everything that lives on a page comes from the browser's API.

Who is not signed in is sent to `/sign-in` and comes back to where they wanted to go; who may not see a page is told so.
A strict Content-Security-Policy goes with every page: scripts and styles only from here, none inline.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.staticfiles import StaticFiles

from services.console.i18n import HTML_LANG, LANGUAGE_COOKIE, LANGUAGES, Words, choose_language, read_words
from services.console.settings import ConsoleSettings
from shared.security import Principal, Role, principal_of

_HERE: Final = Path(__file__).parent
_THEME_COOKIE: Final = "ucc_theme"
_ERRORS_WITH_WORDS: Final = (401, 403, 404, 503)


def content_security_policy(telephones: Sequence[str] = ()) -> str:
    """What a page may load and whom it may talk to: this console and, from telephones in pages, the exchanges named."""
    connect = " ".join(("'self'", *telephones))
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src {connect}; font-src 'self'; "
        "media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


PAGE_HEADERS: Final = {
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(self)",
    "cache-control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Page:
    """A page in the navigation: where, its template, who may open it, and its icon."""

    path: str
    name: str
    roles: tuple[Role, ...]
    icon: str

    @property
    def template(self) -> str:
        return f"{self.name}.html"


_WATCHERS: Final = (Role.SUPERVISOR, Role.ADMIN, Role.ANALYST)
_CAMPAIGNERS: Final = (Role.CAMPAIGN_MANAGER, Role.ADMIN)

NAVIGATION: Final = (
    Page("/agent", "agent", (Role.AGENT,), "headphones"),
    Page("/wallboard", "wallboard", (*_WATCHERS, Role.CAMPAIGN_MANAGER), "gauge"),
    Page("/floor", "floor", (Role.SUPERVISOR, Role.ADMIN), "layout-grid"),
    Page("/contacts", "contacts", _WATCHERS, "history"),
    Page("/campaigns", "campaigns", (*_CAMPAIGNERS, Role.SUPERVISOR), "megaphone"),
    Page("/callbacks", "callbacks", (Role.AGENT, Role.SUPERVISOR, Role.ADMIN), "phone"),
    Page("/reports", "reports", _WATCHERS, "chart-column"),
    Page("/recordings", "recordings", (Role.SUPERVISOR, Role.ADMIN), "audio-lines"),
    Page("/customers", "customers", (Role.AGENT, *_WATCHERS), "users"),
    Page("/dialogues", "dialogues", (Role.SUPERVISOR, Role.ADMIN, Role.ANALYST), "git-fork"),
    Page("/questions", "questions", (Role.AGENT, *_WATCHERS), "circle-question-mark"),
    Page("/policy", "policy", (Role.SUPERVISOR, Role.ADMIN), "shield"),
    Page("/what-if", "what_if", _WATCHERS, "lightbulb"),
    Page("/roster", "roster", (Role.SUPERVISOR, Role.ADMIN), "building-2"),
    Page("/imports", "imports", (Role.ADMIN, Role.SUPERVISOR), "upload"),
)
DETAILS: Final = (
    Page("/campaigns/new", "campaign_form", _CAMPAIGNERS, "megaphone"),
    Page("/campaigns/follow-ups", "follow_ups", _CAMPAIGNERS, "megaphone"),
    Page("/campaigns/{campaign_id}", "campaign", (*_CAMPAIGNERS, Role.SUPERVISOR), "megaphone"),
    Page("/campaigns/{campaign_id}/edit", "campaign_form", _CAMPAIGNERS, "megaphone"),
    Page("/campaigns/{campaign_id}/report", "campaign_report", (*_CAMPAIGNERS, Role.SUPERVISOR), "megaphone"),
    Page("/questions/{question_id}", "question", (Role.AGENT, *_WATCHERS), "circle-question-mark"),
    Page("/corrections", "corrections", _WATCHERS, "badge-check"),
    Page("/contacts/{contact_id}", "contact", (Role.AGENT, *_WATCHERS), "history"),
    Page("/customers/{customer_id}", "customer", (Role.AGENT, *_WATCHERS), "user"),
)
"""Pages of one thing, reached from lists."""


class Renderer:
    """Templates with the words of the request's language."""

    def __init__(self, telephones: Sequence[str] = (), *, demo: bool = False) -> None:
        self._demo = demo
        self._headers = {**PAGE_HEADERS, "content-security-policy": content_security_policy(telephones)}
        self.words: Mapping[str, Words] = {language: read_words(language) for language in LANGUAGES}
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip

    def __call__(
        self, request: Request, template: str, principal: Principal | None = None, *, status: int = 200, **context: Any
    ) -> Response:
        language = choose_language(request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", ""))
        theme = request.cookies.get(_THEME_COOKIE, "")
        html = self._templates.get_template(template).render(
            t=self.words[language],
            words=self.words[language],
            language=language,
            html_lang=HTML_LANG[language],
            theme=theme if theme in ("light", "dark") else "auto",
            principal=principal,
            navigation=[page for page in NAVIGATION if principal is not None and principal.has(*page.roles)],
            here=request.url.path,
            demo=self._demo,
            **context,
        )
        return HTMLResponse(html, status, headers=self._headers)


def first_page(principal: Principal) -> str:
    """Where somebody starts: an agent at their desk, who has only campaigns at those, everybody else at the first page they may open."""
    if principal.roles == {Role.CAMPAIGN_MANAGER}:
        return "/campaigns"
    return next(page.path for page in NAVIGATION if principal.has(*page.roles))


def _signed_in(request: Request) -> Principal | None:
    try:
        return principal_of(request)
    except HTTPException:
        return None


def _route(render: Renderer, page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def show(request: Request) -> Response:
        principal = _signed_in(request)
        if principal is None:
            return RedirectResponse(f"/sign-in?next={quote(request.url.path)}", 303)
        if not principal.has(*page.roles):
            return render(request, "error.html", principal, status=403, code=403)
        return render(request, page.template, principal, page=page, path=request.path_params)

    return show


def _routes(render: Renderer, settings: ConsoleSettings) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def start(request: Request) -> Response:
        principal = _signed_in(request)
        return RedirectResponse("/sign-in" if principal is None else first_page(principal), 303)

    @router.get("/sign-in")
    async def sign_in(request: Request) -> Response:
        return render(request, "sign_in.html", demo_sign_ins=settings.demo_sign_ins)

    @router.get("/call-us")
    async def call_us(request: Request) -> Response:
        """Being a customer, in a demonstration: the gateway's own page, framed."""
        principal = _signed_in(request)
        if not settings.demo_sign_ins:
            return render(request, "error.html", principal, status=404, code=404)
        shown = render(request, "call_us.html", principal, frame=f"{settings.gateway_url}/try")
        policy = shown.headers["content-security-policy"]
        shown.headers["content-security-policy"] = f"{policy}; frame-src {settings.gateway_url}"
        return shown

    @router.get("/words/{name}")
    async def words(name: str) -> Response:
        for found in render.words.values():
            if name == f"{found.language}.{found.version}.js":
                return Response(
                    found.module, media_type="text/javascript",
                    headers={"cache-control": "public, max-age=31536000, immutable"},
                )  # fmt: skip
        raise HTTPException(404)

    for page in (*NAVIGATION, *DETAILS):
        router.add_api_route(page.path, _route(render, page), methods=["GET"], name=f"page_{page.name}")
    return router


def _is_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


def add_pages(app: FastAPI, settings: ConsoleSettings) -> None:
    """Hang the pages, their words and static files into the console; errors of page addresses become pages too."""
    render = Renderer(settings.softphone_origins, demo=bool(settings.demo_sign_ins))
    app.include_router(_routes(render, settings))
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    as_problem = app.exception_handlers[StarletteHTTPException]

    @app.exception_handler(StarletteHTTPException)
    async def as_page(request: Request, error: StarletteHTTPException) -> Response:
        if not _is_page(request):
            return await as_problem(request, error)  # type: ignore[misc]
        code = error.status_code if error.status_code in _ERRORS_WITH_WORDS else 404
        return render(request, "error.html", _signed_in(request), status=error.status_code, code=code)
