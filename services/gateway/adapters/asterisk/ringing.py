"""Ringing agents' and supervisors' phones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.gateway.adapters.asterisk.ari import AriRefused, Away, Gone, path
from services.gateway.adapters.asterisk.calls import Leg
from services.gateway.adapters.asterisk.facts import LegGone, Unanswered
from services.gateway.adapters.asterisk.settings import AsteriskSettings
from services.gateway.adapters.asterisk.surroundings import Surroundings
from services.gateway.adapters.port import Endpoint

LONGEST_RING_SECONDS: Final = 180
"""Beyond any offer: UCC withdraws it when its time is up."""
ANSWER_BY_ITSELF: Final = {
    "PJSIP_HEADER(add,Call-Info)": "<sip:ucc>;answer-after=0",
    "PJSIP_HEADER(add,Alert-Info)": "<http://ucc>;info=alert-autoanswer;delay=0",
}
"""The two headers desk phones know for it (RFC 5373's predecessors; each maker knows at least one)."""


def dial_string(endpoint: Endpoint, settings: AsteriskSettings) -> str | None:
    """How Asterisk rings it; None: by a trunk, and there is none."""
    if endpoint.kind in ("sip", "softphone"):
        return f"PJSIP/{endpoint.address}"
    return None if settings.trunk is None else f"PJSIP/{endpoint.address}@{settings.trunk}"


@dataclass(frozen=True, slots=True)
class Bell:
    """A phone to be rung. `by_itself`: told to answer at once, for its owner accepted on the page."""

    channel: str
    dial: str
    by_itself: bool = False


async def bell_of(shared: Surroundings, leg: Leg, *, now: bool) -> Bell | LegGone | None:
    """The phone of a leg; why there is none; or None: it rings already, and is to be picked up.

    `now`: the agent accepted on the page; a phone that can is rung anew to answer by itself.
    """
    endpoint = await shared.port.endpoint(leg.agent_id)
    dial = None if endpoint is None else dial_string(endpoint, shared.settings)
    if endpoint is None or dial is None:
        return LegGone(leg.channel, Unanswered.REJECTED, "no_phone")
    if not now:  # who was given the contact unasked hears it at once, where the phone can
        return Bell(leg.channel, dial, by_itself=leg.accepted and endpoint.auto_answer)
    if not endpoint.auto_answer or leg.channel != leg.offer_id:
        return None
    return Bell(f"{leg.offer_id}.now", dial, by_itself=True)


async def originate(shared: Surroundings, bell: Bell, entry: str | None) -> bool:
    """False when Asterisk could not even begin (phone not registered, no such endpoint).

    An offer's channel has the offer's id: asked again after a restart, Asterisk says it rings already.
    """
    shown = shared.settings.caller_id or entry or ""
    try:
        await shared.ari.request(
            "POST", path("channels", bell.channel), {"variables": ANSWER_BY_ITSELF if bell.by_itself else {}},
            endpoint=bell.dial, app=shared.ari.app, appArgs="leg", callerId=f'"{shown}" <{shown}>',
            timeout=shared.settings.ring_agent_seconds or LONGEST_RING_SECONDS,
        )  # fmt: skip
    except (Gone, Away):  # it rings already; or is looked at when the exchange is back
        return True
    except AriRefused:
        return False
    return True
