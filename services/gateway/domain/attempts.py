"""An attempt of outbound as the gateway keeps it: whom to call, how far it came, and the one outcome it has.

A channel says of an attempt what only it can know: that it rings, who took the call, why nobody was reached. What follows
from the life of its contact (connected, talked, never dialled) is concluded here, the same for every channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast

from services.gateway.domain.callbacks import CALLED_BACK
from services.gateway.domain.cloud_events import contact_id_of
from shared.contracts.dial_requests import PlaceCall
from shared.contracts.dial_results import AttemptAnswered, AttemptConnected, AttemptEnded, AttemptOutcome, DialResult
from shared.contracts.envelope import stable_id
from shared.contracts.fields import without_personal
from shared.contracts.routing_decisions import ContactClosed

PLACED: Final = "attempt-"
"""How our keys of calls begin that are placed for outbound, the customer first."""
DIALOGUE: Final = "dialogue"
"""Who had the customer where no agent did."""
UNHEARD: Final = "-"
TakenBy = Literal["person", "machine", "fax"] | None


@dataclass(frozen=True, slots=True)
class KeptAttempt:
    """`wanted` without the person; `number` E.164 and `display_name` as long as it is under way; times in µs.

    `connected_by`: the agent, or DIALOGUE; `withdrawn`: why it must not be dialled any more.
    """

    tenant: str
    contact_id: str
    subject: str
    wanted: PlaceCall
    number: str | None
    display_name: str | None = None
    begun_at: int | None = None
    answered_at: int | None = None
    connected_at: int | None = None
    connected_by: str | None = None
    withdrawn: str | None = None
    ended: AttemptEnded | None = None

    @property
    def attempt_id(self) -> str:
        return self.wanted.attempt_id


@dataclass(frozen=True, slots=True)
class BegunAttempt:
    """An attempt to dial now. `fresh`: nobody began it before; else it may have been dialled: ask, never dial it again."""

    attempt: KeptAttempt
    fresh: bool


def attempt_of(tenant: str, wanted: PlaceCall) -> KeptAttempt:
    """As it is kept on being asked for."""
    began = PLACED if wanted.first == "customer" else CALLED_BACK
    subject = f"{began}{stable_id('attempt', tenant, wanted.attempt_id)}"
    contact_id = contact_id_of(tenant, wanted.gateway_id, subject)
    return KeptAttempt(tenant, contact_id, subject, without_personal(wanted), wanted.number, wanted.display_name)


def never_asked(attempt_id: str, campaign: str, gateway_id: str) -> PlaceCall:
    """Stands for a request nobody heard of, so that its attempt can be closed all the same."""
    return PlaceCall(attempt_id, campaign, UNHEARD, gateway_id, 0, UNHEARD, UNHEARD, UNHEARD)


def arrival_of(attempt: KeptAttempt) -> Mapping[str, object]:
    """`ContactArrived` of a customer who took the call."""
    wanted = attempt.wanted
    said: dict[str, object] = {
        "channel": "phone", "business_line": wanted.business_line, "group": wanted.group, "language": wanted.language,
        "campaign": wanted.campaign, "attempt": wanted.attempt_id, "address_kind": "phone", "address": attempt.number,
        "display_name": attempt.display_name, "self_service": wanted.self_service, "entry": wanted.entry,
        "answered": not wanted.self_service,
    }  # fmt: skip
    return {name: value for name, value in said.items() if value is not None}


def ended(
    attempt: KeptAttempt, outcome: AttemptOutcome, at: int, reason: str | None = None, *, announced: bool = False,
    announced_at: int | None = None, cause: int | None = None,
) -> AttemptEnded:  # fmt: skip
    wanted = attempt.wanted
    return AttemptEnded(
        wanted.attempt_id, wanted.campaign, wanted.gateway_id, outcome, at, reason, announced, announced_at, cause
    )


TELLING: Final = frozenset({"ContactConnected", "DialAnswered", "DialFailed"})
"""Facts about a contact that tell something of its attempt (`result_of`)."""
_OUTCOMES: Final[Mapping[str, AttemptOutcome]] = {
    "busy": "busy", "no_answer": "no_answer", "sit": "sit_vacant", "failed": "failed", "cancelled": "cancelled",
    "unknown": "unknown",
}  # fmt: skip


def result_of(
    attempt: KeptAttempt, kind: str, said: Mapping[str, object], agent_id: str | None, at: int
) -> DialResult | None:
    """What a fact about the attempt's contact, as its channel reports it, tells of the attempt; None: nothing."""
    wanted = attempt.wanted
    about = (wanted.attempt_id, wanted.campaign, wanted.gateway_id)
    if kind == "ContactConnected":
        return AttemptConnected(*about, at, agent_id)
    if wanted.first == "customer":
        return None
    if kind == "DialAnswered":
        return AttemptAnswered(*about, at, cast("TakenBy", said.get("by")), contact_id=attempt.contact_id)
    if kind == "DialFailed":
        return ended(attempt, _OUTCOMES[str(said["outcome"])], at, attempt.withdrawn)
    return None


def closing(attempt: KeptAttempt, closed: ContactClosed) -> AttemptEnded | None:
    """What the end of the attempt's contact makes of it; None where its channel still has something to say to the customer."""
    if attempt.connected_by is not None:
        outcome: AttemptOutcome = "served" if attempt.connected_by == DIALOGUE else "talked"
        by = closed.by if closed.by in ("customer", "agent") else "system"
        return ended(attempt, outcome, closed.at, f"hung_up_by_{by}")
    if attempt.wanted.first == "customer" and not attempt.wanted.self_service:
        return None
    if attempt.answered_at is not None and attempt.wanted.self_service:
        return ended(attempt, "abandoned", closed.at)
    if attempt.answered_at is not None:
        return ended(attempt, "abandoned", closed.at, "agent_left")
    why = attempt.withdrawn or ("given_up" if attempt.begun_at is not None else "not_dialled")
    return ended(attempt, "cancelled", closed.at, why)
