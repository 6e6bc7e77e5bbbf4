"""What every HTTP service shares: problem+json, health, metrics, quiet logs, body limits, keyset pages.

Errors are RFC 9457 problems: `type` ends in a stable code, `errors` names each field exactly, no value is quoted back.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, cast

import asyncpg
import structlog
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from prometheus_client import generate_latest
from pydantic import BaseModel
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import telemetry
from shared.contracts.wire import InvalidMessage
from shared.errors import Backpressure, BrokerUnavailable, Forbidden, NotFound, Refused
from shared.security import TokenVerifier
from shared.settings import UccSettings

Check = Callable[[], Awaitable[str | None]]
"""A readiness check: None when well, else what is wrong."""

PROBLEM: Final = "application/problem+json"
MAX_CURSOR: Final = 1_000
DATABASE_AWAY: Final = (
    asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.CrashShutdownError, asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError, asyncpg.InterfaceError, OSError,
)  # fmt: skip
"""What it looks like when PostgreSQL restarts or is not reached: the request may be sent again."""


class FieldError(BaseModel):
    """Where (dotted path), what, and a stable code."""

    field: str
    message: str
    code: str = "invalid"


class Problem(BaseModel):
    """RFC 9457 problem."""

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldError] = []


PROBLEM_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem, "description": text}
    for status, text in {
        400: "Malformed request", 401: "No valid token", 403: "Not for this role", 404: "Not in this tenant",
        409: "Not possible now", 413: "Too large", 415: "Unsupported media type", 422: "A field is wrong",
        429: "Too many requests", 503: "Try again later",
    }.items()
}  # fmt: skip


def problem(
    status: int, code: str, detail: str | None = None, *, errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:  # fmt: skip
    """A problem+json response; `code` is stable and machine-readable."""
    body: dict[str, Any] = {"type": f"urn:ucc:problem:{code}", "title": code.replace("_", " "), "status": status}
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = errors
    return JSONResponse(body, status, media_type=PROBLEM, headers=dict(headers or {}))


class Quiet:
    """ASGI middleware: request id (logged with every line, answered as `x-request-id`), body limit, metrics by the route's template,
    never its path; no access log."""

    def __init__(self, app: ASGIApp, service: str, max_body: int) -> None:
        self.app, self.service, self.max_body = app, service, max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self.max_body:
            return await problem(413, "too_large", f"at most {self.max_body} bytes")(scope, receive, send)
        read, started, status, request_id = 0, time.perf_counter(), 500, uuid.uuid4().hex[:12]

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.max_body:
                raise HTTPException(413, f"at most {self.max_body} bytes")
            return message

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (b"x-content-type-options", b"nosniff"),
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self.app(scope, limited, observed)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            telemetry.count("ucc_http_requests_total", service=self.service, route=route, status=str(status))
            telemetry.observe("ucc_http_seconds", time.perf_counter() - started, service=self.service, route=route)
            structlog.contextvars.unbind_contextvars("request_id")


_STATUS_CODES: Final = {400: "malformed", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
                        409: "conflict", 413: "too_large", 415: "unsupported_media_type", 422: "invalid", 429: "too_many_requests",
                        503: "unavailable"}  # fmt: skip


def _install_problems(app: FastAPI, service: str) -> None:
    @app.exception_handler(StarletteHTTPException)
    async def http_error(_request: Request, error: StarletteHTTPException) -> Response:
        return problem(
            error.status_code, _STATUS_CODES.get(error.status_code, "error"), str(error.detail), headers=error.headers
        )

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        faults = [
            {
                "field": ".".join(str(part) for part in e["loc"][e["loc"][0] == "body" :]) or "body",
                "message": e["msg"],
                "code": e["type"],
            }
            for e in error.errors()
        ]
        malformed = any(e["code"] == "json_invalid" for e in faults)
        return problem(400 if malformed else 422, "malformed" if malformed else "invalid", "see errors", errors=faults)

    @app.exception_handler(InvalidMessage)
    async def bad_message(_request: Request, error: InvalidMessage) -> Response:
        return problem(422, "invalid", str(error), errors=[dict(fault) for fault in error.faults] or None)

    @app.exception_handler(Refused)
    async def refused(_request: Request, error: Refused) -> Response:
        return problem(409, error.code, error.detail)

    @app.exception_handler(NotFound)
    async def missing(_request: Request, error: NotFound) -> Response:
        return problem(404, "not_found", str(error) or None)

    @app.exception_handler(Forbidden)
    async def forbidden(_request: Request, error: Forbidden) -> Response:
        return problem(403, "forbidden", str(error) or None)

    @app.exception_handler(BrokerUnavailable)
    @app.exception_handler(Backpressure)
    async def away(_request: Request, error: Exception) -> Response:
        return problem(503, "unavailable", str(error) or None, headers={"Retry-After": "2"})

    async def database_away(_request: Request, error: Exception) -> Response:
        telemetry.logger(service).warning("database away", fault=type(error).__name__)
        return problem(503, "unavailable", "the database is away", headers={"Retry-After": "2"})

    for fault in DATABASE_AWAY:
        app.add_exception_handler(fault, database_away)

    @app.exception_handler(Exception)
    async def bug(_request: Request, error: Exception) -> Response:
        telemetry.logger(service).error("unhandled error", fault=type(error).__name__, exc_info=error)
        return problem(500, "internal", "the fault is logged")


def create_service(
    service: str,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]],
    checks: Callable[[FastAPI], Mapping[str, Check]],
    verify_keys: str,
    *,
    description: str,
    max_body: int = 2_000_000,
) -> FastAPI:
    """A FastAPI application with everything this module promises. `checks` are asked by `/readyz`, 2 s each at most."""
    settings = UccSettings()
    telemetry.configure_logging_unless_done(settings.log_level, json=settings.log_json)
    app = FastAPI(
        title=f"UCC {service}", version="1", description=description, lifespan=lifespan, responses=PROBLEM_RESPONSES,
        openapi_url="/openapi.json", docs_url="/docs", redoc_url=None,
    )  # fmt: skip
    app.state.verifier = TokenVerifier(verify_keys)
    app.add_middleware(Quiet, service=service, max_body=max_body)  # type: ignore[arg-type]
    _install_problems(app, service)

    @app.get("/livez", tags=["health"], summary="The process turns")
    async def livez() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", tags=["health"], summary="Each thing this service needs, and whether it is there")
    async def readyz() -> Response:
        async def ask(check: Check) -> str | None:
            try:
                async with asyncio.timeout(2):
                    return await check()
            except TimeoutError:
                return "no answer within 2 s"
            except Exception as error:  # noqa: BLE001  whatever it raises is what is wrong with the thing checked
                return type(error).__name__

        named = checks(app)
        faults = dict(zip(named, await asyncio.gather(*(ask(check) for check in named.values())), strict=True))
        ready = not any(faults.values())
        body = {"status": "ok" if ready else "unready", "checks": {k: v or "ok" for k, v in faults.items()}}
        return JSONResponse(body, 200 if ready else 503)

    @app.get("/metrics", tags=["health"], include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(telemetry.REGISTRY), media_type="text/plain; version=0.0.4")

    return app


def encode_cursor(*key: str | int) -> str:
    """An opaque position in a keyset-ordered list."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type) -> tuple[Any, ...]:
    """The key of a cursor. Raises HTTP 422 for anything not made by `encode_cursor`, or that no column could hold."""
    try:
        if len(cursor) > MAX_CURSOR:
            raise ValueError
        decoded: Any = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        key = cast("list[Any]", decoded) if isinstance(decoded, list) else []
        if [type(part) for part in key] != list(kinds) or not all(map(_storable, key)):
            raise ValueError
    except (ValueError, binascii.Error) as error:
        raise HTTPException(422, "cursor: not one of ours") from error
    return tuple(key)


def _storable(part: str | int) -> bool:
    if isinstance(part, int):
        return -(2**63) <= part < 2**63
    return not any(character == "\x00" or "\ud800" <= character <= "\udfff" for character in part)
