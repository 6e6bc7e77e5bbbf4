"""Settings of the router, read once."""

from __future__ import annotations

from pydantic import Field

from shared.settings import UccSettings


class RouterSettings(UccSettings):
    """Leases and renewals are wall time, measured by the database's clock; they never follow the policy clock."""

    router_lease_seconds: float = Field(default=6.0, gt=0)
    """How long a silent owner keeps its partitions."""
    router_renew_seconds: float = Field(default=2.0, gt=0)
    """An idle owner prolongs its lease this often."""
    router_share_seconds: float = Field(default=0.25, gt=0)
    """How often an instance looks for partitions to claim or to give up."""
    router_batch_inputs: int = Field(default=500, ge=1)
    """Inputs decided before a commit, at most."""
    router_batch_seconds: float = Field(default=0.02, gt=0)
    """Time spent deciding before a commit, at most: the event loop is shared."""
    router_hash_seconds: float = Field(default=10.0, gt=0)
    """An owner writes down the hash of its state this often, for the snapshot process to compare."""
    router_snapshot_seconds: float = Field(default=10.0, gt=0)
    """The snapshot process makes its round this often."""
    router_report_seconds: float = Field(default=1.0, gt=0)
    """The reports process looks for new journal rows this often."""
