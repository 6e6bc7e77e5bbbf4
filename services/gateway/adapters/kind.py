"""What an adapter's folder offers the gateway, and how its routes find their port."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from services.gateway.adapters.port import ChannelPort
from services.gateway.domain.fax_transport import FaxTransport


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """A kind of channel: a model of its settings, its loop, its routes (each of the last three may be missing).

    `run` goes on until cancelled and may be started again at any time; `router` serves on every instance, behind
    `middleware` where one is given (it sees every request and minds its own).
    """

    name: str
    settings: type[BaseModel]
    run: Callable[[ChannelPort, Any], Awaitable[None]] | None = None
    router: APIRouter | None = None
    middleware: type[Any] | None = None
    fax: Callable[[ChannelPort, Any], FaxTransport | None] | None = None  # this channel can send faxes too
    dials: bool = False  # it can call customers: carries out `DialRequested`
    places: bool = False  # and calls them for outbound, the customer first: carries out `PlaceCall`


def port_of(request: Request, gateway_id: str, kind: str) -> tuple[ChannelPort, Any]:
    """Port and settings of the gateway row a path names. Raises NotFound for none of this kind."""
    return request.app.state.channels.port(gateway_id, kind)
