"""After the agent has hung up: the caller is asked how it was, and answers with one key.

Only where the row names the sound that asks. The customer stays on the line until UCC says whether they are to be asked;
who hears nothing of it within a moment is hung up, and so is everybody at the end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from services.gateway.adapters.asterisk.calls import AskRating, Call, Decided, HangUp, Phase, Report, moved
from services.gateway.adapters.asterisk.facts import RatingOver
from services.gateway.adapters.asterisk.surroundings import Surroundings
from services.gateway.adapters.port import ChannelPort
from shared.contracts.routing_decisions import ContactClosed
from shared.errors import BrokerUnavailable, Refused

KEY_SECONDS: Final = 6.0
"""For the key, from the end of the question."""
LONGEST_SECONDS: Final = 25.0
"""On the line after the agent, whatever happens."""


def stays(call: Call) -> bool:
    """Whether the customer may be asked after this conversation: they are on the line, and there is a question to play."""
    return call.rates and call.answered and call.phase is Phase.TALKING and call.consultation is None


def agent_left(call: Call, others: list[HangUp], said: Report) -> Decided:
    """Everybody but the customer is hung up."""
    alone = replace(call, legs={}, listeners={}, agent=None, consultation=None, outside=None, held=False)
    after = moved(alone, Phase.RATING)
    return after, [*others, said]


def closed(call: Call, decision: ContactClosed) -> Decided | None:
    """What the contact's end means while the customer waits to be asked; None where they are not to be."""
    if call.phase is not Phase.RATING or decision.rating_scale is None:
        return None
    return (call, ()) if call.asked else (replace(call, asked=True), [AskRating(decision.rating_scale)])


def over(call: Call, _: RatingOver) -> Decided:
    if call.phase is not Phase.RATING:
        return call, ()
    return moved(call, Phase.OVER), [HangUp(call.subject)]


async def take(port: ChannelPort, contact_id: str, key: str, scale: int) -> None:
    """The key pressed, if it is one of the scale. What cannot be said now is lost: the caller does not wait for us."""
    if not key.isdecimal() or not 1 <= int(key) <= scale:
        return
    try:
        await port.rate(contact_id, int(key), "key")
    except (BrokerUnavailable, Refused):
        return


def question_of(shared: Surroundings) -> str | None:
    return shared.settings.comfort.rating
