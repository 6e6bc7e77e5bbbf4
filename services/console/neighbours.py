"""The way from a page to profile, router, gateway, ivr and outbound: an allow-list, the asker's own token, bodies passed on as they come.

The neighbour checks role and tenant itself; the console adds nothing and keeps nothing.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass

import httpx
from fastapi import HTTPException, Request
from fastapi.responses import StreamingResponse
from starlette.responses import Response

from services.console.settings import ConsoleSettings
from shared.http import problem

PASSED_ON = ("content-type", "accept", "accept-language", "if-none-match", "idempotency-key", "range")
PASSED_BACK = ("content-type", "content-disposition", "content-length", "etag", "cache-control", "location", "retry-after",
               "accept-ranges", "content-range", "ucc-policy-version", "ucc-pages", "content-security-policy",
               "x-content-type-options")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Way:
    """Paths (behind `/v1/`) of a neighbour that pages may reach, and how."""

    pattern: re.Pattern[str]
    methods: frozenset[str]


def _way(pattern: str, *methods: str) -> Way:
    return Way(re.compile(pattern), frozenset(methods))


_SEGMENTS = r"(/[^/?#%\\]+)*"
WAYS: Mapping[str, tuple[Way, ...]] = {
    "profile": (
        _way(rf"(contacts|customers|cases|promises|imports){_SEGMENTS}", "GET", "POST", "PUT", "PATCH"),
    ),
    "router": (
        _way(r"contacts/[^/?#%\\]+/explanation", "GET"),
        _way(r"(state|waits)", "GET"),
        _way(r"reports/[a-z]+", "GET"),
        _way(r"policy", "GET", "PUT"),
        _way(r"policy/(versions(/\d+)?|schema|diff|plans(/[\w.:\-]+)?)", "GET"),
        _way(r"policy/(check|review|edit|rollback|plans/[\w.:\-]+/approve)", "POST"),
        _way(r"policy/plans/[\w.:\-]+", "DELETE"),
        _way(r"policy/draft", "GET", "PUT", "DELETE"),
        _way(r"what-if/(mappings|runs|records)", "GET", "POST"),
        _way(r"what-if/runs/[\w\-]+", "GET", "DELETE"),
        _way(r"what-if/records/[\w\-]+", "DELETE"),
        _way(r"what-if/records/[\w\-]+/policy", "GET"),
    ),
    "gateway": (
        _way(r"contacts/[^/?#%\\]+/conversation", "GET"),
        _way(rf"files{_SEGMENTS}", "GET"),
        _way(r"contacts/[^/?#%\\]+/(files|faxes)", "POST"),
        _way(r"callbacks", "POST"),
        _way(r"gateways", "GET", "POST"),
        _way(r"agents/[^/?#%\\]+/(endpoint|softphone)", "GET", "PUT", "DELETE"),
        _way(r"endpoints", "GET"),
        _way(rf"recordings{_SEGMENTS}", "GET", "PUT", "DELETE"),
        _way(r"faxes/(outgoing|preview\.png)", "GET", "POST"),
    ),
    "ivr": (
        _way(rf"(questions|corrections|dialogues){_SEGMENTS}", "GET", "POST", "PUT", "DELETE"),
        _way(r"(questions:import|dialogues:check|match|simulate)", "POST"),
    ),
    "outbound": (
        _way(rf"(campaigns|imports|plans|attempts|contacts){_SEGMENTS}", "GET", "POST", "PUT", "DELETE"),
        _way(r"(rulesets|caller-ids|campaign-defaults|follow-ups)", "GET"),
        _way(r"follow-up-rules", "GET", "PUT"),
        _way(r"calls", "POST"),
    ),
}  # fmt: skip


def allowed(neighbour: str, path: str, method: str) -> bool:
    """Whether pages may reach this; a path with dot segments or unprintable letters never."""
    if not path.isprintable() or any(part in ("", ".", "..") for part in path.split("/")):
        return False
    return any(way.pattern.fullmatch(path) and method in way.methods for way in WAYS.get(neighbour, ()))


class Neighbours:
    def __init__(self, settings: ConsoleSettings) -> None:
        urls = {
            "profile": settings.profile_url,
            "router": settings.router_url,
            "gateway": settings.gateway_url,
            "ivr": settings.ivr_url,
            "outbound": settings.outbound_url,
        }
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
        self._clients = {
            name: httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(30, connect=3), trust_env=False, limits=limits)
            for name, url in urls.items()
        }

    async def pass_on(self, request: Request, neighbour: str, path: str, token: str) -> Response:
        """The neighbour's answer to this request. 404 for what pages may not reach, 502 when it is away."""
        if not allowed(neighbour, path, request.method):
            raise HTTPException(404, "nothing here")
        headers = {name: value for name in PASSED_ON if (value := request.headers.get(name)) is not None}
        headers["authorization"] = f"Bearer {token}"
        body = request.stream() if request.method not in ("GET", "HEAD") else None
        if (length := request.headers.get("content-length")) is not None and body is not None:
            headers["content-length"] = length
        client = self._clients[neighbour]
        outgoing = client.build_request(
            request.method, f"/v1/{path}", params=httpx.QueryParams(request.url.query), headers=headers, content=body
        )
        try:
            answer = await client.send(outgoing, stream=True)
        except httpx.TransportError:
            return problem(502, "neighbour_away", f"{neighbour} does not answer")
        back = {name: value for name in PASSED_BACK if (value := answer.headers.get(name)) is not None}
        if "content-encoding" in answer.headers:
            back.pop("content-length", None)  # httpx unpacks it on the way
        return StreamingResponse(_body(answer), answer.status_code, headers=back)

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()


async def _body(answer: httpx.Response) -> AsyncGenerator[bytes]:
    try:
        async for piece in answer.aiter_bytes():
            yield piece
    finally:
        await answer.aclose()
