"""What limits dialling whatever the law and the agents allow: calls per second and channels of a trunk, and which number of ours
is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

SECOND = 1_000_000


@dataclass(slots=True)
class TokenBucket:
    """At most `per_second` calls in the long run, a second's worth at once."""

    per_second: float
    _tokens: float = field(init=False)
    _at: int = 0

    def __post_init__(self) -> None:
        self._tokens = max(1.0, self.per_second)

    def there(self, now: int) -> int:
        """Calls that may be begun now (µs)."""
        if now > self._at:
            if self._at:
                grown = self._tokens + self.per_second * (now - self._at) / SECOND
                self._tokens = min(max(1.0, self.per_second), grown)
            self._at = now
        return int(self._tokens)

    def take(self, calls: int) -> None:
        self._tokens -= calls


@dataclass(frozen=True, slots=True)
class ShownNumber:
    """A verified number of ours. `region`: shown to people there first."""

    number: str
    region: str | None


def shown_number(pool: Sequence[ShownNumber], regions: Sequence[str], turn: int) -> str | None:
    """The caller ID of a call: of the person's region where we have one there, in rotation; None: there is none at all."""
    near = [own for own in pool if own.region is not None and any(region.startswith(own.region) for region in regions)]
    choice = near or pool
    return choice[turn % len(choice)].number if choice else None
