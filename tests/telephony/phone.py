"""A telephone for tests: it calls, rings, answers, refuses, presses keys, sends a tone of its own and hears."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tests.telephony.audio import Audio, strength
from tests.telephony.sip import Message, audio_address, branch, digest, offer

HOST = "127.0.0.1"
Manner = Literal["answer", "ring", "busy", "reject", "vacant", "moved", "out_of_order", "no_circuit", "early"]
REFUSALS = {
    "busy": (486, "Busy Here"), "reject": (603, "Decline"), "vacant": (404, "Not Found"), "moved": (410, "Gone"),
    "out_of_order": (502, "Bad Gateway"), "no_circuit": (503, "Service Unavailable"),
}  # fmt: skip
"""What a telephone, or the network before it, says instead of ringing."""
LIMIT = 60.0
"""Seconds any wait may take on a loaded machine."""


async def until(condition: Callable[[], bool], what: str, seconds: float = LIMIT) -> None:
    """Return as soon as `condition` holds. Raises AssertionError naming what did not come about."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        await asyncio.sleep(0.05)


class CallLeg:
    """One call on a phone."""

    def __init__(self, phone: Phone, call_id: str, audio: Audio, *, outgoing: bool) -> None:
        self.phone, self.call_id, self.audio, self.outgoing = phone, call_id, audio, outgoing
        self.state: Literal["calling", "ringing", "up", "ended"] = "calling"
        self.status = 0  # final response of an outgoing call
        self.hung_up_by_us = False
        self.invite: Message | None = None
        self.remote = ""  # target of requests within the call
        self.local_head = self.remote_head = ""  # From and To as we write them
        self.tag = uuid.uuid4().hex[:10]
        self.sequence = 1

    @property
    def up(self) -> bool:
        return self.state == "up"

    @property
    def ended(self) -> bool:
        return self.state == "ended"

    async def reach(self, state: str, seconds: float = LIMIT) -> CallLeg:
        """Wait for a state."""
        await until(lambda: self.state == state, f"{self.phone.name}: call is {state} (it is {self.state})", seconds)
        return self

    def hears(self, hertz: int, seconds: float = 1.0) -> bool:
        """Whether the tone was heard in the last second: a fifth of its sending level is well above noise."""
        return strength(self.audio.heard(seconds), hertz) > 0.2

    async def hearing(self, *hertz: int, but_not: tuple[int, ...] = ()) -> None:
        """Wait until exactly these tones are heard, of those named."""
        await until(
            lambda: all(self.hears(one) for one in hertz) and not any(self.hears(one) for one in but_not),
            f"{self.phone.name} hears {hertz} and not {but_not}",
        )

    def press(self, keys: str) -> None:
        self.audio.press(keys)

    def hang_up(self) -> None:
        """End the call, whatever state it is in."""
        self.hung_up_by_us = True
        self.phone.end(self)


class Phone(asyncio.DatagramProtocol):
    """A SIP user agent on a port of its own. `manner`: what it does with calls that come in; `clip`: what whoever calls hears, once,
    instead of a tone (`early`: before anybody answers)."""

    def __init__(self, name: str, server: tuple[str, int], manner: Manner, hertz: int | None) -> None:
        self.name, self.server, self.manner, self.hertz = name, server, manner, hertz
        self.calls: dict[str, CallLeg] = {}
        self.clip: NDArray[np.float64] | None = None
        self.port = 0
        self._transport: asyncio.DatagramTransport | None = None
        self._replies: dict[str, asyncio.Future[Message]] = {}  # by CSeq and Call-ID

    @classmethod
    async def open(
        cls, name: str, server: tuple[str, int], *, manner: Manner = "answer", hertz: int | None = None
    ) -> Phone:
        loop = asyncio.get_running_loop()
        transport, phone = await loop.create_datagram_endpoint(
            lambda: cls(name, server, manner, hertz), local_addr=(HOST, 0)
        )
        phone._transport = transport
        phone.port = transport.get_extra_info("sockname")[1]
        return phone

    def close(self) -> None:
        for call in self.calls.values():
            if not call.ended:
                call.hang_up()
            call.audio.close()
        if self._transport is not None:
            self._transport.close()

    def forget(self) -> None:
        """Calls that are over are no longer remembered."""
        self.calls = {call_id: call for call_id, call in self.calls.items() if not call.ended}

    @property
    def contact(self) -> str:
        return f"<sip:{self.name}@{HOST}:{self.port}>"

    @property
    def current(self) -> CallLeg | None:
        """The call that has not ended."""
        return next((call for call in reversed(self.calls.values()) if not call.ended), None)

    async def rung(self, but: tuple[CallLeg, ...] = ()) -> CallLeg:
        """Wait for an incoming call (other than those already seen)."""
        await until(
            lambda: any(not c.outgoing and c not in but for c in self.calls.values()), f"{self.name} rings"
        )  # fmt: skip
        return next(call for call in reversed(self.calls.values()) if not call.outgoing and call not in but)

    # --- requests of ours

    async def register(self, password: str, seconds: int = 3600) -> None:
        """Register with the server; `seconds` 0: unregister."""
        uri = f"sip:{self.server[0]}:{self.server[1]}"
        call_id = uuid.uuid4().hex
        extra: list[tuple[str, str]] = []
        for sequence in (1, 2):
            heads = [("From", f"<sip:{self.name}@{HOST}>;tag={call_id[:8]}"), ("To", f"<sip:{self.name}@{HOST}>")]
            request = self._request("REGISTER", uri, call_id, sequence, heads)
            request.headers += [("Contact", self.contact), ("Expires", str(seconds)), *extra]
            answer = await self._asked(request)
            if answer.status == 200:
                return
            extra = [("Authorization", digest(answer.get("WWW-Authenticate"), "REGISTER", uri, self.name, password))]
        raise AssertionError(f"{self.name} may not register: {answer.start}")

    async def call(self, number: str) -> CallLeg:
        """Call a number; returns at once, the call's state tells."""
        audio = await Audio.open(self.hertz)
        call = CallLeg(self, uuid.uuid4().hex, audio, outgoing=True)
        self.calls[call.call_id] = call
        uri = f"sip:{number}@{self.server[0]}:{self.server[1]}"
        call.remote = uri
        call.local_head = f"<sip:{self.name}@{HOST}>;tag={call.tag}"
        call.remote_head = f"<{uri}>"
        call.invite = self._request("INVITE", uri, call.call_id, 1, [("From", call.local_head), ("To", f"<{uri}>")])
        call.invite.headers += [("Contact", self.contact), ("Content-Type", "application/sdp")]
        call.invite.body = offer(HOST, audio.port)
        self._send(call.invite)
        return call

    def end(self, call: CallLeg) -> None:
        if call.state == "up":
            call.sequence += 1
            heads = [("From", call.local_head), ("To", call.remote_head)]
            self._send(self._request("BYE", call.remote, call.call_id, call.sequence, heads))
            self._over(call)
        elif call.state in ("calling", "ringing") and call.invite is not None:
            if call.outgoing:
                heads = [("From", call.local_head), ("To", call.invite.get("To"))]
                cancel = self._request("CANCEL", call.invite.start.split()[1], call.call_id, 1, heads)
                cancel.headers[0] = ("Via", call.invite.get("Via"))
                self._send(cancel)
            else:
                self._send(call.invite.answer(603, "Decline", call.tag))
            self._over(call)

    def answer(self, call: CallLeg) -> None:
        """Pick up a ringing call."""
        assert call.invite is not None
        description = offer(HOST, call.audio.port)
        self._send(call.invite.answer(200, "OK", call.tag, self.contact, description))
        self._begin_sound(call, call.invite)
        call.state = "up"

    def _begin_sound(self, call: CallLeg, invited: Message) -> None:
        if self.clip is not None:
            call.audio.play(self.clip)
        call.audio.start(audio_address(invited.body))

    def _request(
        self, method: str, uri: str, call_id: str, sequence: int, heads: list[tuple[str, str]]
    ) -> Message:  # fmt: skip
        via = ("Via", f"SIP/2.0/UDP {HOST}:{self.port};branch={branch()};rport")
        rest = [("Call-ID", call_id), ("CSeq", f"{sequence} {method}"), ("Max-Forwards", "70")]
        return Message(f"{method} {uri} SIP/2.0", [via, *heads, *rest])

    async def _asked(self, request: Message) -> Message:
        key = f"{request.get('Call-ID')} {request.get('CSeq')}"
        reply = self._replies[key] = asyncio.get_running_loop().create_future()
        try:
            for _ in range(20):
                self._send(request)
                try:
                    return await asyncio.wait_for(asyncio.shield(reply), 1.0)
                except TimeoutError:
                    continue
            raise AssertionError(f"{self.name}: no answer to {request.method}")
        finally:
            del self._replies[key]

    def _send(self, message: Message) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(message.encode(), self.server)

    # --- what comes in

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not data.strip():
            return
        message = Message.parse(data)
        if message.status:
            self._response(message)
        else:
            self._requested(message)

    def _response(self, response: Message) -> None:
        waiting = self._replies.get(f"{response.get('Call-ID')} {response.get('CSeq')}")
        if waiting is not None and response.status >= 200 and not waiting.done():
            waiting.set_result(response)
        call = self.calls.get(response.get("Call-ID"))
        if call is None or response.method != "INVITE" or call.invite is None:
            return
        if response.status in (180, 183) and call.state == "calling":
            call.state = "ringing"
        if response.status < 200:
            if response.body:
                call.audio.start(audio_address(response.body))
            return
        call.remote_head = response.get("To")
        heads = [("From", call.local_head), ("To", call.remote_head)]
        if response.status == 200:
            contact = response.get("Contact")
            call.remote = contact[contact.find("<") + 1 : contact.find(">")] if "<" in contact else contact
        ack = self._request("ACK", call.remote, call.call_id, 1, heads)
        if response.status >= 300:
            ack.headers[0] = ("Via", call.invite.get("Via"))
        self._send(ack)
        call.status = response.status
        if response.status == 200 and call.state in ("calling", "ringing"):
            call.audio.start(audio_address(response.body))
            call.state = "up"
        elif response.status >= 300:
            self._over(call)

    def _requested(self, request: Message) -> None:
        call = self.calls.get(request.get("Call-ID"))
        match request.method:
            case "INVITE" if call is None:
                asyncio.get_running_loop().create_task(self._invited(request))
            case "INVITE" if call is not None:
                self._send(request.answer(200, "OK", call.tag, self.contact, offer(HOST, call.audio.port)))
            case "CANCEL":
                self._send(request.answer(200, "OK", "c"))
                if call is not None and call.state == "ringing" and call.invite is not None:
                    self._send(call.invite.answer(487, "Request Terminated", call.tag))
                    self._over(call)
            case "BYE":
                self._send(request.answer(200, "OK", "b"))
                if call is not None:
                    self._over(call)
            case "ACK":
                return
            case _:
                self._send(request.answer(200, "OK", "o"))

    async def _invited(self, request: Message) -> None:
        call_id = request.get("Call-ID")
        if call_id in self.calls:
            return
        call = CallLeg(self, call_id, await Audio.open(self.hertz), outgoing=False)
        self.calls[call_id] = call
        call.invite = request
        contact = request.get("Contact")
        call.remote = contact[contact.find("<") + 1 : contact.find(">")]
        call.local_head, call.remote_head = f"{request.get('To')};tag={call.tag}", request.get("From")
        if self.manner in REFUSALS:
            self._send(request.answer(*REFUSALS[self.manner], call.tag))
            self._over(call)
            return
        if self.manner == "early":
            description = offer(HOST, call.audio.port)
            self._send(request.answer(183, "Session Progress", call.tag, self.contact, description))
            self._begin_sound(call, request)
        else:
            self._send(request.answer(180, "Ringing", call.tag, self.contact))
        call.state = "ringing"
        if self.manner == "answer" or "answer-after" in request.get("Call-Info"):
            self.answer(call)

    def _over(self, call: CallLeg) -> None:
        call.state = "ended"
        call.audio.close()
