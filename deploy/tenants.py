"""Tenants and agent pools: written by the owner of the database, with the partition a pool lives on for good."""

from __future__ import annotations

import psycopg

from shared.contracts.fields import Id, Name
from shared.contracts.wire import adapter


class TenantRefused(ValueError):
    """The tenant or pool cannot be made as asked."""


def create_tenant(
    database_url: str, tenant_id: str, title: str, *, country: str = "CN", time_zone: str = "Asia/Shanghai"
) -> bool:
    """Write the tenant down. False when it was there already. Raises TenantRefused for an unusable id."""
    _check_name(tenant_id)
    with psycopg.connect(database_url) as connection:
        made = connection.execute(
            "INSERT INTO directory.tenants (tenant_id, name, default_country, time_zone) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT DO NOTHING",
            (tenant_id, title, country, time_zone),
        )
        return made.rowcount == 1


def create_pool(
    database_url: str, tenant_id: str, pool_id: str, *, partitions: int, partition: int | None = None
) -> int:
    """Write an agent pool down and return its partition: the named one, else the one with the fewest pools.

    A pool that is there keeps its partition. Raises TenantRefused for an unusable id or partition.
    """
    _check_name(pool_id)
    if partition is not None and not 0 <= partition < partitions:
        raise TenantRefused(f"partition {partition} does not exist: topics have {partitions}")
    with psycopg.connect(database_url) as connection:
        connection.execute("LOCK TABLE directory.pools IN SHARE ROW EXCLUSIVE MODE")
        known = connection.execute(
            "SELECT partition FROM directory.pools WHERE tenant_id = %s AND pool_id = %s", (tenant_id, pool_id)
        ).fetchone()
        if known:
            return known[0]
        rows = connection.execute("SELECT partition, count(*) FROM directory.pools GROUP BY partition").fetchall()
        taken = dict(rows)
        chosen = min(range(partitions), key=lambda p: (taken.get(p, 0), p)) if partition is None else partition
        connection.execute(
            "INSERT INTO directory.pools (tenant_id, pool_id, partition) VALUES (%s, %s, %s)",
            (tenant_id, pool_id, chosen),
        )
        return chosen


def _check_name(name: str) -> None:
    try:
        adapter(Id).validate_python(name)  # type: ignore[arg-type]
        adapter(Name).validate_python(name)  # type: ignore[arg-type]
    except ValueError as error:
        raise TenantRefused("an id is 1 to 64 letters, digits, '.', '_' or '-'") from error
