"""A customer proves who they are by PIN, through self-service: three tries a contact, and nothing keeps what was typed."""

from __future__ import annotations

import httpx

from shared.security import Role
from tests.integration.profile.conftest import House


async def _caller(house: House, number: str) -> tuple[str, str]:
    """A customer with a PIN, on the phone."""
    made = await house.customer(name="王芳", identities=[{"kind": "phone", "value": number}])
    customer_id = made["customer"]["customer_id"]
    async with house.client(Role.SUPERVISOR) as supervisor:
        assert (await supervisor.put(f"/v1/customers/{customer_id}/pin", json={"pin": "482913"})).status_code == 204
    return customer_id, await house.arrive(number)


async def _try(house: House, contact_id: str, pin: str) -> httpx.Response:
    async with house.client(Role.SERVICE, tenant="*") as service:
        return await service.post(
            f"/v1/contacts/{contact_id}/verify", params={"tenant": house.tenant}, json={"kind": "pin", "value": pin}
        )


async def test_the_right_pin_opens_the_terms_of_contracts(house: House, number: str) -> None:
    _, contact_id = await _caller(house, number)
    assert (await house.pop(contact_id))["contact"]["identity_level"] == "recognised"
    assert (await _try(house, contact_id, "000000")).json() == {"verified": False}
    assert (await _try(house, contact_id, "482913")).json() == {"verified": True}
    assert (await house.pop(contact_id))["contact"]["identity_level"] == "verified"


async def test_after_three_tries_even_the_right_pin_is_refused(house: House, number: str) -> None:
    _, contact_id = await _caller(house, number)
    for wrong in ("000000", "111111", "222222"):
        assert (await _try(house, contact_id, wrong)).json() == {"verified": False}
    assert (await _try(house, contact_id, "482913")).json() == {"verified": False}


async def test_a_pin_is_locked_by_failures_of_many_contacts_until_it_is_set_anew(house: House, number: str) -> None:
    customer_id, contact_id = await _caller(house, number)
    await house.owner.execute("UPDATE profile.pins SET failures = 10 WHERE customer_id = $1", customer_id)
    assert (await _try(house, contact_id, "482913")).json() == {"verified": False}
    async with house.client(Role.SUPERVISOR) as supervisor:
        await supervisor.put(f"/v1/customers/{customer_id}/pin", json={"pin": "573920"})
    assert (await _try(house, contact_id, "573920")).json() == {"verified": True}


async def test_a_contact_of_nobody_is_never_verified(house: House, number: str) -> None:
    contact_id = await house.arrive(number)
    assert (await _try(house, contact_id, "482913")).json() == {"verified": False}


async def test_only_a_service_may_try_and_only_supervisors_set(house: House, number: str) -> None:
    customer_id, contact_id = await _caller(house, number)
    async with house.client(Role.AGENT) as agent:
        body = {"kind": "pin", "value": "482913"}
        assert (await agent.post(f"/v1/contacts/{contact_id}/verify", json=body)).status_code == 403
        assert (await agent.put(f"/v1/customers/{customer_id}/pin", json={"pin": "482913"})).status_code == 403
    refused = await _try(house, contact_id, "9" * 40)
    assert refused.status_code == 422
    assert "9999" not in refused.text
    stored = await house.owner.fetchval("SELECT hash FROM profile.pins WHERE customer_id = $1", customer_id)
    assert "482913" not in stored
    assert stored.startswith("$argon2id$")


async def test_the_note_of_self_service_stands_in_the_pop_once(house: House, number: str) -> None:
    contact_id = await house.arrive(number)
    async with house.client(Role.SERVICE, tenant="*") as service:
        for _ in range(2):
            path = f"/v1/contacts/{contact_id}/self-service"
            answer = await service.post(path, params={"tenant": house.tenant}, json={"note": "合同 › 合同编号: 4711"})
            assert answer.status_code == 200
        pop = (await service.get(f"/v1/contacts/{contact_id}/pop", params={"tenant": house.tenant})).json()
        assert (await service.get(f"/v1/contacts/{contact_id}/pop")).status_code == 403
    assert pop["contact"]["note"] == "合同 › 合同编号: 4711"
