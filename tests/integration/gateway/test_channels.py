"""Channels of this service: many on one connection, taken up again when that connection breaks."""

from __future__ import annotations

import uuid

from shared.security import Role
from tests.integration.gateway.conformance.driver import until
from tests.integration.gateway.conftest import House, token

HOLDERS = """SELECT DISTINCT pid FROM pg_locks
WHERE locktype = 'advisory' AND classid = hashtext('gateway:channel')::bigint & 4294967295 AND granted"""
MANY = 40
"""More than the service has connections."""


async def test_many_channels_hold_one_connection_and_outlive_it(house: House) -> None:
    admin = token(Role.ADMIN)
    made: list[str] = []
    for _ in range(MANY):
        entry = {"entry": f"+8621{uuid.uuid4().int % 10**8:08}", "business_line": "rental"}
        body = {"title": "texts", "kind": "sms", "settings": {"entries": [entry], "send_url": "http://127.0.0.1:9"}}
        answer = await house.http.post("/v1/gateways", json=body, headers=admin)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["gateway_id"])
    channels = house.app.state.channels
    try:
        await until(lambda: all(channels.running_with(gateway_id) for gateway_id in made))
        (holder,) = await house.rows(HOLDERS)
        await house.rows(f"SELECT pg_terminate_backend({holder['pid']})")
        await until(lambda: not any(channels.running_with(gateway_id) for gateway_id in made))
        await until(lambda: all(channels.running_with(gateway_id) for gateway_id in made))
        (successor,) = await house.rows(HOLDERS)
        assert successor["pid"] != holder["pid"]
    finally:
        for gateway_id in made:
            assert (await house.http.delete(f"/v1/gateways/{gateway_id}", headers=admin)).status_code == 204
    await until(lambda: not any(channels.running_with(gateway_id) for gateway_id in made))
