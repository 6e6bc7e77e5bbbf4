"""What the customer's leg does next, as TwiML: a plain function of the call."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote
from xml.etree.ElementTree import Element

from services.gateway.adapters.port import Place
from services.gateway.adapters.twiml import verbs, words
from services.gateway.adapters.twiml.call import Call, Leg, Party
from services.gateway.adapters.twiml.settings import TwimlSettings
from shared.contracts.channel_commands import PlayPrompt, Utterance

LISTENING_SECONDS = 10
"""Length of one round of music while the customer is kept apart; the gateway then asks again."""

IN_QUEUE = "next?in=queue"
"""What is heard in the gateway's queue."""
MESSAGE_LEFT = "next?in=message"
"""After a message was recorded."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the documents of one gateway. `secret` signs addresses of sounds, which gateways fetch without a signature."""

    settings: TwimlSettings
    gateway_id: str
    secret: str

    def url(self, route: str) -> str:
        return f"{self.settings.base}/v1/twiml/{self.gateway_id}/{route}"

    def audio_key(self, audio: str) -> str:
        return hmac.digest(self.secret.encode(), audio.encode(), hashlib.sha256).hex()[:32]

    def next(self, call: Call, place: Place | None = None) -> bytes:
        """`place` of a call that waits in rounds, if it is known."""
        return verbs.document(self._next(call, place))

    def _next(self, call: Call, place: Place | None) -> Sequence[Element]:
        if call.stage == "over":
            return [verbs.hangup()]
        if call.quiet:
            return [verbs.pause(1), verbs.redirect(self.url("next"))]
        if call.stage == "served":
            assert call.prompt is not None
            return self._prompt(call.prompt, call.language)
        if call.stage == "waiting":
            if self.settings.waiting == "round":
                return self._wait(call, place, "next")
            return [verbs.enqueue(self.gateway_id, wait_url=self.url(IN_QUEUE), action=self.url("next"))]
        if call.stage == "outside" and call.outside is not None:
            return [verbs.dial_number(call.outside, caller_id=call.shown), verbs.hangup()]
        if call.stage == "passed_on":
            return [*self._music(LISTENING_SECONDS), verbs.redirect(self.url("next"))]
        if call.stage == "message":
            return self._message(call.contact_id, words.said(words.LEAVE_MESSAGE, call.language), call.language)
        if call.apart:
            return [*self._music(LISTENING_SECONDS), verbs.redirect(self.url("next"))]
        note = self.settings.record and not call.told
        consent = [self._say(words.said(words.RECORDED, call.language), call.language)] if note else []
        return [*consent, self._room(call)]

    def party(self, party: Party, sid: str) -> bytes:
        """Rings the outside party, with what a caller hears while a number rings."""
        about = f"attempt={quote(party.attempt_id)}"
        dial = verbs.dial_party(
            party.number, action=self.url(f"next?in=party&{about}"), told=self.url(f"party?call={quote(sid)}&{about}"),
            seconds=party.seconds, caller_id=party.shown,
        )  # fmt: skip
        return verbs.document([dial])

    def queued(self, call: Call, place: Place | None) -> bytes:
        """What is heard in the gateway's queue. A call that is wanted elsewhere leaves it and asks what is next."""
        if call.stage == "over":
            return self.hang_up()
        return verbs.document(self._wait(call, place, IN_QUEUE) if call.stage == "waiting" else [verbs.leave()])

    def round(self, call: Call, place: Place | None) -> bytes:
        """Waiting without the gateway's queue, which is full or broken; after it the queue is tried again."""
        return verbs.document(self._wait(call, place, "next"))

    def _wait(self, call: Call, place: Place | None, again: str) -> Sequence[Element]:
        """Announcement and music, then `again`; every verb of it is one that is allowed in a queue."""
        told = [self._say(words.place_words(place, call.language), call.language)]
        music, on = self._music(self.settings.announce_seconds), verbs.redirect(self.url(again))
        if not self.settings.voicemail:
            return [*told, *music, on]
        offer = self._say(words.message_offer(self.settings.voicemail_key, call.language), call.language)
        pressed = self.url(f"{again}{'&' if '?' in again else '?'}stay={call.stay}")
        heard = [*told, offer, *music]
        return [verbs.gather(pressed, heard, speech=False, digits=1, finish_on="", timeout=1), on]

    def _message(self, contact_id: str, said: str, language: str) -> Sequence[Element]:
        return [
            self._say(said, language),
            verbs.record(
                action=self.url(MESSAGE_LEFT), told=self.url(f"recording?contact={contact_id}&message=yes"),
                seconds=self.settings.voicemail_seconds,
            ),
            verbs.hangup(),
        ]  # fmt: skip

    def thanks(self, language: str) -> bytes:
        return verbs.document([self._say(words.said(words.THANKS, language), language), verbs.hangup()])

    def _room(self, call: Call) -> Element:
        music = str(self.settings.hold_music_url) if self.settings.hold_music_url else None
        return verbs.dial_conference(
            call.contact_id, action=self.url("next"), starts=False, wait_url=music,
            record_to=self.url(f"recording?contact={call.contact_id}") if self.settings.record else None,
        )  # fmt: skip

    def leg(self, call: Call, leg: Leg) -> bytes:
        """What somebody of ours does who has just picked up."""
        agent = call.legs.get(call.offer_id or "")
        return verbs.document([
            verbs.dial_conference(
                call.contact_id, starts=True, wait_url="", muted=True if leg.role == "listen" else None,
                coach=agent.sid if leg.role == "whisper" and agent else None,
            )
        ])  # fmt: skip

    def sorry(self, contact_id: str, language: str, fallback: str | None) -> bytes:
        """UCC cannot take the call: to the line's static number, else an apology, with a message where one may be left."""
        if fallback is not None:
            return verbs.document([verbs.dial_number(fallback), verbs.hangup()])
        apology = words.said(words.SORRY, language)
        if self.settings.voicemail:
            asked = apology + " " + words.said(words.LEAVE_MESSAGE, language)
            return verbs.document(self._message(contact_id, asked, language))
        return verbs.document([self._say(apology, language), verbs.hangup()])

    def no_such_entry(self) -> bytes:
        said = [self._say(each, language) for language, each in words.NO_SUCH_ENTRY.items()]
        return verbs.document([*said, verbs.hangup()])

    def hang_up(self) -> bytes:
        return verbs.document([verbs.hangup()])

    def _prompt(self, prompt: PlayPrompt, language: str) -> Sequence[Element]:
        utterances = [self._utter(utterance) for utterance in prompt.say]
        awaited = prompt.gather
        if awaited is None:
            return [*utterances, verbs.redirect(self.url(f"said?step={prompt.step}"))]
        gathering = verbs.gather(
            self.url(f"gather?step={prompt.step}"), utterances if awaited.barge_in else (),
            speech=self.settings.speech and awaited.kind == "text" and not awaited.secure,
            digits=awaited.max_digits, finish_on=awaited.finish_on, timeout=max(1, -(-awaited.first_timeout_ms // 1000)),
            language=words.spoken(prompt.say[0].language if prompt.say else language),
        )  # fmt: skip
        return [gathering] if awaited.barge_in else [*utterances, gathering]

    def _utter(self, utterance: Utterance) -> Element:
        """The ivr's recorded words where there are some, else the gateway's own voice."""
        if utterance.audio is not None:
            return verbs.play(self.url(f"audio/{utterance.audio}.wav?key={self.audio_key(utterance.audio)}"))
        return self._say(utterance.text, utterance.language)

    def _say(self, text: str, language: str) -> Element:
        return verbs.say(text, words.spoken(language), self.settings.voices.get(language))

    def _music(self, seconds: int) -> Sequence[Element]:
        """An own piece of music is played whole; a call that is wanted elsewhere is called away from it."""
        music = self.settings.hold_music_url
        return [verbs.play(str(music))] if music else [verbs.pause(seconds)]
