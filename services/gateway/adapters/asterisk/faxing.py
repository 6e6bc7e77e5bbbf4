"""Faxes through Asterisk (its spandsp: T.38, or sound over G.711), sent and received by the generated dialplan.

Pages travel through a folder both sides see. A received fax is laid there by the dialplan itself, whether UCC runs or
not, and deposited when somebody looks; a sent one is dialled like any call we place, and the dialplan sends it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Final, cast

from pydantic import BaseModel, ConfigDict, Field

from services.gateway.adapters.asterisk.ari import Ari, AriRefused, Away, Gone
from services.gateway.adapters.asterisk.dialling import CallOutcome, Dialler
from services.gateway.adapters.asterisk.shared_folder import SharedFolder, facts_of
from services.gateway.adapters.port import ChannelPort
from services.gateway.domain.fax_transport import FaxOutcome, FaxResult, OutgoingFax
from shared import telemetry
from shared.contracts.envelope import stable_id
from shared.contracts.wire import InvalidMessage
from shared.errors import BrokerUnavailable

log = telemetry.logger("gateway")

SEND_CONTEXT: Final = "ucc-fax-out"
LOOK_SECONDS: Final = 2.0
RING_SECONDS: Final = 60
CALL_SECONDS: Final = 1_800.0
KEPT_SECONDS: Final = 2 * 86_400.0

_OUTCOMES: Final[Mapping[CallOutcome, FaxOutcome]] = {
    CallOutcome.BUSY: "busy",
    CallOutcome.NO_ANSWER: "no_answer",
    CallOutcome.REJECTED: "no_answer",
    CallOutcome.UNREACHABLE: "no_answer",
    CallOutcome.CONGESTED: "busy",
    CallOutcome.UNOBTAINABLE: "refused",
    CallOutcome.FAILED: "failed",
}


class AsteriskFaxSettings(BaseModel):
    """`dial`: how an outside number is reached."""

    model_config = ConfigDict(extra="forbid")
    dial: Annotated[str, Field(pattern=r"^PJSIP/[A-Za-z0-9@:./_\-{}]{1,200}$")] = "PJSIP/{number}@trunk"
    caller_id: Annotated[str, Field(pattern=r"^\+?[0-9]{0,20}$")] = ""
    station: Annotated[str, Field(pattern=r"^[+0-9 ]{0,20}$")] = ""  # our number, as their machine shows it


class AsteriskFax:
    """`FaxTransport` by an Asterisk."""

    def __init__(
        self, settings: AsteriskFaxSettings, folder: SharedFolder, ari_of: Callable[[str], Ari], app: str
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._app = app
        self._ari_of = ari_of

    async def send(self, fax: OutgoingFax) -> FaxResult:
        """The channel's id is the attempt's, so the same attempt is not dialled twice while the first still runs. The result
        is written beside the page before that goes: whoever asks after a crash learns it, and no fax is sent twice."""
        document, result = self._papers(fax)
        await asyncio.to_thread(_write, document, fax.tiff)
        sent = await self._dial(fax, document)
        if sent.outcome != "unknown":
            await asyncio.to_thread(result.write_text, f"{sent.outcome} {sent.pages}")
        await asyncio.to_thread(document.unlink, missing_ok=True)
        return sent

    async def trace(self, fax: OutgoingFax) -> FaxResult | None:
        """Of a sender that died: what it wrote; while only its page lies there nobody knows."""
        document, result = self._papers(fax)
        if result.exists():
            outcome, pages = (await asyncio.to_thread(result.read_text)).split()
            return FaxResult(cast("FaxOutcome", outcome), int(pages))
        if not document.exists():
            return None
        await asyncio.to_thread(document.unlink, missing_ok=True)
        return FaxResult("unknown")

    def _papers(self, fax: OutgoingFax) -> tuple[Path, Path]:
        document = Path(self._folder.here) / "out" / f"{_channel(fax)}.tif"
        return document, document.with_suffix(".result")

    async def _dial(self, fax: OutgoingFax, document: Path) -> FaxResult:
        settings, channel = self._settings, _channel(fax)
        there = PurePosixPath(self._folder.there) / "out" / document.name
        dialler = Dialler(self._ari_of, self._app)
        dialled = False
        try:
            async with dialler.line():
                dialled = True
                placed = await dialler.place_call(
                    channel, settings.dial.format(number=fax.number), caller_id=settings.caller_id, seconds=RING_SECONDS,
                    variables={"UCC_FAX_FILE": str(there), "UCC_FAX_STATION": settings.station},
                )  # fmt: skip
                if placed.outcome is not CallOutcome.ANSWERED:
                    return FaxResult(_OUTCOMES[placed.outcome])
                return await self._transmit(dialler, channel)
        except Away:
            return FaxResult("unknown" if dialled else "failed")

    async def _transmit(self, dialler: Dialler, channel: str) -> FaxResult:
        try:
            await dialler.hand_to_dialplan(channel, SEND_CONTEXT)
        except (Gone, AriRefused):
            return FaxResult("no_carrier")
        said: dict[str, str] = {}
        try:
            async with asyncio.timeout(CALL_SECONDS):
                while (event := await dialler.next(channel))["type"] != "ChannelDestroyed":
                    if event["type"] == "ChannelVarset":
                        said[event["variable"]] = event["value"]
        except TimeoutError:
            await dialler.hang_up(channel)
            return FaxResult("unknown")
        return result_of(said)


def result_of(said: Mapping[str, str]) -> FaxResult:
    """What Asterisk's variables say of a transmission that is over; a machine that never named itself was none."""
    pages = int(said.get("FAXPAGES") or 0)
    if said.get("FAXSTATUS") == "SUCCESS":
        return FaxResult("delivered", pages)
    spoke = said.get("REMOTESTATIONID") or pages
    return FaxResult("failed" if spoke else "no_carrier", pages)


def _channel(fax: OutgoingFax) -> str:
    return f"fax-{stable_id('fax attempt', fax.tenant, fax.job_id, str(fax.attempt))}"


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    path.chmod(0o644)  # another user's Asterisk reads it


async def receive(port: ChannelPort, folder: SharedFolder) -> None:
    """Deposit what the dialplan received, for ever. A fax is taken away only after it was acknowledged."""
    while True:
        for slip in await folder.slips("in"):
            try:
                await _deposit(port, slip)
            except BrokerUnavailable:
                break
        await asyncio.to_thread(_forget_results, Path(folder.here) / "out")
        await asyncio.sleep(LOOK_SECONDS)


def _forget_results(sent: Path) -> None:
    """Of faxes nobody asks after any more."""
    for result in sent.glob("*.result"):
        if time.time() - result.stat().st_mtime > KEPT_SECONDS:
            result.unlink(missing_ok=True)


async def _deposit(port: ChannelPort, slip: Path) -> None:
    facts = await facts_of(slip)
    document = slip.with_suffix(".tif")
    body = await asyncio.to_thread(document.read_bytes) if document.exists() else b""
    if body:
        arrived: dict[str, Any] = {
            "business_line": None,
            "address": facts.get("caller") or None,
            "entry": facts.get("called"),
        }
        try:
            await port.deposit_fax(arrived, f"fax-{slip.stem}", body)
        except InvalidMessage as error:
            log.error("a received fax was not accepted", gateway_id=port.gateway_id, fault=str(error))
            await asyncio.to_thread(document.rename, document.with_suffix(".refused"))
    await asyncio.to_thread(slip.unlink, missing_ok=True)
    await asyncio.to_thread(document.unlink, missing_ok=True)
