"""Deaths of outbound by the hundred, each at another step of a campaign's life: before and after statements, commits and publishes."""

from __future__ import annotations

import os

import pytest

from tests.integration.outbound.kill_points import open_ground, story

DEATHS = int(os.environ.get("UCC_DIALLING_DEATHS", "250"))
"""A thousand take some minutes on two idle cores; the first 250 go through every step of a campaign of three and of one."""
pytestmark = [pytest.mark.faults, pytest.mark.timeout(1500)]


async def test_deaths_at_every_step(module_database_url: str) -> None:
    """People dialled twice and outcomes lost: none, over all of them."""
    visited, twice, lost, left = 0, 0, 0, 0
    async with open_ground(module_database_url) as ground:
        for records in (3, 1, 2, 4, 5, 6, 7, 8):
            steps = (await story(ground, records, 0)).steps
            for dies_at in range(1, min(steps, DEATHS - visited) + 1):
                found = await story(ground, records, dies_at)
                visited += 1
                twice, lost, left = twice + len(found.twice), lost + len(found.lost), left + found.undialled
            if visited >= DEATHS:
                break
    assert (visited, twice, lost, left) == (DEATHS, 0, 0, 0)
