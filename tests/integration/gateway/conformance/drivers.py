"""The channels under the suite, each with the outside world it speaks to."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx

from shared.contracts.fields import Channel
from shared.security import Role
from tests.integration.gateway.conformance.driver import BUSINESS_LINE, Customer, Driver, create_channel, until
from tests.integration.gateway.conformance.sms_gateway import SmsGateway
from tests.integration.gateway.conformance.twiml_gateway import ACCOUNT, TOKEN, Leg, TwimlGateway
from tests.integration.gateway.conftest import serving, token

ENTRY = "+862155550100"


def caller_number() -> str:
    """A mobile number nobody else in the tests has."""
    return f"+86139{uuid.uuid4().int % 10**8:08d}"


class Twiml(Driver):
    name = "twiml"
    channel = Channel.PHONE
    abilities = frozenset({"leaves", "is heard leaving", "prompts", "hears of its place", "phones"})

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
            self.network = TwimlGateway(http)
            async with serving(self.network.app()) as api:
                public = str(self.house.http.base_url).rstrip("/")
                made = await create_channel(self.house, "twiml", {
                    "account_sid": ACCOUNT, "auth_token": TOKEN, "api_url": f"{api}/2010-04-01", "public_url": public,
                    "caller_id": ENTRY, "announce_seconds": 1, "sip_domain": "phones.example",
                    "entries": [{"entry": ENTRY, "business_line": BUSINESS_LINE}],
                })  # fmt: skip
                self.gateway_id = made["gateway_id"]
                base = f"{public}/v1/twiml/{self.gateway_id}"
                self.network.voice_url, self.network.status_url = f"{base}/voice", f"{base}/status"
                await self.house.http.put(
                    "/v1/agents/agent-7/endpoint", json={"kind": "sip", "address": "agent-7"}, headers=token(Role.ADMIN)
                )
                yield
                await self.network.close()

    async def arrives(self) -> Customer:
        leg = await self.network.call(caller_number(), ENTRY)
        port, _ = self.house.app.state.channels.port(self.gateway_id, "twiml")
        return Customer(port.contact_id(leg.sid), leg)

    async def delivers_again(self, customer: Customer) -> None:
        leg: Leg = customer.handle
        for url, form in [each for each in self.network.sent if each[1]["CallSid"] == leg.sid]:
            assert (await self.network.deliver(url, form)).status_code in (200, 204)

    async def intrudes(self) -> int:
        forger = TwimlGateway(self.network.http, self.network.voice_url, token="not the token")
        leg = Leg("CA" + uuid.uuid4().hex, caller_number(), ENTRY, inbound=True)
        return (await forger.post(forger.voice_url, leg)).status_code

    async def says(self, customer: Customer, words: str) -> None:
        self.network.press(customer.handle, words)

    async def hears(self, customer: Customer, words: str) -> None:
        await self.network.until(customer.handle, words)

    async def times_heard(self, customer: Customer, words: str) -> int:
        return sum(words in each for each in customer.handle.heard)

    async def leaves(self, customer: Customer) -> None:
        await self.network.hang_up(customer.handle)

    async def sees_the_end(self, customer: Customer) -> None:
        await self.network.until_over(customer.handle)


class Sms(Driver):
    name = "sms"
    channel = Channel.SMS
    abilities = frozenset({"prompts", "writes", "reports"})

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
            self.network = SmsGateway(http)
            async with serving(self.network.app()) as api:
                made = await create_channel(self.house, "sms", {
                    "entries": [{"entry": ENTRY, "business_line": BUSINESS_LINE}], "send_url": f"{api}/texts",
                    "send_headers": {"Authorization": "Bearer key of the gateway"}, "sent_id": "message.id",
                    "incoming": {"id": "message.id", "text": "message.text"}, "reports": {"id": "message.id"},
                })  # fmt: skip
                self.gateway_id = made["gateway_id"]
                base = f"{str(self.house.http.base_url).rstrip('/')}/v1/sms/{self.gateway_id}"
                self.network.inbound_url, self.network.reports_url = f"{base}/inbound", f"{base}/reports"
                self.network.secret = made["secret"]
                yield

    async def arrives(self) -> Customer:
        number = caller_number()
        await self.says(Customer("", number), "你好")
        return Customer(await self.contact_of(number), number)

    async def contact_of(self, number: str) -> str:
        """The contact a number's conversation is in, as it is written down."""
        rows = await self.house.rows(
            "SELECT c.contact_id FROM gateway.contacts c JOIN gateway.notes n USING (gateway_id) "
            "WHERE n.key = 'contact ' || c.subject AND n.value->>'customer' = $1 ORDER BY c.opened_at DESC", number
        )  # fmt: skip
        return rows[0]["contact_id"]

    async def delivers_again(self, customer: Customer) -> None:
        for url, raw in [each for each in self.network.sent if customer.handle in each[1].decode()]:
            assert (await self.network.deliver(url, raw)).status_code == 200

    async def intrudes(self) -> int:
        forger = SmsGateway(self.network.http, self.network.inbound_url, secret="whsec_bm90IHRoZSBzZWNyZXQ=")
        return (await forger.text(caller_number(), ENTRY, "hello")).status_code

    async def says(self, customer: Customer, words: str) -> None:
        assert (await self.network.text(customer.handle, ENTRY, words)).status_code == 200

    async def hears(self, customer: Customer, words: str) -> None:
        await until(lambda: self._heard(customer, words) > 0)

    async def times_heard(self, customer: Customer, words: str) -> int:
        return self._heard(customer, words)

    def _heard(self, customer: Customer, words: str) -> int:
        return sum(t["to"] == customer.handle and words in t["text"] for t in self.network.on_air)


DRIVERS: list[type[Driver]] = [Twiml, Sms]
