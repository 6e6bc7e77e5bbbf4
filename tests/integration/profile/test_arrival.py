"""An arrival is answered once with who it is, and the pop is there."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka.structs import ConsumerRecord

from services.profile.handlers.contact_arrived import ProfileContact
from shared.contracts.envelope import Envelope
from shared.contracts.fields import AddressKind, Channel
from shared.contracts.wire import CONTACT_EVENTS
from shared.errors import BrokerUnavailable
from shared.kafka import Received
from tests.integration.profile.conftest import PARTITION, House


async def test_unknown_caller_prompts_to_create(house: House, number: str) -> None:
    contact = await house.arrive(number)
    pop = await house.pop(contact)
    assert pop["customer"] is None
    assert [prompt["code"] for prompt in pop["prompts"]] == ["create_customer"]
    assert pop["contact"]["address_masked"] == f"{number[3:6]}****{number[-4:]}"
    assert pop["contact"]["address"] is None


async def test_known_number_is_the_customer_however_it_is_written(house: House, number: str) -> None:
    spoken = f"{number[3:6]} {number[6:10]}-{number[10:]}"  # no country code: the tenant's default
    made = await house.customer(name="王小芳", tier="gold", identities=[{"kind": "phone", "value": spoken}])
    pop = await house.pop(await house.arrive(number))
    assert pop["customer"]["customer_id"] == made["customer"]["customer_id"]
    assert pop["contact"]["identity_level"] == "recognised"
    assert pop["tier"] == {
        "code": "gold",
        "why": {"zh": "gold：等级来自客户系统", "en": "gold: as set in the customer system"},
    }


async def test_shared_number_gives_candidates_and_nobodys_data(house: House, number: str) -> None:
    for name in ("陈伟", "陈丽"):
        await house.customer(name=name, identities=[{"kind": "phone", "value": number}])
    contact = await house.arrive(number)
    pop = await house.pop(contact)
    assert pop["customer"] is None
    assert sorted(c["name"] for c in pop["candidates"]) == ["陈丽", "陈伟"]
    assert [prompt["code"] for prompt in pop["prompts"]] == ["choose_customer"]
    chosen = pop["candidates"][0]["customer_id"]
    async with house.client() as client:
        assert (await client.post(f"/v1/contacts/{contact}/customer", json={"customer_id": chosen})).status_code == 200
    pop = await house.pop(contact)
    assert pop["customer"]["customer_id"] == chosen
    assert pop["candidates"] == []


async def test_poison_is_laid_aside_and_blocks_nobody(house: House, number: str) -> None:
    poison = house.arrival(number, display_name="a\x00b")
    stranger = house.arrival(number, tenant="nobody-knows")
    for envelope in (poison, stranger):
        await house.producer.publish(CONTACT_EVENTS, envelope, partition=PARTITION)
    assert (await house.pop(await house.arrive(number)))["customer"] is None


@pytest.mark.parametrize(
    ("kind", "channel"), [("email", Channel.EMAIL), ("web", Channel.WEB), ("crm", Channel.WEB), ("fax", Channel.FAX)]
)
async def test_every_kind_of_identity_is_found(house: House, number: str, kind: str, channel: Channel) -> None:
    value = {"email": f"Li.{number[1:]}@Example.com", "fax": number}.get(kind, f"id-{number[1:]}")
    made = await house.customer(name="李强", identities=[{"kind": kind, "value": value}])
    written = value.lower() if kind == "email" else value
    pop = await house.pop(await house.arrive(written, kind=AddressKind(kind), channel=channel))
    assert pop["customer"]["customer_id"] == made["customer"]["customer_id"]
    assert pop["contact"]["identity_level"] == ("claimed" if kind == "email" else "recognised")


async def test_withheld_number_is_nobody_and_is_served(house: House) -> None:
    for address in ("anonymous", None):
        pop = await house.pop(await house.arrive(address))
        assert (pop["customer"], pop["contact"]["address_masked"]) == (None, None)


class DyingProducer:
    """A broker that is lost between the commit and the acknowledgement, then comes back."""

    def __init__(self) -> None:
        self.lost, self.told = True, list[Envelope[Any]]()

    async def publish(self, _topic: str, envelope: Envelope[Any], *, partition: int) -> None:
        if self.lost:
            raise BrokerUnavailable("not acknowledged")
        self.told.append(envelope)


async def test_dying_between_commit_and_publish_is_harmless(house: House, number: str) -> None:
    room, producer, envelope = house.app.state.room, DyingProducer(), house.arrival(number)
    handler = ProfileContact(room.workers, room.directory, producer, room.clock, room.settings)  # type: ignore[arg-type]
    record = ConsumerRecord(CONTACT_EVENTS, PARTITION, 0, 0, 0, None, None, None, 0, 0, ())
    with pytest.raises(BrokerUnavailable):
        await handler(Received(envelope, record))
    await house.customer(name="其间新建", identities=[{"kind": "phone", "value": number}])
    producer.lost = False
    for _ in range(2):
        await handler(Received(envelope, record))
    assert len({told.id for told in producer.told}) == 1
    assert [told.data.customer_id for told in producer.told] == [None, None]  # what was recorded first is what is told
    assert (
        await house.owner.fetchval("SELECT count(*) FROM profile.contacts WHERE contact_id = $1", envelope.subject) == 1
    )
