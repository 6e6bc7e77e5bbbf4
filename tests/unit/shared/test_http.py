"""What every HTTP service promises: problems, limits, readiness, cursors that cannot be tampered with."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI, HTTPException, Query
from pydantic import BaseModel, Field

from shared.contracts.wire import InvalidMessage
from shared.errors import Backpressure, BrokerUnavailable, Conflict, Forbidden, NotFound, Refused
from shared.http import PROBLEM, Check, create_service, decode_cursor, encode_cursor
from shared.security import Principal, Role, allow, issue_token, new_signing_key, public_keys

KEY = new_signing_key()


class Order(BaseModel):
    cups: Annotated[int, Field(ge=1)]
    body: str = ""


RAISED: dict[str, tuple[Exception, int, str]] = {
    "refused": (Refused("already_closed", "the case is closed"), 409, "already_closed"),
    "conflict": (Conflict("stale_version", "somebody was first"), 409, "stale_version"),
    "missing": (NotFound("no such case"), 404, "not_found"),
    "forbidden": (Forbidden("not your team"), 403, "forbidden"),
    "invalid": (InvalidMessage("contact_id: too long"), 422, "invalid"),
    "broker": (BrokerUnavailable("not acknowledged"), 503, "unavailable"),
    "pressure": (Backpressure("busy"), 503, "unavailable"),
    "teapot": (HTTPException(415, "coffee only"), 415, "unsupported_media_type"),
}


def service(checks: Mapping[str, Check] | None = None) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield

    app = create_service(
        "probe", lifespan, lambda _app: checks or {}, public_keys(KEY), description="probe", max_body=100
    )

    @app.post("/orders")
    async def order(order: Order) -> Order:
        return order

    @app.get("/raise/{kind}")
    async def fail(kind: str) -> None:
        raise RAISED[kind][0]

    @app.get("/bug")
    async def bug() -> None:
        raise ZeroDivisionError("13900000017")

    @app.get("/list")
    async def listed(limit: Annotated[int, Query(ge=1, le=10)] = 5) -> int:
        return limit

    @app.get("/own")
    async def own(who: Annotated[Principal, Depends(allow(Role.AGENT, Role.ADMIN))]) -> str:
        return who.tenant

    return app


@asynccontextmanager
async def client(app: FastAPI | None = None) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app or service(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://probe") as http:
        yield http


def problem_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == PROBLEM
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["type"].startswith("urn:ucc:problem:")
    return problem


@pytest.mark.parametrize("kind", RAISED)
async def test_an_error_becomes_a_problem_with_a_stable_code(kind: str) -> None:
    error, status, code = RAISED[kind]
    async with client() as http:
        answer = await http.get(f"/raise/{kind}")
    assert (answer.status_code, problem_of(answer)["type"]) == (status, f"urn:ucc:problem:{code}")
    assert problem_of(answer)["detail"] == (error.detail if isinstance(error, HTTPException) else str(error))
    assert ("retry-after" in answer.headers) == (status == 503)


async def test_a_bug_is_a_500_that_tells_nothing() -> None:
    async with client() as http:
        answer = await http.get("/bug")
        metrics = (await http.get("/metrics")).text
    assert problem_of(answer)["status"] == 500
    assert "139" not in answer.text
    assert 'ucc_http_requests_total{route="/bug",service="probe",status="500"}' in metrics


async def test_a_wrong_field_is_named_exactly_and_not_quoted() -> None:
    async with client() as http:
        answer = await http.post("/orders", json={"cups": 0, "body": 13900000017})
    assert answer.status_code == 422
    assert [fault["field"] for fault in problem_of(answer)["errors"]] == ["cups", "body"]
    assert "139" not in answer.text


async def test_other_refusals_are_problems_too() -> None:
    async with client() as http:
        assert (
            problem_of(await http.post("/orders", content=b"{", headers={"content-type": "application/json"}))["status"]
            == 400
        )
        assert problem_of(await http.get("/nowhere"))["type"].endswith("not_found")
        assert problem_of(await http.delete("/orders"))["type"].endswith("method_not_allowed")
        assert problem_of(await http.get("/list?limit=11"))["errors"][0]["field"] == "query.limit"


async def test_a_body_over_the_limit_is_refused_by_its_declared_length() -> None:
    async with client() as http:
        answer = await http.post("/orders", json={"cups": 1, "body": "x" * 200})
        assert problem_of(answer)["type"].endswith("too_large")
        assert answer.status_code == 413
        assert (await http.post("/orders", json={"cups": 1, "body": "x" * 50})).status_code == 200


async def test_a_chunked_body_over_the_limit_is_refused_too() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b'{"cups": 1}'

    async with client() as http:
        answer = await http.post("/orders", content=chunks(), headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert problem_of(answer)["type"].endswith("too_large")


@pytest.mark.parametrize("length", ["-1", "1e3", "many", "²"])
async def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    async with client() as http:
        answer = await http.post("/orders", content=b"{}", headers=[(b"content-length", length.encode("latin-1"))])
    assert answer.status_code == 413


async def test_no_token_wrong_role_and_the_right_one() -> None:
    def bearer(*roles: Role) -> dict[str, str]:
        token = issue_token(KEY, Principal("u", "acme", frozenset(roles)), lifetime_seconds=3600)
        return {"authorization": f"Bearer {token}"}

    async with client() as http:
        nobody = await http.get("/own")
        assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
        assert problem_of(nobody)["type"].endswith("unauthenticated")
        assert problem_of(await http.get("/own", headers=bearer(Role.ANALYST)))["status"] == 403
        assert (await http.get("/own", headers=bearer(Role.ADMIN))).json() == "acme"
        token = bearer(Role.AGENT)["authorization"].split()[1]
        assert (await http.get("/own", headers={"cookie": f"ucc_session={token}"})).json() == "acme"


async def test_readiness_tells_each_check_and_never_falls_over() -> None:
    async def well() -> None:
        return None

    async def behind() -> str:
        return "3 partitions not owned"

    async def broken() -> str:
        raise LookupError("13900000017")

    async def hanging() -> None:
        await asyncio.Event().wait()

    async with client(service({"database": well})) as http:
        answer = await http.get("/readyz")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok", "checks": {"database": "ok"}})
    async with client(service({"database": well, "router": behind, "broker": broken, "profile": hanging})) as http:
        answer = await http.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"] == {
            "database": "ok", "router": "3 partitions not owned", "broker": "LookupError", "profile": "no answer within 2 s",
        }  # fmt: skip
        assert (await http.get("/livez")).json() == {"status": "ok"}  # alive, though not ready


async def test_every_answer_carries_its_request_id_and_is_not_sniffed() -> None:
    async with client() as http:
        first, second = await http.get("/livez"), await http.get("/livez")
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


def test_a_cursor_comes_back_as_it_was() -> None:
    for key in [(1_764_554_400_000_001, "c-1"), (0, ""), (-5, "張　三\n")]:
        assert decode_cursor(encode_cursor(*key), int, str) == key


def raw(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "é", "=" * 8, raw([1]), raw(["a", 1]), raw([1, "a", 2]), raw([True, "a"]), raw([1.5, "a"]), raw({"a": 1}), raw(None),
     raw([2**63, "a"]), raw([-(2**63) - 1, "a"]), raw([1, "a\x00"]), raw([1, "\ud800"]), raw([1, "a" * 2_000]),
     base64.urlsafe_b64encode(b"[" * 100_000).decode(), base64.urlsafe_b64encode(b"\xff\xfe").decode(), raw([None, None])],
)  # fmt: skip
def test_a_tampered_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(HTTPException) as refusal:
        decode_cursor(cursor, int, str)
    assert refusal.value.status_code == 422
