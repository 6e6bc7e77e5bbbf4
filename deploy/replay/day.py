"""Drives a plan through the running system: callers and visitors through the signed gateway, agents through console."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from deploy.clients.desk import Desk
from deploy.clients.gateway import GatewayClient
from deploy.clients.switchboard import Switchboard
from deploy.replay.crew import CrewMember
from deploy.replay.plan import Plan, PlannedContact, Shift
from deploy.replay.tally import Tally
from deploy.replay.tenant import BUSINESS_LINE, WEB_LINE, agent_names, numbers
from shared.clock import Clock
from shared.contracts.envelope import stable_id
from shared.contracts.fields import SECOND

AFTER_HOURS = 1_800 * SECOND
"""How long the replay waits for the last contacts after the last shift (policy µs)."""


class DayReplay:
    """One recorded day under way. `tallies` and `acknowledged` may be read while it runs."""

    def __init__(
        self, plan: Plan, gateway: GatewayClient, desks: Mapping[str, Desk], clock: Clock, tenant: str, shift_by: int
    ) -> None:
        """`desks`: by agent id; `shift_by`: µs added to the log's times, 0 when the clock shows the log's calendar."""
        self.plan = plan
        self.tallies: dict[str, Tally] = {"phone": Tally(), "web": Tally()}
        self.acknowledged: list[str] = []  # the gateway's own ids of acknowledged events
        self._clock = clock
        self._shift_by = shift_by
        self._board = Switchboard(gateway, clock, self.acknowledged.append)
        self._numbers = numbers(plan)
        self._handling = {  # µs, by contact id
            stable_id(tenant, gateway.gateway_id, contact.key): contact.service
            for contact in plan.contacts
            if contact.channel == "web"
        }
        ids = agent_names(plan)
        self.crew = [
            CrewMember(desks[agent_id], _shifts(plan, name), clock, shift_by, self._web_handling)
            for name, agent_id in ids.items()
        ]

    async def run(self) -> None:
        """The whole day; returns when everybody is gone, or half a policy hour after the last shift."""
        over_at = self.plan.ends + self._shift_by + AFTER_HOURS
        async with asyncio.TaskGroup() as group:
            helpers = [group.create_task(self._board.run()), group.create_task(self._board.heartbeats())]
            await self._board.listening.wait()
            crew = [group.create_task(member.work()) for member in self.crew]
            contacts = [group.create_task(self._contact(contact)) for contact in self.plan.contacts]
            closing = group.create_task(self._clock.sleep_until(over_at))
            everybody = group.create_task(_gone({*contacts, *crew}))
            await asyncio.wait({everybody, closing}, return_when=asyncio.FIRST_COMPLETED)
            for task in (*crew, *contacts, *helpers, everybody, closing):
                task.cancel()

    async def _contact(self, planned: PlannedContact) -> None:
        await self._clock.sleep_until(planned.at + self._shift_by)
        self.tallies[planned.channel].arrived()
        leg = self._board.open(planned.key, planned.channel)
        by_phone = planned.channel == "phone"
        ended = await self._board.contact(
            leg,
            self._arrival(planned),
            patience=planned.patience,
            talk=(lambda _agent: planned.service) if by_phone else None,
        )
        self.tallies[planned.channel].closed(ended)

    def _arrival(self, planned: PlannedContact) -> dict[str, str]:
        line = BUSINESS_LINE if planned.channel == "phone" else WEB_LINE
        arrival = {"business_line": line, "group": planned.group}
        if (number := self._numbers.get(planned.customer or "")) is not None:
            arrival |= {"address_kind": "phone", "address": number}
        if planned.text is not None:
            arrival["text"] = planned.text
        return arrival

    def _web_handling(self, contact_id: str) -> int:
        return self._handling[contact_id]


async def _gone(tasks: set[asyncio.Task[None]]) -> None:
    await asyncio.wait(tasks)


def _shifts(plan: Plan, agent: str) -> Sequence[Shift]:
    return [shift for shift in plan.shifts if shift.agent == agent]
