"""How often a person is taken for an answering machine, known by asking: some calls that sounded like a machine go to an agent all
the same, drawn by lot, who says who it was. Who is hung up on cannot be asked, and without the share no rate is fair.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from services.outbound.domain.abandonment import Share, wilson

_LOTS: Final = 2**32


def drawn(attempt_id: str, share: float) -> bool:
    """Whether an attempt is audited if it sounds like a machine: the same answer whenever it is asked."""
    lot = int.from_bytes(hashlib.sha256(f"machine audit {attempt_id}".encode()).digest()[:4], "big")
    return lot < share * _LOTS


@dataclass(frozen=True, slots=True)
class MachineFigures:
    """Of the calls answered in a period. `flagged`: taken for machines; `audited`: of these, those somebody told who it was;
    `falsely`: of these, persons; `missed`: machines that were not taken for one, as agents said."""

    flagged: int
    audited: int
    falsely: int
    missed: int

    @property
    def false_machines(self) -> Share:
        """Persons ÷ calls taken for machines, from the audited ones, with Wilson's interval (95 %; none audited: 0 to 1)."""
        return wilson(self.falsely, self.audited)
