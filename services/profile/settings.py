"""Settings of profile beside the shared ones."""

from __future__ import annotations

from shared.settings import UccSettings


class ProfileSettings(UccSettings):
    """What profile may be told; every default suits one host."""

    repeat_window_days: int = 7
    """A contact within this many days after a *served* one is a repeat (only a served one counts: redialling gains nothing)."""
    unresolved_dispositions: frozenset[str] = frozenset({"unresolved", "complaint", "escalated", "no_wrap_up"})
    """Wrap-up codes after which an agent is not the customer's last *good* agent."""
    low_rating_owner: str = ""
    """Agent id of who calls dissatisfied customers back; "": the agent they spoke with."""
    low_rating_reply_hours: int = 24
    """By when."""
    arrivals_in_parallel: int = 16
    """Contacts of one partition profiled side by side; each is its own, so their order does not matter."""
    import_batch_rows: int = 1000
    """Rows of an import written in one transaction: progress moves and a crash repeats by this much."""
    import_lease_seconds: float = 15.0
    """An import whose worker was silent this long is taken over by another."""
    consumer_group: str = "profile"
    pool_size: int = 8
    """Connections per role."""
