"""Tenants and pools: made once, on the emptiest partition, never moved."""

from __future__ import annotations

import pytest

from deploy.tenants import TenantRefused, create_pool, create_tenant


def test_a_tenant_is_made_once(database_url: str) -> None:
    assert create_tenant(database_url, "acme", "Acme")
    assert not create_tenant(database_url, "acme", "Acme again")


def test_pools_spread_over_partitions_and_stay(database_url: str) -> None:
    for tenant in ("acme", "zeta"):
        create_tenant(database_url, tenant, tenant)
    assert create_pool(database_url, "acme", "main", partitions=2) == 0
    assert create_pool(database_url, "zeta", "main", partitions=2) == 1
    assert create_pool(database_url, "acme", "night", partitions=2, partition=1) == 1
    assert create_pool(database_url, "acme", "main", partitions=2, partition=1) == 0


@pytest.mark.parametrize("name", ["", "two words", "x" * 65, "租赁"])
def test_an_unusable_id_is_refused(database_url: str, name: str) -> None:
    with pytest.raises(TenantRefused):
        create_tenant(database_url, name, "title")


def test_a_partition_that_is_not_there_is_refused(database_url: str) -> None:
    create_tenant(database_url, "acme", "Acme")
    with pytest.raises(TenantRefused, match="partition 4"):
        create_pool(database_url, "acme", "main", partitions=4, partition=4)
