"""The channels under the suite, each with the outside world it speaks to."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any

import httpx
import pytest

from shared.contracts.fields import Channel
from shared.security import Role
from tests.integration.gateway.conformance.driver import BUSINESS_LINE, Customer, Driver, create_channel, until
from tests.integration.gateway.conformance.mail_servers import PASSWORD, USER, dovecot, lay, mail_servers
from tests.integration.gateway.conformance.sms_gateway import SmsGateway
from tests.integration.gateway.conformance.twiml_gateway import ACCOUNT, TOKEN, Leg, TwimlGateway
from tests.integration.gateway.conftest import serving, token

ENTRY = "+862155550100"
ADDRESS = "rental@homes.example"


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


class Email(Driver):
    name = "email"
    channel = Channel.EMAIL
    abilities = frozenset({"prompts", "writes"})

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        program = dovecot()
        if program is None:
            pytest.skip("no IMAP server here: the Debian package dovecot-imapd")
        with mail_servers(program) as self.server:
            made = await create_channel(self.house, "email", self.settings())
            self.gateway_id = made["gateway_id"]
            async with asyncio.timeout(20):  # it begins with what comes from now on
                while not await self.house.rows(
                    "SELECT FROM gateway.notes WHERE gateway_id = $1 AND key = 'mailbox'", self.gateway_id
                ):
                    await asyncio.sleep(0.02)
            yield

    def settings(self) -> dict[str, Any]:
        access = {"host": "127.0.0.1", "security": "none"}
        return {
            "imap": {**access, "port": self.server.imap_port, "user": USER, "password": PASSWORD, "look_seconds": 0.2},
            "smtp": {**access, "port": self.server.smtp_port}, "name": "租赁部", "signature": {"zh": "锦丰租赁"},
            "entries": [{"entry": ADDRESS, "business_line": BUSINESS_LINE}],
        }  # fmt: skip

    async def arrives(self) -> Customer:
        customer = Customer("", f"customer-{uuid.uuid4().hex[:10]}@example.com")
        await self.writes(customer, "租房咨询", "你好")
        customer.contact_id = await self.contact_of(customer)
        return customer

    async def writes(self, customer: Customer, title: str, words: str, **headers: str) -> EmailMessage:
        """A mail of the customer; answers the newest of our letters unless headers say otherwise."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = f"王芳 <{customer.handle}>", ADDRESS, title
        mail["Message-ID"] = f"<{uuid.uuid4().hex}@example.com>"
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(words)
        await lay(self.server, mail.as_bytes())
        return mail

    async def contact_of(self, customer: Customer) -> str:
        """The newest contact of an address, once its mail was taken over."""
        sql = (
            "SELECT c.contact_id FROM gateway.contacts c JOIN gateway.notes n USING (gateway_id) "
            "WHERE n.key = 'thread ' || c.subject AND n.value->>'customer' = $1 ORDER BY c.opened_at DESC"
        )
        async with asyncio.timeout(20):
            while not (rows := await self.house.rows(sql, customer.handle)):
                await asyncio.sleep(0.02)
        return rows[0]["contact_id"]

    async def delivers_again(self, customer: Customer) -> None:
        for raw in [each for each in self.server.laid if customer.handle.encode() in each]:
            await lay(self.server, raw)
        await self.read_to_the_end()

    async def read_to_the_end(self) -> None:
        """Until the adapter has taken over all that lies in the mailbox."""
        async with asyncio.timeout(20):
            while True:
                (row,) = await self.house.rows(
                    "SELECT value FROM gateway.notes WHERE gateway_id = $1 AND key = 'mailbox'", self.gateway_id
                )
                if json.loads(row["value"])["uid"] >= len(self.server.laid):
                    return
                await asyncio.sleep(0.02)

    async def intrudes(self) -> int:
        return 0

    async def says(self, customer: Customer, words: str) -> None:
        ours = self.server.letters_to(customer.handle)
        first = [message_from_bytes(raw)["Message-ID"] for raw in self.server.laid if customer.handle.encode() in raw]
        answered = ours[-1]["Message-ID"] if ours else first[-1]
        await self.writes(customer, "Re: 租房咨询", words, In_Reply_To=answered, References=answered)

    async def hears(self, customer: Customer, words: str) -> None:
        await until(lambda: self._heard(customer, words) > 0)

    async def times_heard(self, customer: Customer, words: str) -> int:
        return self._heard(customer, words)

    def _heard(self, customer: Customer, words: str) -> int:
        return sum(words in body_of(letter) for letter in self.server.letters_to(customer.handle))


def body_of(letter: EmailMessage) -> str:
    """What a letter says, above what it quotes."""
    body = letter.get_body(("plain",))
    assert body is not None
    return body.get_content().split("写道：")[0]


DRIVERS: list[type[Driver]] = [Twiml, Sms, Email]
