"""Every document equals, byte for byte, what the gateway's official library writes for the same verbs."""

from __future__ import annotations

import pytest
from pydantic import AnyHttpUrl
from twilio.twiml.voice_response import Conference, Dial, Enqueue, Gather, VoiceResponse

from services.gateway.adapters.port import Place
from services.gateway.adapters.twiml import verbs
from services.gateway.adapters.twiml.call import Call, Leg, Party
from services.gateway.adapters.twiml.documents import Writer
from services.gateway.adapters.twiml.settings import TwimlSettings
from services.gateway.domain.entries import Entry
from shared.contracts.channel_commands import Choice, PlayPrompt, Utterance
from shared.contracts.channel_commands import Gather as Awaited

BASE = "https://ucc.example/v1/twiml/gw-1/"


def settings(**changes: object) -> TwimlSettings:
    given = {
        "account_sid": "AC1",
        "auth_token": "a secret token",
        "public_url": AnyHttpUrl("https://ucc.example"),
        "caller_id": "+862155550100",
        "entries": (Entry("+862155550100", "rental"),),
        **changes,
    }
    return TwimlSettings.model_validate(given)


def writer(**changes: object) -> Writer:
    return Writer(settings(**changes), "gw-1", "whsec_c2VjcmV0")


def prompt(gather: Awaited | None, *say: Utterance) -> PlayPrompt:
    return PlayPrompt("cmd-1", "contact-1", 0, "ivr", "step-1", say, gather)


def call(**changes: object) -> Call:
    return Call("contact-1", "+862155550100", "zh", **changes)  # type: ignore[arg-type]


WORDS = Utterance("租房请按 1 & <2>", "zh")


def test_keys_are_gathered_while_the_prompt_is_said() -> None:
    awaited = Awaited("digits", max_digits=3, finish_on="#", choices=(Choice("1", "租房"),))
    official = VoiceResponse()
    inner = Gather(
        action=BASE + "gather?step=step-1", action_on_empty_result=True, finish_on_key="#", input="dtmf", method="POST",
        num_digits=3, timeout=5,
    )  # fmt: skip
    inner.say(WORDS.text, language="zh-CN")
    official.append(inner)
    assert writer().next(call(prompt=prompt(awaited, WORDS))).decode() == str(official)


def test_without_barge_in_the_prompt_is_said_first_and_words_are_recognised_where_the_gateway_can() -> None:
    awaited = Awaited("text", max_digits=1, finish_on="", barge_in=False, first_timeout_ms=4_200)
    official = VoiceResponse()
    official.say("How may I help?", language="en-US", voice="Polly.Joanna")
    official.append(Gather(
        action=BASE + "gather?step=step-1", action_on_empty_result=True, finish_on_key="", input="dtmf speech",
        language="en-US", method="POST", num_digits=1, timeout=5,
    ))  # fmt: skip
    asked = prompt(awaited, Utterance("How may I help?", "en"))
    written = writer(speech=True, voices={"en": "Polly.Joanna"}).next(call(prompt=asked))
    assert written.decode() == str(official)


def test_secure_digits_are_never_spoken_words() -> None:
    awaited = Awaited("text", max_digits=6, secure=True)
    assert b'input="dtmf"' in writer(speech=True).next(call(prompt=prompt(awaited, WORDS)))


def test_recorded_words_are_played_from_an_address_only_the_gateway_is_told() -> None:
    made = writer()
    official = VoiceResponse()
    official.play(BASE + "audio/abc.wav?key=" + made.audio_key("abc"))
    official.redirect(BASE + "said?step=step-1", method="POST")
    assert made.next(call(prompt=prompt(None, Utterance("您好", "zh", audio="abc")))).decode() == str(official)
    assert made.audio_key("abc") != Writer(made.settings, "gw-1", "another").audio_key("abc")


def test_while_the_ivr_thinks_the_line_is_silent_for_a_second() -> None:
    official = VoiceResponse()
    official.pause(length=1)
    official.redirect(BASE + "next", method="POST")
    assert writer().next(call()).decode() == str(official)
    assert writer().next(call(prompt=prompt(None, WORDS), answered="step-1")).decode() == str(official)


MUSIC = AnyHttpUrl("https://music.example/hold.mp3")


def test_who_waits_stands_in_the_gateways_queue() -> None:
    official = VoiceResponse()
    queue = Enqueue(
        action=BASE + "next", method="POST", name="gw-1", wait_url=BASE + "next?in=queue", wait_url_method="POST"
    )
    official.append(queue)
    assert writer().next(call(stage="waiting")).decode() == str(official)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (None, "请稍候，我们会尽快接听您的来电。"),
        (Place(3, 7, 40, 95), "您前面还有2位。多数来电在2分钟内接听。"),
        (Place(1, 1, None, None), "下一位就是您。"),
    ],
)
def test_who_waits_hears_their_place_and_only_what_is_known(place: Place | None, words: str) -> None:
    official = VoiceResponse()
    official.say(words, language="zh-CN")
    official.play("https://music.example/hold.mp3")
    official.redirect(BASE + "next?in=queue", method="POST")
    assert writer(hold_music_url=MUSIC).queued(call(stage="waiting"), place).decode() == str(official)


def test_in_rounds_the_same_is_heard_without_a_queue() -> None:
    official = VoiceResponse()
    official.say("请稍候，我们会尽快接听您的来电。", language="zh-CN")
    official.pause(length=20)
    official.redirect(BASE + "next", method="POST")
    waiting = call(stage="waiting")
    assert writer(waiting="round").next(waiting).decode() == str(official)
    assert writer().round(waiting, None).decode() == str(official)


@pytest.mark.parametrize("stage", ["message", "connecting", "talking"])
def test_who_is_wanted_elsewhere_leaves_the_queue(stage: str) -> None:
    official = VoiceResponse()
    official.leave()
    assert writer().queued(call(stage=stage, offer_id="o-1"), None).decode() == str(official)


def test_in_the_queue_of_a_call_that_is_over_nothing_is_told_but_to_hang_up() -> None:
    official = VoiceResponse()
    official.hangup()
    assert writer().queued(call(stage="over"), None).decode() == str(official)


def test_who_waits_may_choose_to_leave_a_message() -> None:
    official = VoiceResponse()
    inner = Gather(
        action=BASE + "next?in=queue&stay=2", action_on_empty_result=True, finish_on_key="", input="dtmf",
        method="POST", num_digits=1, timeout=1,
    )  # fmt: skip
    inner.say("下一位就是您。", language="zh-CN")
    inner.say("如需留言，请按9键。", language="zh-CN")
    inner.play("https://music.example/hold.mp3")
    official.append(inner)
    official.redirect(BASE + "next?in=queue", method="POST")
    made = writer(voicemail=True, hold_music_url=MUSIC)
    assert made.queued(call(stage="waiting", stay=2), Place(1, 1, None, None)).decode() == str(official)


def recorded(said: str, language: str) -> str:
    official = VoiceResponse()
    official.say(said, language=language)
    official.record(
        action=BASE + "next?in=message", finish_on_key="#", max_length=120, method="POST",
        recording_status_callback=BASE + "recording?contact=contact-1&message=yes",
    )  # fmt: skip
    official.hangup()
    return str(official)


def test_a_message_is_recorded_and_the_call_ends() -> None:
    asked = "请在提示音后留言，结束请按井号键或直接挂机。"
    assert writer(voicemail=True).next(call(stage="message")).decode() == recorded(asked, "zh-CN")
    official = VoiceResponse()
    official.say("Thank you for your message. Goodbye.", language="en-US")
    official.hangup()
    assert writer().thanks("en").decode() == str(official)


def test_customer_and_agent_meet_in_the_contacts_room() -> None:
    met = call(stage="connecting", offer_id="o-1", legs={"o-1": Leg("agent-7", "agent", "up", "CA2")})
    official = VoiceResponse()
    dial = Dial(action=BASE + "next", method="POST")
    dial.append(Conference("contact-1", beep=False, end_conference_on_exit=False, start_conference_on_enter=False))
    official.append(dial)
    assert writer().next(met).decode() == str(official)

    official = VoiceResponse()
    dial = Dial()
    dial.conference("contact-1", beep=False, end_conference_on_exit=False, start_conference_on_enter=True, wait_url="")
    official.append(dial)
    assert writer().leg(met, met.legs["o-1"]).decode() == str(official)


@pytest.mark.parametrize(("role", "extra"), [("listen", {"muted": True}), ("whisper", {"coach": "CA2"}), ("barge", {})])
def test_a_supervisor_listens_whispers_or_speaks(role: str, extra: dict[str, object]) -> None:
    met = call(stage="talking", offer_id="o-1", legs={"o-1": Leg("agent-7", "agent", "up", "CA2")})
    official = VoiceResponse()
    dial = Dial()
    dial.conference(
        "contact-1", beep=False, end_conference_on_exit=False, start_conference_on_enter=True, wait_url="", **extra
    )
    official.append(dial)
    assert writer().leg(met, Leg("boss", role)).decode() == str(official)  # type: ignore[arg-type]


def test_before_a_recorded_conversation_the_customer_is_told_once() -> None:
    recorded = writer(record=True)
    told = recorded.next(call(stage="connecting", offer_id="o-1")).decode()
    assert "录音" in told
    assert 'record="record-from-start"' in told
    assert f'recordingStatusCallback="{BASE}recording?contact=contact-1"' in told
    assert "录音" not in recorded.next(call(stage="talking", offer_id="o-1", told=True)).decode()


def test_without_ucc_the_caller_goes_to_the_static_number_or_hears_an_apology() -> None:
    official = VoiceResponse()
    dial = Dial(answer_on_bridge=True)
    dial.number("+862155550199")
    official.append(dial)
    official.hangup()
    assert writer(voicemail=True).sorry("contact-1", "zh", "+862155550199").decode() == str(official)
    official = VoiceResponse()
    official.say("We are sorry, we cannot take your call now. Please try again later.", language="en-US")
    official.hangup()
    assert writer().sorry("contact-1", "en", None).decode() == str(official)
    apology = "We are sorry, we cannot take your call now. Please try again later."
    asked = "Please leave a message after the tone. Press the pound key or hang up when you are done."
    assert writer(voicemail=True).sorry("contact-1", "en", None).decode() == recorded(f"{apology} {asked}", "en-US")


def test_reject_and_hold_for_ever_are_the_librarys() -> None:
    official = VoiceResponse()
    official.reject(reason="busy")
    official.play("https://music.example/a.mp3", loop=0)
    assert verbs.document([verbs.reject("busy"), verbs.play("https://music.example/a.mp3", 0)]).decode() == str(
        official
    )


def test_characters_xml_cannot_hold_are_left_out() -> None:
    assert verbs.document([verbs.say("a\x00b\x0bc\ud800")]).endswith(b"<Response><Say>abc</Say></Response>")


def test_an_outside_party_is_dialled_and_both_its_answer_and_its_end_are_told() -> None:
    dial = Dial(
        action=BASE + "next?in=party&attempt=d-1",
        answer_on_bridge=True,
        caller_id="+862155550199",
        method="POST",
        timeout=30,
    )
    told = BASE + "party?call=CA1&attempt=d-1"
    dial.number("+862155550188", status_callback=told, status_callback_event="answered")
    official = VoiceResponse()
    official.append(dial)
    party = Party("d-1", "+862155550188", 30, "+862155550199")
    assert writer().party(party, "CA1").decode() == str(official)
