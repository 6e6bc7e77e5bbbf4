"""Death at a step, and another goes on: nobody is dialled twice, no outcome is lost. (`tests/faults` visits a thousand steps.)"""

from __future__ import annotations

from tests.integration.outbound.kill_points import open_ground, story

EVERY = 11
"""Of the steps of a story this many are passed over between two visited ones: all of them in turn, over several stories."""


async def test_nobody_is_dialled_twice_and_no_outcome_is_lost(module_database_url: str) -> None:
    async with open_ground(module_database_url) as ground:
        whole = await story(ground, 3, 0)
        assert (whole.twice, whole.lost, whole.undialled) == ([], [], 0)
        assert whole.steps > 100
        for dies_at in range(1, whole.steps + 1, EVERY):
            found = await story(ground, 3, dies_at)
            assert (found.twice, found.lost, found.undialled) == ([], [], 0), f"dead at step {dies_at}"
