"""The folder UCC and its Asterisk both see: faxes in and out, and slips of calls that were served without UCC."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_Folder = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._/\-]{1,255}$")]


class SharedFolder(BaseModel):
    """`here`: its path for this service; `there`: for Asterisk (the plan's `shared_folder`)."""

    model_config = ConfigDict(extra="forbid")
    here: _Folder
    there: _Folder

    async def slips(self, part: str) -> list[Path]:
        """What the dialplan has finished writing in a part of the folder, oldest name first."""
        folder = Path(self.here) / part
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        return sorted(await asyncio.to_thread(lambda: list(folder.glob("*.done"))))

    async def finished(self, part: str, pattern: str, settled_seconds: float) -> list[Path]:
        """Files of a part nobody has written to for so long, oldest name first."""
        folder = Path(self.here) / part

        def look() -> list[Path]:
            folder.mkdir(parents=True, exist_ok=True)
            until = time.time() - settled_seconds
            return sorted(file for file in folder.glob(pattern) if file.stat().st_mtime <= until)

        return await asyncio.to_thread(look)


async def facts_of(slip: Path) -> Mapping[str, str]:
    """`name=value|name=value`, one line."""
    text = await asyncio.to_thread(slip.read_text, "utf-8", "replace")
    return dict(part.split("=", 1) for part in text.strip().split("|") if "=" in part)
