"""What a standard question was worth, in figures whose formulas are shown beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FORMULAS: Final[Mapping[str, str]] = {
    "asked": "contacts in which the question was chosen or matched, in the interval",
    "answered": "of these, contacts in which the answer was heard, read or received by fax whole",
    "contained": "answered, and the contact ended self-served",
    "containment": "contained ÷ answered contacts that are closed",
    "came_back": "contained contacts whose customer was in contact again within the window (any channel, any reason)",
    "came_back_share": "came_back ÷ contained contacts of known customers whose window is over",
}


@dataclass(frozen=True, slots=True)
class Usage:
    """One question's counts; each count's meaning stands in `FORMULAS`."""

    question_id: str
    asked: int
    answered: int
    by_matcher: int
    closed: int  # answered contacts that have ended
    contained: int
    followed: int  # contained contacts of known customers whose window is over
    came_back: int

    @property
    def containment(self) -> float | None:
        """contained ÷ closed; None where none is closed."""
        return self.contained / self.closed if self.closed else None

    @property
    def came_back_share(self) -> float | None:
        """came_back ÷ followed; None where no window is over."""
        return self.came_back / self.followed if self.followed else None

    def document(self) -> dict[str, object]:
        return {
            "question": self.question_id, "asked": self.asked, "by_matcher": self.by_matcher, "answered": self.answered,
            "closed": self.closed, "contained": self.contained, "containment": self.containment, "followed": self.followed,
            "came_back": self.came_back, "came_back_share": self.came_back_share,
        }  # fmt: skip
