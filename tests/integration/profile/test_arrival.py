"""An arrival is answered once with who it is, and the pop is there."""

from __future__ import annotations

from tests.integration.profile.conftest import House


async def test_unknown_caller_prompts_to_create(house: House, number: str) -> None:
    contact = await house.arrive(number)
    pop = await house.pop(contact)
    assert pop["customer"] is None
    assert [prompt["code"] for prompt in pop["prompts"]] == ["create_customer"]
    assert pop["contact"]["address_masked"] == f"{number[3:6]}****{number[-4:]}"
    assert pop["contact"]["address"] is None
