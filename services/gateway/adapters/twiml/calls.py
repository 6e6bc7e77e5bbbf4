"""The gateway's own interface: calls made, redirected and ended, recordings fetched. Any API shaped like Twilio's serves."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from services.gateway.adapters.twiml.settings import TwimlSettings
from shared import telemetry

log = telemetry.logger("gateway")

SECONDS = 10.0


class Calls:
    """One account. Nothing is tried twice: a call made twice rings twice."""

    def __init__(self, settings: TwimlSettings, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._client = client

    @staticmethod
    def client(settings: TwimlSettings) -> httpx.AsyncClient:
        return httpx.AsyncClient(auth=(settings.account_sid, settings.auth_token), timeout=SECONDS, trust_env=False)

    async def make(
        self, to: str, url: str, told: str, ring_seconds: int, *, caller_id: str | None = None
    ) -> str | None:
        """Ring somebody; the leg's id, or None when the gateway refuses or its answer is not known."""
        answer = await self._post("Calls.json", {
            "To": to, "From": caller_id or self._settings.caller_id, "Url": url, "Method": "POST", "Timeout": str(ring_seconds),
            "StatusCallback": told, "StatusCallbackMethod": "POST", "StatusCallbackEvent": ["completed"],
        })  # fmt: skip
        return None if answer is None else str(answer.json()["sid"])

    async def send(self, sid: str, url: str) -> bool:
        """Call a leg away from what it does, to `url`."""
        return await self._post(f"Calls/{sid}.json", {"Url": url, "Method": "POST"}) is not None

    async def end(self, sid: str) -> bool:
        return await self._post(f"Calls/{sid}.json", {"Status": "completed"}) is not None

    async def alive(self, sid: str) -> bool | None:
        """Whether the call goes on; None when the gateway does not say."""
        try:
            answer = await self._client.get(f"{self._settings.account}/Calls/{sid}.json")
        except httpx.TransportError:
            return None
        if answer.status_code == httpx.codes.NOT_FOUND:
            return False
        if not answer.is_success:
            return None
        return answer.json()["status"] in ("queued", "initiated", "ringing", "in-progress")

    async def record(self, sid: str, action: str, told: str) -> bool:
        """Start, stop, pause or resume the recording of a leg; `told`: where it is announced when it is ready."""
        if action == "start":
            return await self._post(f"Calls/{sid}/Recordings.json", {"RecordingStatusCallback": told}) is not None
        status = {"stop": "stopped", "pause": "paused", "resume": "in-progress"}[action]
        return await self._post(f"Calls/{sid}/Recordings/Twilio.CURRENT.json", {"Status": status}) is not None

    async def recording(self, sid: str) -> bytes | None:
        """The sound (WAV) of a finished recording of this account; None when it cannot be had now."""
        try:
            answer = await self._client.get(f"{self._settings.account}/Recordings/{sid}.wav", follow_redirects=True)
        except httpx.TransportError:
            return None
        return answer.content if answer.is_success else None

    async def _post(self, path: str, form: Mapping[str, str | list[str]]) -> httpx.Response | None:
        try:
            answer = await self._client.post(f"{self._settings.account}/{path}", data=form)
        except httpx.TransportError as error:
            log.warning("TwiML gateway does not answer", fault=type(error).__name__)
            return None
        if not answer.is_success:
            log.warning("TwiML gateway refused", status=answer.status_code)
            return None
        return answer
