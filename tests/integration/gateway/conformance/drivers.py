"""The channels under the suite, each with the outside world it speaks to."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any, ClassVar, cast

import httpx
import pytest
from fastapi import FastAPI

from services.gateway.adapters.kind import ChannelKind
from services.gateway.adapters.web.tokens import Visitor, seal
from services.gateway.kinds import KINDS
from shared.contracts.fields import Channel
from shared.security import Role, sign_webhook
from tests.integration.gateway.conformance.browser_telephone import BrowserTelephone
from tests.integration.gateway.conformance.driver import BUSINESS_LINE, Customer, Driver, create_channel, restart, until
from tests.integration.gateway.conformance.mail_servers import PASSWORD, USER, dovecot, lay, mail_servers
from tests.integration.gateway.conformance.smallest_channel import PIGEONS
from tests.integration.gateway.conformance.sms_gateway import SmsGateway
from tests.integration.gateway.conformance.twiml_gateway import ACCOUNT, TOKEN, Leg, TwimlGateway
from tests.integration.gateway.conftest import arrival, serving, token

ENTRY = "+862155550100"
ADDRESS = "rental@homes.example"


def caller_number() -> str:
    """A mobile number nobody else in the tests has."""
    return f"+86139{uuid.uuid4().int % 10**8:08d}"


class Twiml(Driver):
    name = "twiml"
    channel = Channel.PHONE
    abilities = frozenset({"leaves", "is heard leaving", "prompts", "hears of its place", "phones"})
    settings: ClassVar[Mapping[str, Any]] = {"announce_seconds": 1, "sip_domain": "phones.example", "caller_id": ENTRY}

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
            self.network = TwimlGateway(http)
            async with serving(self.network.app()) as api:
                public = str(self.house.http.base_url).rstrip("/")
                made = await create_channel(self.house, "twiml", {
                    "account_sid": ACCOUNT, "auth_token": TOKEN, "api_url": f"{api}/2010-04-01", "public_url": public,
                    "entries": [{"entry": ENTRY, "business_line": BUSINESS_LINE}], **self.settings,
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


class Outside(Driver):
    """Somebody else's telephone gateway: the HTTP interface and the stream, no adapter of ours."""

    name = "outside"
    channel = Channel.PHONE
    abilities = frozenset({"leaves", "is heard leaving", "prompts"})

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        self.client = await self.house.gateway()
        self.gateway_id = self.client.gateway_id
        self.heard: defaultdict[str, list[str]] = defaultdict(list)
        self.asked: dict[str, str] = {}  # subject → step
        self.told: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self.cursor = 0
        self.task = asyncio.create_task(self._follow())
        yield
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def restarts(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        self.task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        async with self.client.stream(after=self.cursor) as stream:
            while True:
                number, kind, data = await stream.next(seconds=300)
                if subject := data.get("subject"):
                    await self._carry_out(subject, kind, data)
                    self.cursor = number

    async def _carry_out(self, subject: str, kind: str, data: dict[str, Any]) -> None:
        if kind == "ContactAssigned":
            offer = data["offer_id"]
            await self._tell(subject, "ContactConnected", f"connected-{offer}", offer_id=offer)
        elif kind == "EndContact":
            await self._tell(subject, "ContactEnded", f"ended-{data['command_id']}", by=data["by"])
        elif kind == "PlayPrompt":
            self.heard[subject] += [utterance["text"] for utterance in data["say"]]
            self.asked[subject] = data["step"]
            if data.get("gather") is None:
                await self._answer(subject, "played")

    async def _tell(self, subject: str, kind: str, event_id: str, **data: object) -> None:
        event = {"specversion": "1.0", "id": event_id, "type": kind, "subject": subject, "data": data}
        self.told[subject].append(event)
        answer = await self.client.send(event)
        assert answer.status_code == 202, answer.text

    async def _answer(self, subject: str, outcome: str, **more: str) -> None:
        body = {"step": self.asked[subject], "outcome": outcome, **more}
        url = f"/v1/contacts/{subject}/prompt-answers"
        assert (await self.client.http.post(url, json=body, headers=self.client.key)).status_code == 202

    async def arrives(self) -> Customer:
        subject = f"call-{uuid.uuid4().hex}"
        event = arrival(subject, address_kind="phone", address=caller_number(), self_service=True)
        self.told[subject].append(event)
        return Customer((await self.client.send(event)).json()["contacts"][subject], subject)

    async def delivers_again(self, customer: Customer) -> None:
        for event in list(self.told[customer.handle]):
            assert (await self.client.send(event)).status_code == 202

    async def intrudes(self) -> int:
        forger = dataclasses.replace(self.client, secret="whsec_bm90IHRoZSBzZWNyZXQ=")
        return (await forger.send(arrival(f"call-{uuid.uuid4().hex}"))).status_code

    async def says(self, customer: Customer, words: str) -> None:
        await self._answer(customer.handle, "digits", digits=words)

    async def hears(self, customer: Customer, words: str) -> None:
        await until(lambda: any(words in each for each in self.heard[customer.handle]))

    async def leaves(self, customer: Customer) -> None:
        told = {event["type"] for event in self.told[customer.handle]}
        if "ContactConnected" in told:
            await self._tell(customer.handle, "ContactEnded", f"left-{customer.handle}", by="customer")
        else:
            await self._tell(customer.handle, "ContactAbandoned", f"left-{customer.handle}")


class Web(Driver):
    name = "web"
    channel = Channel.WEB
    abilities = frozenset({"is heard leaving", "prompts", "writes"})

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        made = await create_channel(self.house, "web", {
            "lines": [{"business_line": BUSINESS_LINE, "title": {"zh": "租房", "en": "Renting"}}],
            "sessions_per_minute": 10_000, "messages_per_minute": 10_000,
        })  # fmt: skip
        self.gateway_id, self.url = made["gateway_id"], f"/v1/web/{made['gateway_id']}"
        self.sent: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        yield

    async def restarts(self) -> None:
        await restart(self.house, self.gateway_id, "lines")

    async def _post(self, path: str, visitor: dict[str, str], body: dict[str, Any]) -> httpx.Response:
        self.sent.append((path, body, visitor))
        return await self.house.http.post(f"{self.url}/{path}", json=body, headers=visitor)

    async def arrives(self) -> Customer:
        token = (await self.house.http.post(f"{self.url}/sessions", json={})).json()["token"]
        visitor = {"Authorization": f"Bearer {token}"}
        begun = await self._post(
            "contacts", visitor, {"key": uuid.uuid4().hex, "business_line": BUSINESS_LINE, "text": "你好"}
        )
        assert begun.status_code == 202, begun.text
        return Customer(begun.json()["contact_id"], visitor)

    async def delivers_again(self, customer: Customer) -> None:
        for path, body, visitor in [each for each in self.sent if each[2] == customer.handle]:
            assert (await self.house.http.post(f"{self.url}/{path}", json=body, headers=visitor)).status_code == 202

    async def intrudes(self) -> int:
        forged = {"Authorization": "Bearer not.a.token"}
        return (
            await self.house.http.post(f"{self.url}/contacts", json={"key": uuid.uuid4().hex}, headers=forged)
        ).status_code

    async def says(self, customer: Customer, words: str) -> None:
        answer = await self._post("messages", customer.handle, {"key": uuid.uuid4().hex, "text": words})
        assert answer.status_code == 202, answer.text

    async def hears(self, customer: Customer, words: str) -> None:
        async with asyncio.timeout(20):
            while not await self.times_heard(customer, words):
                await asyncio.sleep(0.05)

    async def times_heard(self, customer: Customer, words: str) -> int:
        """How often a page that is opened now shows them."""
        async with self.house.http.stream("GET", f"{self.url}/stream", headers=customer.handle, timeout=20) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    return sum(words in (m["text"] or "") for m in json.loads(line[6:])["messages"])
        raise AssertionError("the stream ended without a snapshot")

    async def leaves(self, customer: Customer) -> None:
        assert (await self._post("end", customer.handle, {})).status_code == 202


class Simulator(Driver):
    """The telephone in the browser. Who hangs up is the customer who ended it, served or not: a page cannot tell the two."""

    name = "simulator"
    channel = Channel.PHONE
    abilities = frozenset({"is heard leaving", "prompts", "hears of its place"})
    told_to_wait = "waiting"

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        made = await create_channel(self.house, "simulator", {
            "entries": [{"entry": ENTRY, "business_line": BUSINESS_LINE, "self_service": True}],
            "callers": [{"label": "王芳", "number": caller_number()}], "calls_per_minute": 10_000,
        })  # fmt: skip
        self.gateway_id, self.url = made["gateway_id"], f"/v1/simulator/{made['gateway_id']}"
        self.pages: list[BrowserTelephone] = []
        yield
        for page in self.pages:
            await page.close()

    async def arrives(self) -> Customer:
        page = await BrowserTelephone.dials(self.house.http, self.url, ENTRY, caller=0)
        self.pages.append(page)
        return Customer(page.contact_id, page)

    async def delivers_again(self, customer: Customer) -> None:
        """All but the dialling itself: doing that twice is two calls."""
        page: BrowserTelephone = customer.handle
        await page.repeat()
        second = page.opened_again()
        self.pages.append(second)
        await until(lambda: second.heard == page.heard)

    async def intrudes(self) -> int:
        forged = seal(Visitor("call-of-nobody", int(time.time()) + 3600), self.gateway_id, "whsec_bm90IHRoZSBzZWNyZXQ=")
        headers = {"Authorization": f"Bearer {forged}"}
        return (await self.house.http.post(f"{self.url}/calls/hang-up", headers=headers)).status_code

    async def says(self, customer: Customer, words: str) -> None:
        await customer.handle.press(words)

    async def hears(self, customer: Customer, words: str) -> None:
        await until(lambda: any(words in each for each in customer.handle.heard))

    async def times_heard(self, customer: Customer, words: str) -> int:
        return sum(words in each for each in customer.handle.heard)

    async def leaves(self, customer: Customer) -> None:
        await customer.handle.hang_up()

    async def sees_the_end(self, customer: Customer) -> None:
        await self.hears(customer, "ended")


class Pigeons(Driver):
    """The example of docs/adding-a-channel.md: what is printed there passes."""

    name = "smallest"
    channel = Channel.SMS
    abilities = frozenset({"prompts", "writes"})

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        self.flown: dict[str, tuple[str, str]] = {}  # key → home, text
        self.sent: list[bytes] = []
        loft = FastAPI()

        @loft.post("/flights")
        async def fly(flight: dict[str, str]) -> None:
            self.flown[flight["key"]] = flight["home"], flight["text"]

        kinds = cast("dict[str, ChannelKind]", KINDS)
        kinds[PIGEONS.name] = PIGEONS
        if PIGEONS.router is not None:
            self.house.app.include_router(PIGEONS.router)
        async with serving(loft) as url:
            entries = [{"entry": "roof", "business_line": BUSINESS_LINE}]
            made = await create_channel(self.house, "pigeons", {"entries": entries, "loft_url": f"{url}/flights"})
            self.gateway_id, self.secret = made["gateway_id"], made["secret"]
            yield
            await self.house.http.delete(f"/v1/gateways/{self.gateway_id}", headers=token(Role.ADMIN))
            await until(lambda: self.house.app.state.channels.running_with(self.gateway_id) is None)
        del kinds[PIGEONS.name]

    async def _send(self, body: bytes, secret: str) -> httpx.Response:
        signed = sign_webhook(secret, f"msg_{uuid.uuid4().hex}", body, int(time.time()))
        url = f"/v1/pigeons/{self.gateway_id}/slips"
        return await self.house.http.post(url, content=body, headers={"content-type": "application/json", **signed})

    async def arrives(self) -> Customer:
        home = uuid.uuid4().hex
        await self.says(Customer("", home), "咕咕")
        port, _ = self.house.app.state.channels.port(self.gateway_id, PIGEONS.name)
        contact_id = port.contact_id(home)
        async with asyncio.timeout(20):  # a prompt shown before its first words are kept would take them for its answer
            while not await self.house.rows("SELECT 1 FROM gateway.messages WHERE contact_id = $1", contact_id):
                await asyncio.sleep(0.02)
        return Customer(contact_id, home)

    async def delivers_again(self, customer: Customer) -> None:
        for body in [each for each in self.sent if customer.handle.encode() in each]:
            assert (await self._send(body, self.secret)).status_code == 202

    async def intrudes(self) -> int:
        return (
            await self._send(b'{"key": "1", "home": "nowhere", "text": "?"}', "whsec_bm90IHRoZSBzZWNyZXQ=")
        ).status_code

    async def says(self, customer: Customer, words: str) -> None:
        body = json.dumps({"key": uuid.uuid4().hex, "home": customer.handle, "text": words}).encode()
        self.sent.append(body)
        assert (await self._send(body, self.secret)).status_code == 202

    async def hears(self, customer: Customer, words: str) -> None:
        await until(lambda: any(home == customer.handle and words in text for home, text in self.flown.values()))

    async def times_heard(self, customer: Customer, words: str) -> int:
        return sum(home == customer.handle and words in text for home, text in self.flown.values())


DRIVERS: list[type[Driver]] = [Outside, Twiml, Web, Sms, Email, Simulator, Pigeons]
