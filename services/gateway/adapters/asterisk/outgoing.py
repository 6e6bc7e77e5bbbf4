"""Requests to Asterisk about calls that go out: a customer is called, or passed on to an outside number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.gateway.adapters.asterisk.ari import AriRefused, Away, Gone, path
from services.gateway.adapters.asterisk.surroundings import Surroundings
from services.gateway.adapters.numbers import caller

CALLED: Final = "called"
"""First argument of a channel with which we called a customer."""
PARTY: Final = "outside"
"""First argument of a channel with which we called an outside party."""
MESSAGE_CONTEXT: Final = "ucc-message"
"""Where it records what a caller has to say."""
OUTSIDE_CONTEXT: Final = "ucc-outside"
"""Where the generated dialplan dials `UCC_OUTSIDE` and bridges."""


async def call_customer(
    shared: Surroundings, channel: str, number: str, seconds: int, caller_id: str | None = None
) -> bool:
    """False when Asterisk could not even begin. The channel's id is the contact's key: two at a time are impossible."""
    return await _place(shared, channel, number, seconds, CALLED, caller_id)


async def call_outside(shared: Surroundings, channel: str, number: str, seconds: int, caller_id: str | None) -> bool:
    """False when Asterisk could not even begin. The channel's id is the attempt's."""
    return await _place(shared, channel, number, seconds, PARTY, caller_id)


async def _place(
    shared: Surroundings, channel: str, number: str, seconds: int, what: str, caller_id: str | None
) -> bool:
    settings = shared.settings
    if settings.trunk is None:
        return False
    shown = (
        caller_id
        or settings.caller_id
        or next((entry.entry for entry in settings.entries if entry.entry.strip("+").isdigit()), "")
    )
    try:
        await shared.ari.request(
            "POST", path("channels", channel), {"variables": {}}, endpoint=f"PJSIP/{number}@{settings.trunk}",
            app=shared.ari.app, appArgs=what, callerId=f'"{shown}" <{shown}>', timeout=seconds,
        )  # fmt: skip
    except (Gone, Away):  # it stands already; or is looked for when the exchange is back
        return True
    except AriRefused:
        return False
    return True


async def caller_number(shared: Surroundings, channel: str) -> str | None:
    """E.164 of who calls; None: withheld, or gone."""
    try:
        there = await shared.ari.request("GET", path("channels", channel))
    except (Gone, Away, AriRefused):
        return None
    return caller(there["caller"]["number"], await shared.port.country())


async def stands(shared: Surroundings, channel: str) -> bool:
    """Whether Asterisk knows the channel; as long as it does not say, yes: nothing is dialled on a doubt."""
    try:
        await shared.ari.request("GET", path("channels", channel))
    except Gone:
        return False
    except (Away, AriRefused):
        return True
    return True


async def pass_on(shared: Surroundings, channel: str, number: str, caller_id: str | None) -> bool:
    """The dialplan has the caller from here on. False when it cannot take them."""
    trunk = shared.settings.trunk
    shown = caller_id or shared.settings.caller_id or ""
    dialled = {"UCC_OUTSIDE": f"PJSIP/{number}@{trunk}", "UCC_SHOWN": shown}
    return trunk is not None and await to_dialplan(shared, channel, OUTSIDE_CONTEXT, dialled)


async def to_dialplan(
    shared: Surroundings, channel: str, context: str, variables: Mapping[str, str] | None = None
) -> bool:
    """A caller goes on in the generated dialplan. False when they cannot."""
    try:
        for name, value in (variables or {}).items():
            await shared.ari.request("POST", path("channels", channel, "variable"), variable=name, value=value)
        await shared.ari.request("POST", path("channels", channel, "answer"))
        await shared.ari.request(
            "POST", path("channels", channel, "continue"), context=context, extension="s", priority=1
        )
    except (Gone, Away, AriRefused):
        return False
    return True
