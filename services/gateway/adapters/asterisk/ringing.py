"""Ringing agents' and supervisors' phones."""

from __future__ import annotations

from typing import Final

from services.gateway.adapters.asterisk.ari import AriRefused, Away, Gone, path
from services.gateway.adapters.asterisk.calls import Leg
from services.gateway.adapters.asterisk.facts import LegGone, RungAnew, Unanswered
from services.gateway.adapters.asterisk.settings import AsteriskSettings
from services.gateway.adapters.asterisk.surroundings import Surroundings
from services.gateway.domain.port import Endpoint

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


async def ring(shared: Surroundings, leg: Leg, entry: str | None, *, now: bool) -> LegGone | RungAnew | None:
    """Ring an agent's phone; what became of it at once, if anything did.

    The channel's id is the offer's: asked again after a restart, Asterisk says it rings already. `now`: the agent accepted
    on the page; a phone that can is told to answer by itself, any other rings on until it is picked up.
    """
    endpoint = await shared.port.endpoint(leg.agent_id)
    dial = None if endpoint is None else dial_string(endpoint, shared.settings)
    if endpoint is None or dial is None:
        return LegGone(leg.channel, Unanswered.REJECTED, "no_phone")
    channel = leg.channel
    if now:
        if not endpoint.auto_answer or leg.channel != leg.offer_id:
            return None
        channel = f"{leg.offer_id}.now"
    if not await originate(shared, channel, dial, entry, by_itself=now):
        shared.unreachable(leg.agent_id)
        return LegGone(leg.channel, Unanswered.NO_ANSWER, "unreachable")
    return RungAnew(leg.offer_id, channel) if now else None


async def originate(shared: Surroundings, channel: str, dial: str, entry: str | None, *, by_itself: bool) -> bool:
    """False when Asterisk could not even begin (phone not registered, no such endpoint)."""
    shown = shared.settings.caller_id or entry or ""
    try:
        await shared.ari.request(
            "POST", path("channels", channel), {"variables": ANSWER_BY_ITSELF if by_itself else {}}, endpoint=dial,
            app=shared.ari.app, appArgs="leg", callerId=f'"{shown}" <{shown}>',
            timeout=shared.settings.ring_agent_seconds or LONGEST_RING_SECONDS,
        )  # fmt: skip
    except (Gone, Away):  # it rings already; or is looked at when the exchange is back
        return True
    except AriRefused:
        return False
    return True
