"""The page of the telephone in the browser, without its picture: one call, what it was shown, and what it asked for."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import httpx


class BrowserTelephone:
    """One call from its dialling to its end. `heard`: every prompt's words, and each state as it is named in the stream."""

    def __init__(self, http: httpx.AsyncClient, url: str, token: str, contact_id: str, cursor: int) -> None:
        self._http, self._url, self._token = http, url, token
        self.contact_id = contact_id
        self.began = self._cursor = cursor
        self.heard: list[str] = []
        self.sent: list[tuple[str, dict[str, str]]] = []  # in the call's name
        self._asked = ""  # step
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def dials(cls, http: httpx.AsyncClient, url: str, entry: str, caller: int) -> BrowserTelephone:
        answer = await http.post(f"{url}/calls", json={"entry": entry, "caller": caller})
        assert answer.status_code == 202, answer.text
        return cls(http, url, **answer.json())

    def opened_again(self) -> BrowserTelephone:
        """A second page of the same call, told everything from the beginning."""
        return BrowserTelephone(self._http, self._url, self._token, self.contact_id, self.began)

    async def press(self, digits: str) -> None:
        await self._ask("answer", {"step": self._asked, "outcome": "digits", "digits": digits})

    async def hang_up(self) -> None:
        await self._ask("hang-up", {})

    async def repeat(self) -> None:
        """Everything that was asked in the call's name once more."""
        for path, body in list(self.sent):
            await self._post(path, body)

    async def close(self) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)

    async def _ask(self, path: str, body: dict[str, str]) -> None:
        self.sent.append((path, body))
        await self._post(path, body)

    async def _post(self, path: str, body: dict[str, str]) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = await self._http.post(f"{self._url}/calls/{path}", json=body, headers=headers)
        assert answer.is_success, answer.text

    async def _listen(self) -> None:
        """From the cursor on after each break of the line, as the page does."""
        while "ended" not in self.heard:
            with contextlib.suppress(httpx.TransportError):
                await self._read()

    async def _read(self) -> None:
        headers = {"Authorization": f"Bearer {self._token}", "Last-Event-ID": str(self._cursor)}
        async with self._http.stream("GET", f"{self._url}/calls/stream", headers=headers, timeout=30) as response:
            assert response.status_code == 200
            number = self._cursor
            async for line in response.aiter_lines():
                if line.startswith("id: "):
                    number = int(line[4:])
                elif line.startswith("data: "):
                    await self._take(json.loads(line[6:]))
                    self._cursor = number

    async def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "state":
            self.heard.append(frame["state"])
        elif frame["type"] == "prompt":
            self._asked = frame["step"]
            self.heard += [utterance["text"] for utterance in frame["say"]]
            if frame["gather"] is None:
                await self._ask("answer", {"step": self._asked, "outcome": "played"})
