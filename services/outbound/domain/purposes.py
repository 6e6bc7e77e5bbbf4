"""Why somebody is called. Consent, opt-out, caps, hours and registries are judged per purpose, so that an opt-out from marketing
never silences a reply that was promised.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Purpose(StrEnum):
    """What an attempt is for; the values are the API's and the contracts'."""

    REQUESTED_CALLBACK = "requested_callback"  # the person asked to be rung
    PROMISED_REPLY = "promised_reply"  # we promised an answer
    SERVICE_FOLLOWUP = "service_followup"  # after a deal, a repair, a visit
    MARKETING = "marketing"
    DEBT_COLLECTION = "debt_collection"


ASKED_FOR: Final = frozenset({Purpose.REQUESTED_CALLBACK, Purpose.PROMISED_REPLY})
"""What the person wants of us: a refusal of everything does not reach it (`ConsentWithdrawn.purpose` None)."""


def silences(refused: Purpose | None, purpose: Purpose) -> bool:
    """Whether a refusal of `refused` (None: of everything not asked for) covers calls for `purpose`."""
    return purpose not in ASKED_FOR if refused is None else refused is purpose
