"""Who waits in which group: counted for overflow, found again when a group opens, closes or loses its staff.

An index: rebuilt from the records, and only a faster answer than a scan of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.router.domain.contacts import Contact, ContactPhase
from shared.contracts.fields import Channel, SkillLevel

Requirement = tuple[SkillLevel, ...]


class ByGroup:
    """Contacts that are queued, and contacts deferred, by the group they are in."""

    def __init__(self) -> None:
        self._queued: dict[str, dict[tuple[Channel, Requirement], dict[str, None]]] = {}
        self._counts: dict[tuple[str, Channel], int] = {}
        self._deferred: dict[str, dict[str, None]] = {}
        self._queued_as: dict[str, tuple[str, Channel, Requirement]] = {}
        self._deferred_in: dict[str, str] = {}

    def place(self, contact: Contact) -> None:
        """The contact as it stands now."""
        self.forget(contact.contact_id)
        if contact.phase is ContactPhase.QUEUED:
            group, channel, needed = contact.group, contact.channel, contact.requirement
            self._queued_as[contact.contact_id] = (group, channel, needed)
            self._queued.setdefault(group, {}).setdefault((channel, needed), {})[contact.contact_id] = None
            self._counts[group, channel] = self._counts.get((group, channel), 0) + 1
        elif contact.phase is ContactPhase.DEFERRED:
            self._deferred_in[contact.contact_id] = contact.group
            self._deferred.setdefault(contact.group, {})[contact.contact_id] = None

    def forget(self, contact_id: str) -> None:
        queued = self._queued_as.pop(contact_id, None)
        if queued is not None:
            group, channel, needed = queued
            bucket = self._queued[group][channel, needed]
            del bucket[contact_id]
            if not bucket:
                del self._queued[group][channel, needed]
            self._counts[group, channel] -= 1
        group_id = self._deferred_in.pop(contact_id, None)
        if group_id is not None:
            del self._deferred[group_id][contact_id]

    def is_queued(self, contact_id: str, group: str, channel: Channel) -> bool:
        return self._queued_as.get(contact_id, ("",))[:2] == (group, channel)

    def count(self, group: str, channel: Channel) -> int:
        """How many are queued in the group on the channel."""
        return self._counts.get((group, channel), 0)

    def queued(self, group: str) -> list[str]:
        """Ids of all who are queued in the group, ascending."""
        return sorted(key for bucket in self._queued.get(group, {}).values() for key in bucket)

    def deferred(self, group: str) -> list[str]:
        """Ids of all who are deferred in the group, ascending."""
        return sorted(self._deferred.get(group, ()))

    def groups_deferring(self, touched: Mapping[str, Contact | None]) -> list[str]:
        """Groups in which somebody is deferred, ascending; `touched` stand otherwise than indexed."""
        groups = {group for group, there in self._deferred.items() if there}
        groups |= {c.group for c in touched.values() if c is not None and c.phase is ContactPhase.DEFERRED}
        return sorted(groups)

    def requirements(self, group: str) -> Iterator[tuple[Channel, Requirement, list[str]]]:
        """Each channel and requirement with which somebody is queued in the group, and who (ascending)."""
        for channel, needed in sorted(self._queued.get(group, {}), key=str):
            yield channel, needed, sorted(self._queued[group][channel, needed])
