"""The bench's opponents are honest: on the same input they choose whom we choose, and so does the obvious list scan.

app_queue knows no order among callers of different queues, so a freed member may get another caller there; whom a caller
gets is the same.
"""

from __future__ import annotations

import pytest

from tests.benchmarks.core_bench import AsteriskSide, Centre, FreeSwitchSide, ScanSide, SelectionSide, Side

EVENTS = 240


class Noting(Side):
    """Passes events on and lets their answers be seen."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.said: list[tuple[str, str | None]] = []

    def contact_came(self, contact: object, now: int) -> str | None:
        found = self.side.contact_came(contact, now)  # type: ignore[arg-type]
        self.said.append(("agent", found))
        return found

    def agent_came_free(self, agent_id: str, now: int) -> str | None:
        found = self.side.agent_came_free(agent_id, now)
        self.said.append(("contact", found))
        return found


def said(side: Side, centre: Centre) -> list[tuple[str, str | None]]:
    noting = Noting(side)
    for event in centre.events(noting, EVENTS):
        event()
    return noting.said


@pytest.fixture(scope="module")
def centre() -> Centre:
    return Centre(agents=400, waiting=60, seed=5)


def test_the_scan_and_mod_callcenter_choose_as_we_do(centre: Centre) -> None:
    ours = said(SelectionSide(centre), centre)
    assert ours == said(ScanSide(centre), centre)
    assert ours == said(FreeSwitchSide(centre), centre)
    assert sum(chosen is not None for _, chosen in ours) > EVENTS // 3


def test_app_queue_gives_a_caller_the_agent_we_give(centre: Centre) -> None:
    ours, theirs = said(SelectionSide(centre), centre), said(AsteriskSide(centre), centre)
    # every second event of four is a caller of an ample group: nobody waits there, so the difference above cannot matter
    ample = [(a, b) for (_, a), (_, b) in list(zip(ours, theirs, strict=True))[1::4]]
    assert all(a is not None and a == b for a, b in ample)
