"""A telephone gateway that speaks TwiML: fetches documents and carries them out, signs with the official library, has an API
for calls. Only sound is missing: what a leg hears is a list of words and addresses."""

from __future__ import annotations

import asyncio
import contextlib
import io
import uuid
import wave
from dataclasses import dataclass, field
from urllib.parse import parse_qs
from xml.etree import ElementTree

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from twilio.request_validator import RequestValidator

ACCOUNT, TOKEN = "AC-test", "a token shared with the gateway"
SPEED = 20.0
"""Seconds of the gateway's own waiting (Pause, a timeout without keys) in one second of the test."""
IN_A_QUEUE = {"Play", "Say", "Pause", "Redirect", "Gather", "Hangup", "Leave"}
"""The verbs a document heard in a queue may hold."""
LEFT = ("", {"QueueResult": "leave"})


def _silence() -> bytes:
    """A second of it, as a WAV file."""
    made = io.BytesIO()
    with wave.open(made, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8_000)
        sound.writeframes(bytes(16_000))
    return made.getvalue()


@dataclass(eq=False)
class Leg:
    """One telephone. `heard`: everything said or played to it."""

    sid: str
    far_end: str
    near_end: str
    inbound: bool
    status: str = "ringing"
    told: str | None = None  # status callback
    room: str | None = None
    queue: str | None = None
    after_queue: str | None = None  # action of the Enqueue
    recorded_to: str | None = None  # where the recording is announced that runs now
    after_record: str | None = None  # action of the Record
    coaches: str | None = None
    muted: bool = False
    heard: list[str] = field(default_factory=list)
    keys: asyncio.Queue[dict[str, str]] = field(default_factory=asyncio.Queue)
    doing: asyncio.Task[None] | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def over(self) -> bool:
        return self.status not in ("queued", "ringing", "in-progress")


@dataclass
class TwimlGateway:
    """`phones`: how a number, address or client of ours behaves: answers (the usual), busy, no-answer, declines."""

    http: httpx.AsyncClient
    voice_url: str = ""
    status_url: str = ""
    token: str = TOKEN
    legs: dict[str, Leg] = field(default_factory=dict)
    phones: dict[str, str] = field(default_factory=dict)
    sent: list[tuple[str, dict[str, str]]] = field(default_factory=list)  # requests as they were made
    recordings: dict[str, str] = field(default_factory=dict)  # leg → last action
    deaf: bool = False  # requests that call a leg away are lost
    full: bool = False  # queues take nobody
    party_leaves: asyncio.Event = field(default_factory=asyncio.Event)  # an outside party who answered hangs up
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    # --- what people do ---

    async def call(self, far_end: str, near_end: str) -> Leg:
        """Somebody dials an own number."""
        leg = self._leg(far_end, near_end, inbound=True)
        leg.told = self.status_url
        leg.status = "in-progress"
        self._do(leg, self.voice_url)
        return leg

    def press(self, leg: Leg, digits: str) -> None:
        leg.keys.put_nowait({"Digits": digits})

    def speak(self, leg: Leg, words: str) -> None:
        leg.keys.put_nowait({"SpeechResult": words, "Confidence": "0.9"})

    def silent(self, leg: Leg) -> None:
        leg.keys.put_nowait({"Digits": ""})

    async def hang_up(self, leg: Leg, status: str = "completed", **more: str) -> None:
        if leg.over:
            return
        if leg.doing is not None and leg.doing is not asyncio.current_task():
            leg.doing.cancel()
        leg.status, leg.room = status, None
        leg.changed.set()
        await self._dequeued(leg, "hangup")
        if leg.recorded_to is not None and leg.after_record is not None:
            await self.post(leg.after_record, leg, Digits="hangup", RecordingDuration="1")
            await self._recorded(leg)
        if leg.told is not None:
            await self.post(leg.told, leg, CallStatus=status, SequenceNumber="3", **more)

    def in_room(self, room: str) -> list[Leg]:
        return [leg for leg in self.legs.values() if leg.room == room]

    async def until(self, leg: Leg, wanted: str) -> None:
        """Until the leg has heard something with these words in it."""
        async with asyncio.timeout(20):
            while not any(wanted in each for each in leg.heard):
                leg.changed.clear()
                await leg.changed.wait()

    async def until_over(self, leg: Leg) -> None:
        async with asyncio.timeout(20):
            while not leg.over:
                leg.changed.clear()
                await leg.changed.wait()

    async def until_together(self, room: str, people: int) -> None:
        async with asyncio.timeout(20):
            while len(self.in_room(room)) != people:
                await asyncio.sleep(0.02)

    # --- webhooks ---

    async def post(self, url: str, leg: Leg, **more: str) -> httpx.Response:
        """A signed request about a leg."""
        form = {
            "CallSid": leg.sid, "AccountSid": ACCOUNT, "From": leg.far_end, "To": leg.near_end, "CallStatus": leg.status,
            "Direction": "inbound" if leg.inbound else "outbound-api", "ApiVersion": "2010-04-01", "StirVerstat": "unheard of", **more,
        }  # fmt: skip
        self.sent.append((url, form))
        return await self.deliver(url, form)

    async def deliver(self, url: str, form: dict[str, str]) -> httpx.Response:
        signature = RequestValidator(self.token).compute_signature(url, form)
        return await self.http.post(url, data=form, headers={"X-Twilio-Signature": signature})

    # --- carrying out documents ---

    def _leg(self, far_end: str, near_end: str, *, inbound: bool) -> Leg:
        leg = Leg("CA" + uuid.uuid4().hex, far_end, near_end, inbound)
        self.legs[leg.sid] = leg
        return leg

    def _do(self, leg: Leg, url: str) -> None:
        if leg.doing is not None:
            leg.doing.cancel()
        leg.room, leg.coaches, leg.muted = None, None, False
        self._keep(asyncio.create_task(self._dequeued(leg, "redirected")))
        leg.doing = asyncio.create_task(self._carry_out(leg, url))
        self._keep(leg.doing)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _carry_out(self, leg: Leg, url: str) -> None:
        more: dict[str, str] = {}
        while not leg.over:
            answer = await self.post(url, leg, **more)
            if answer.status_code != 200:
                await self.hang_up(leg, "failed")
                return
            following = await self._verbs(leg, ElementTree.fromstring(answer.content))
            if following is None:
                await self.hang_up(leg)
                return
            url, more = following

    async def _verbs(
        self, leg: Leg, document: ElementTree.Element, *, patient: bool = True
    ) -> tuple[str, dict[str, str]] | None:
        """Where to go on, or None at the end. `patient`: keys are awaited without limit."""
        for verb in document:
            if verb.tag in ("Say", "Play"):
                self._hear(leg, verb)
            elif verb.tag == "Pause":
                await asyncio.sleep(int(verb.get("length", "1")) / SPEED)
            elif verb.tag == "Redirect":
                return str(verb.text), {}
            elif verb.tag == "Gather":
                for inner in verb:
                    self._hear(leg, inner)
                return verb.attrib["action"], await self._keys(leg, verb, patient=patient)
            elif verb.tag == "Enqueue":
                return await self._wait(leg, verb)
            elif verb.tag == "Leave":
                return LEFT
            elif verb.tag == "Record":
                leg.recorded_to, leg.after_record = verb.attrib["recordingStatusCallback"], verb.attrib["action"]
                leg.changed.set()
                pressed = await leg.keys.get()
                await self._recorded(leg)
                return verb.attrib["action"], {"RecordingDuration": "1", **pressed}
            elif verb.tag == "Dial":
                conference = verb.find("Conference")
                if conference is None and "action" in verb.attrib:
                    return verb.attrib["action"], await self._party(leg, verb[0])
                if conference is None:
                    leg.heard.append(f"dialled {verb[0].text}")
                    leg.changed.set()
                    return None
                await self._confer(leg, conference)
            elif verb.tag in ("Hangup", "Reject"):
                return None
        return None

    async def _party(self, leg: Leg, number: ElementTree.Element) -> dict[str, str]:
        """A number rings for the leg; who answers has it until `party_leaves`. What became of it."""
        leg.heard.append(f"rung {number.text}")
        leg.changed.set()
        behaviour = self.phones.get(str(number.text), "answers")
        if behaviour != "answers":
            return {"DialCallStatus": behaviour}
        await self.post(number.attrib["statusCallback"], leg, CallStatus="in-progress", ParentCallSid=leg.sid)
        await self.party_leaves.wait()
        return {"DialCallStatus": "completed"}

    async def _keys(self, leg: Leg, gather: ElementTree.Element, *, patient: bool) -> dict[str, str]:
        pauses = sum(int(pause.get("length", "1")) for pause in gather.iter("Pause"))
        seconds = None if patient else (pauses + int(gather.attrib["timeout"])) / SPEED
        try:
            return await asyncio.wait_for(leg.keys.get(), seconds)
        except TimeoutError:
            return {"Digits": ""}

    async def _wait(self, leg: Leg, enqueue: ElementTree.Element) -> tuple[str, dict[str, str]] | None:
        """In the queue until the document heard there leaves it, or the leg is called away."""
        action = enqueue.attrib["action"]
        if self.full:
            return action, {"QueueResult": "queue-full"}
        leg.queue, leg.after_queue = enqueue.text, action
        leg.changed.set()
        url, more = enqueue.attrib["waitUrl"], dict[str, str]()
        while True:
            answer = await self.post(url, leg, QueuePosition="1", QueueTime="1", **more)
            document = ElementTree.fromstring(answer.content)
            assert {verb.tag for verb in document} <= IN_A_QUEUE
            following = await self._verbs(leg, document, patient=False)
            if following is LEFT:
                leg.queue, leg.after_queue = None, None
                return action, {"QueueResult": "leave", "QueueTime": "1"}
            if following is None:
                return None
            url, more = following

    async def _dequeued(self, leg: Leg, result: str) -> None:
        """Say how a leg left its queue that nobody asks any more what is next."""
        action, leg.queue, leg.after_queue = leg.after_queue, None, None
        if action is not None:
            await self.post(action, leg, QueueResult=result, QueueTime="1")

    async def _recorded(self, leg: Leg) -> None:
        told, leg.recorded_to = leg.recorded_to, None
        if told is not None:
            await self.post(told, leg, RecordingSid="RE" + uuid.uuid4().hex, RecordingDuration="1")

    def _hear(self, leg: Leg, verb: ElementTree.Element) -> None:
        leg.heard.append(verb.text or "")
        leg.changed.set()

    async def _confer(self, leg: Leg, conference: ElementTree.Element) -> None:
        leg.room, leg.coaches, leg.muted = conference.text, conference.get("coach"), conference.get("muted") == "true"
        leg.changed.set()
        await asyncio.Event().wait()  # until called away or hung up

    # --- the API ---

    def app(self) -> FastAPI:
        app = FastAPI()
        base = f"/2010-04-01/Accounts/{ACCOUNT}"

        @app.post(base + "/Calls.json")
        async def make(request: Request) -> Response:
            form = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
            leg = self._leg(form["From"], form["To"], inbound=False)
            leg.told = form["StatusCallback"]
            self._keep(asyncio.create_task(self._ring(leg, form["Url"])))
            return JSONResponse({"sid": leg.sid, "status": "queued"}, 201)

        @app.get(base + "/Calls/{sid}.json")
        async def look(sid: str) -> Response:
            leg = self.legs.get(sid)
            return JSONResponse({"sid": sid, "status": leg.status}) if leg else JSONResponse({}, 404)

        @app.post(base + "/Calls/{sid}.json")
        async def change(sid: str, request: Request) -> Response:
            form = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
            leg = self.legs.get(sid)
            if leg is None or leg.over:
                return JSONResponse({"code": 21220, "message": "not in progress"}, 400)
            if form.get("Status") == "completed":
                await self.hang_up(leg)
            elif self.deaf:
                return JSONResponse({"code": 20500, "message": "internal error"}, 500)
            else:
                self._do(leg, form["Url"])
            return JSONResponse({"sid": sid, "status": leg.status})

        @app.post(base + "/Calls/{sid}/Recordings.json")
        async def record(sid: str) -> Response:
            self.recordings[sid] = "started"
            return JSONResponse({"sid": "RE" + uuid.uuid4().hex}, 201)

        @app.post(base + "/Calls/{sid}/Recordings/Twilio.CURRENT.json")
        async def steer(sid: str, request: Request) -> Response:
            self.recordings[sid] = parse_qs((await request.body()).decode())["Status"][0]
            return JSONResponse({})

        @app.get(base + "/Recordings/{sid}.wav")
        async def sound(sid: str) -> Response:
            return Response(_silence(), media_type="audio/wav")

        return app

    async def _ring(self, leg: Leg, url: str) -> None:
        behaviour = self.phones.get(leg.near_end, "answers")
        if behaviour == "answers":
            leg.status = "in-progress"
            self._do(leg, url)
        elif behaviour == "declines":
            await self.hang_up(leg, "busy", SipResponseCode="603")
        elif behaviour != "rings for ever":
            await self.hang_up(leg, behaviour)

    async def close(self) -> None:
        for task in list(self.tasks):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self.tasks, return_exceptions=True)
