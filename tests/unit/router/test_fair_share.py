"""Shares add up to all partitions, and differ by one at most."""

from __future__ import annotations

import pytest

from services.router.leases import fair_share


@pytest.mark.parametrize("partitions", [1, 4, 8, 9])
@pytest.mark.parametrize("instances", [1, 2, 3, 5, 12])
def test_shares_are_fair(partitions: int, instances: int) -> None:
    living = [f"router-{n}" for n in range(instances)]
    shares = [fair_share(partitions, living, instance) for instance in living]
    assert sum(shares) == partitions
    assert max(shares) - min(shares) <= 1


def test_who_is_not_known_as_alive_holds_nothing() -> None:
    assert fair_share(8, [], "router-1") == 0
    assert fair_share(8, ["router-2"], "router-1") == 0
