"""What the profile knows of the people behind numbers, asked before anybody is dialled: consent, refusals, wishes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from services.outbound.domain.compliance import HeldConsent, HeldRefusal, PersonWishes
from services.outbound.domain.preferences import QuietHours
from services.outbound.domain.purposes import Purpose
from shared import telemetry
from shared.contracts.wire import InvalidMessage, from_iso

AT_ONCE = 500
"""Numbers the profile answers for in one request."""
log = telemetry.logger("outbound")


@dataclass(frozen=True, slots=True)
class Known:
    """Of one number: the person's wishes, and when they are not to be disturbed."""

    wishes: PersonWishes
    quiet: QuietHours = QuietHours()
    customer_id: str | None = None
    language: str | None = None


NOT_KNOWN = Known(PersonWishes(known=False))


@dataclass(frozen=True, slots=True)
class ProfileClient:
    """`POST /v1/dialling` of profile."""

    client: httpx.AsyncClient = field(repr=False)

    async def known(self, tenant: str, purpose: str, numbers: Sequence[str]) -> list[Known]:
        """One answer a number, in their order. Where the profile does not answer, nobody's wishes are known."""
        answers: list[Known] = []
        for start in range(0, len(numbers), AT_ONCE):
            asked = numbers[start : start + AT_ONCE]
            answers += await self._ask(tenant, purpose, asked)
        return answers

    async def _ask(self, tenant: str, purpose: str, numbers: Sequence[str]) -> list[Known]:
        entries = [{"number": number, "purpose": purpose} for number in numbers]
        try:
            answer = await self.client.post("/v1/dialling", params={"tenant": tenant}, json={"entries": entries})
            answer.raise_for_status()
            return [_known(each, purpose) for each in answer.json()["items"]]
        except (httpx.HTTPError, InvalidMessage, KeyError, ValueError, TypeError) as error:
            log.warning("the profile does not say who may be called", cause=type(error).__name__, entries=len(entries))
            return [NOT_KNOWN] * len(numbers)


def _known(answer: dict[str, Any], purpose: str) -> Known:
    consent = refusal = None
    if answer["given_at"] is not None:
        expires = answer["expires_at"]
        consent = HeldConsent(from_iso(answer["given_at"]), from_iso(expires) if expires else None)
    if answer["withdrawn_at"] is not None:
        refusal = HeldRefusal(from_iso(answer["withdrawn_at"]), Purpose(purpose))
    if answer["consent"] == "withdrawn":
        consent = None  # the later word counts, and of one moment the refusal
    wishes = PersonWishes(True, consent, (refusal,) if refusal else ())
    preferences = answer["preferences"]
    quiet = QuietHours(
        preferences["no_calls_before"], preferences["no_calls_after"],
        tuple((opens, closes) for opens, closes in preferences["do_not_disturb"]),
    )  # fmt: skip
    return Known(wishes, quiet, answer["customer_id"], preferences["language"])
