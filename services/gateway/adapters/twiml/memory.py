"""Calls in the port's notes, where every instance finds them."""

from __future__ import annotations

import time
from collections.abc import Callable

from services.gateway.adapters.port import ChannelPort
from services.gateway.adapters.twiml.call import Call, read, written

KEPT_DAYS = 2


def _key(sid: str) -> str:
    return f"call {sid}"


async def begin(port: ChannelPort, sid: str, call: Call) -> None:
    """Remember a new call; one that is known stays as it is."""
    await port.remember(_key(sid), written(call), after=0, days=KEPT_DAYS)


async def recall(port: ChannelPort, sid: str) -> Call | None:
    note = await port.recall(_key(sid))
    return None if note is None else read(note.value)


async def change(port: ChannelPort, sid: str, step: Callable[[Call], Call]) -> tuple[Call, Call] | None:
    """The call before and after `step`, which may be taken again when somebody else went first; None for an unknown one."""
    while True:
        note = await port.recall(_key(sid))
        if note is None:
            return None
        before = read(note.value)
        after = step(before)
        if after == before or await port.remember(_key(sid), written(after), after=note.version, days=KEPT_DAYS):
            return before, after


async def until_something_is_said(port: ChannelPort, sid: str, seconds: float) -> Call | None:
    """The call once the ivr has answered or handed over, at the latest after `seconds`."""
    until = time.monotonic() + seconds
    note = await port.recall(_key(sid))
    while note is not None and read(note.value).quiet and (left := until - time.monotonic()) > 0:
        note = await port.changed(_key(sid), note.version, left)
    return None if note is None else read(note.value)
