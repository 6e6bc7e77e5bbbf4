"""What is true of a call, kept where the call lives: a variable of Asterisk. (One of the channel would be closer, but Asterisk
sets none while it plays to it.)"""

from __future__ import annotations

from typing import Final

from pydantic import TypeAdapter, ValidationError

from services.gateway.adapters.asterisk.ari import AriRefused, Gone, path
from services.gateway.adapters.asterisk.calls import Call, Phase
from services.gateway.adapters.asterisk.surroundings import Surroundings

_CALL: Final = TypeAdapter(Call)


def remembered_as(subject: str) -> str:
    """The variable of Asterisk that holds what is true of a call; an empty one is removed."""
    return f"UCC_CALL.{subject}"


async def remember(shared: Surroundings, call: Call) -> None:
    value = "" if call.phase is Phase.OVER else _CALL.dump_json(call).decode()
    where = path("asterisk", "variable")
    await shared.done(shared.ari.request("POST", where, variable=remembered_as(call.subject), value=value))


async def recalled(shared: Surroundings, subject: str) -> Call | None:
    """What Asterisk remembers of a call; None: nothing."""
    try:
        said = await shared.ari.request("GET", path("asterisk", "variable"), variable=remembered_as(subject))
    except (Gone, AriRefused):
        return None
    try:
        return _CALL.validate_json(said["value"])
    except ValidationError:
        return None
