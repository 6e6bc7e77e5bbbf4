"""Customers who are called back (or previewed by a campaign's agent) and whom nobody plays: they answer by their fate.

What rings and who talks is one note, so that a restart finds it; only the instance that runs the exchange writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Final, Literal

from pydantic import TypeAdapter

from services.gateway.adapters.port import ChannelPort
from services.gateway.adapters.simulator.fates import Network, Reached, fate_of
from services.gateway.adapters.simulator.ringing import answered, failed
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import DialRequested

KEY: Final = "unplayed customers"
DAYS_KEPT: Final = 1
_WORDS: Final[Mapping[Reached, str]] = {
    "busy": "busy",
    "no_answer": "no_answer",
    "failed": "failed",
    "fax": "no_answer",
}


@dataclass(frozen=True, slots=True)
class _Customer:
    """`at`: when the next thing happens, µs; `outcome`: None answers, else why not; `talks`: seconds."""

    attempt_id: str
    at: int
    outcome: str | None
    talks: float
    state: Literal["ringing", "answered", "talking"] = "ringing"


Customers = Mapping[str, _Customer]
_NOTE: Final = TypeAdapter(dict[str, _Customer])


async def dial(port: ChannelPort, network: Network, subject: str, wanted: DialRequested) -> None:
    """Ring; the intent was written."""
    fate = fate_of(network, wanted.attempt_id, wanted.answer_seconds)
    outcome = None if fate.reached in ("person", "machine") else _WORDS.get(fate.reached, "sit")
    customer = _Customer(wanted.attempt_id, port.now() + round(fate.after * SECOND), outcome, fate.talks)
    await _change(port, lambda customers: {**customers, subject: customer})


async def rings(port: ChannelPort, subject: str, attempt_id: str) -> bool:
    """Whether this attempt is under way here."""
    found = (await _customers(port)).get(subject)
    return found is not None and found.attempt_id == attempt_id


async def connected(port: ChannelPort, subject: str) -> None:
    """An agent has them: they talk for as long as they do."""

    def talking(customers: Customers) -> Customers:
        found = customers.get(subject)
        if found is None or found.state == "talking":
            return customers
        until = port.now() + round(found.talks * SECOND)
        return {**customers, subject: replace(found, state="talking", at=until)}

    await _change(port, talking)


async def here(port: ChannelPort) -> frozenset[str]:
    """Whose calls need no page."""
    return frozenset(await _customers(port))


async def settle(port: ChannelPort) -> None:
    """Those whose time has come answer, or do not; or have said what they had to say."""
    for subject, one in sorted((await _customers(port)).items()):
        if one.state == "answered" or one.at > port.now():
            continue
        if one.state == "ringing" and one.outcome is None:
            await _change(port, lambda customers, s=subject, c=one: {**customers, s: replace(c, state="answered")})
            if await answered(port, subject, one.attempt_id):
                await connected(port, subject)
            continue
        if one.state == "talking":
            await port.report("ContactEnded", subject, f"hung up {subject}", {"by": "customer"})
        else:
            await failed(port, subject, one.attempt_id, one.outcome or "no_answer")
        await withdraw(port, subject)


async def withdraw(port: ChannelPort, subject: str) -> None:
    """The attempt is over for us."""
    await _change(port, lambda customers: {key: one for key, one in customers.items() if key != subject})


async def _customers(port: ChannelPort) -> Customers:
    note = await port.recall(KEY)
    return {} if note is None else _NOTE.validate_python(note.value)


async def _change(port: ChannelPort, change: Callable[[Customers], Customers]) -> None:
    """One after the other: the exchange hears its stream and looks at the clock at the same time."""
    while True:
        note = await port.recall(KEY)
        before: Customers = {} if note is None else _NOTE.validate_python(note.value)
        after = change(before)
        if after == before:
            return
        written = {subject: asdict(one) for subject, one in after.items()}
        if await port.remember(KEY, written, after=0 if note is None else note.version, days=DAYS_KEPT):
            return
