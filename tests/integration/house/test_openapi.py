"""Every service's OpenAPI document is taken at its word: generated requests, valid and broken, never get a 5xx."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case

from shared.security import Role
from tests.integration.house.conftest import House

EXAMPLES = 5
"""Generated requests per operation and mode."""
ENDLESS = ("/v1/changes", "/v1/gateway/stream", "/api/stream")


def _assault(url: str, headers: dict[str, str]) -> tuple[int, list[str]]:
    """Requests sent, and every one that was answered with a server error."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    faults: list[str] = []
    sent = 0
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), "the document itself is sound"
        operation = result.ok()
        if operation.path in ENDLESS:
            continue
        for mode in GenerationMode:

            @settings(
                max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
            )  # fmt: skip
            @given(case=operation.as_strategy(generation_mode=mode))
            def tried(case: Case) -> None:
                nonlocal sent
                sent += 1
                answer = case.call(headers=headers, timeout=20)
                if answer.status_code >= 500:
                    faults.append(f"{answer.status_code} {case.as_curl_command()} → {answer.text[:300]}")

            with contextlib.suppress(Unsatisfiable):  # nothing about an operation without parameters can be broken
                tried()
    return sent, faults


@pytest.mark.parametrize("service", ["router", "profile", "ivr", "outbound", "gateway", "console"])
async def test_no_generated_request_is_a_server_error(house: House, service: str) -> None:
    roles = house.bearer("north", Role.AGENT, Role.SUPERVISOR, Role.ADMIN, Role.SERVICE, agent_id="north-agent")
    sent, faults = await asyncio.to_thread(_assault, house.ground.url(service), roles)
    assert sent > 40
    assert not faults, "\n".join(faults[:5])
    if service == "gateway":  # the routes of gateways have a key of their own
        key = {"authorization": f"ApiKey {house.tenants['north'].api_key}"}
        _, faults = await asyncio.to_thread(_assault, house.ground.url(service), key)
        assert not faults, "\n".join(faults[:5])


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 5000, "application/json"),
        (json.dumps({"specversion": "1.0"}).encode(), "application/cloudevents+json"),
        (b"x" * 3_000_000, "application/json"),
    ],
    ids=["empty", "cut off", "not UTF-8", "deep", "bare", "huge"],
)
async def test_malformed_bodies_get_a_clear_answer(house: House, body: bytes, content_type: str) -> None:
    admin = house.bearer("east", Role.ADMIN)  # a door of its own: other tests of this house take theirs away
    door = await house.made("gateway", "POST", "/v1/gateways", admin, json={"title": "malformed"})
    headers = {"authorization": f"ApiKey {door['api_key']}", "content-type": content_type}
    answer = await house.ask("gateway", "POST", "/v1/contact-events", headers, content=body)
    assert answer.status_code in (400, 413, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"].startswith("urn:ucc:problem:")
