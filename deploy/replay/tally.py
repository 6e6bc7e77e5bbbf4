"""What became of the replayed contacts, counted by channel, beside what the log says of its own day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from deploy.clients.switchboard import LegEnd
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import ContactEnd

ABANDONED = frozenset(
    {ContactEnd.ABANDONED_IN_QUEUE, ContactEnd.ABANDONED_WHILE_OFFERED, ContactEnd.ABANDONED_IN_SELF_SERVICE}
)


@dataclass
class Tally:
    """Running counts of one channel. offered = answered + abandoned + flowed out + still waiting (+ in conversation)."""

    offered: int = 0
    ends: Counter[str] = field(default_factory=Counter[str])
    waits: list[int] = field(default_factory=list[int])  # µs, of the answered

    def arrived(self) -> None:
        self.offered += 1

    def closed(self, leg: LegEnd) -> None:
        self.ends[leg.end] += 1
        if leg.assigned:
            self.waits.append(leg.waited)

    @property
    def answered(self) -> int:
        return self.ends[ContactEnd.SERVED]

    @property
    def abandoned(self) -> int:
        return sum(self.ends[end] for end in ABANDONED)

    @property
    def flowed_out(self) -> int:
        return self.ends[ContactEnd.OVERFLOWED] + self.ends[ContactEnd.CALLBACK_ACCEPTED]

    @property
    def failed(self) -> int:
        """Ends no replay should see."""
        return self.ends.total() - self.answered - self.abandoned - self.flowed_out

    @property
    def still_waiting(self) -> int:
        """Open contacts."""
        return self.offered - self.ends.total()

    @property
    def balanced(self) -> bool:
        """Whether offered = answered + abandoned + flowed out + still waiting, with nothing else."""
        parts = self.answered + self.abandoned + self.flowed_out + self.still_waiting
        return self.failed == 0 and self.offered == parts

    @property
    def asa_seconds(self) -> float:
        """Mean wait of the answered, from entry into the group to acceptance."""
        return sum(self.waits) / len(self.waits) / SECOND if self.waits else 0.0

    def service_level(self, target_seconds: int) -> float:
        """Answered within the target ÷ offered."""
        within = sum(wait <= target_seconds * SECOND for wait in self.waits)
        return within / self.offered if self.offered else 0.0

    def wait_percentile(self, share: float) -> float:
        """Seconds waited by that share of the answered at most."""
        return _percentile(self.waits, share) / SECOND


def _percentile(values: Sequence[int], share: float) -> float:
    ordered = sorted(values)
    return float(ordered[min(len(ordered) - 1, int(share * len(ordered)))]) if ordered else 0.0
