"""Over which trunk a campaign's calls go, whoever asks for them: the planner, or an agent's own hand."""

from __future__ import annotations

from collections.abc import Sequence

from services.outbound.domain.campaigns import Campaign
from services.outbound.settings import OutboundSettings
from services.outbound.store import attempts, operators
from services.outbound.store.operators import Trunk
from shared.postgres import Connection


def trunk_of(trunks: Sequence[Trunk], campaign: Campaign, settings: OutboundSettings) -> Trunk:
    """The campaign's own choice, else its gateway's first, else what the settings allow a gateway without any."""
    of_gateway = [trunk for trunk in trunks if trunk.gateway_id == campaign.gateway_id]
    chosen = [trunk for trunk in of_gateway if trunk.trunk_id == campaign.choices.trunk]
    if chosen or of_gateway:
        return (chosen or of_gateway)[0]
    return Trunk("", campaign.gateway_id, settings.outbound_calls_per_second, settings.outbound_channels)


async def free_trunk(connection: Connection, campaign: Campaign, settings: OutboundSettings) -> Trunk | None:
    """Its trunk; None: every channel of it is taken at this moment."""
    trunk = trunk_of(await operators.trunks(connection, campaign.tenant), campaign, settings)
    in_use = await attempts.channels_in_use(connection, campaign.tenant)
    return trunk if in_use.get(trunk.trunk_id, 0) < trunk.channels else None
