"""What a batch of decisions touched, gathered while it is folded.

An agent's tile or a group's row is pushed once a batch however many decisions concerned it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from services.console.domain.shapes import Notice, agent_audience


@dataclass(slots=True)
class Changes:
    """What a batch touched: frames in order, then agents, groups and lines whose rows are to be shown anew."""

    notices: list[Notice] = field(default_factory=list[Notice])
    agents: set[str] = field(default_factory=set[str])
    groups: set[str] = field(default_factory=set[str])
    lines: set[str] = field(default_factory=set[str])  # business lines whose self-service changed
    queue: bool = False
    policy: bool = False

    def tell(self, kind: str, agent_id: str | None, shape: object) -> None:
        """A frame for one agent."""
        if agent_id is not None:
            self.notices.append(Notice(kind, (agent_audience(agent_id),), shape))
