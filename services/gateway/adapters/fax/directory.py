"""Faxes as files: each lands in a folder, where another program (or a person looking at the demo) takes it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from services.gateway.domain.fax_transport import FaxResult, OutgoingFax


class DirectoryTransport:
    """`<folder>/<tenant>/<job>-<number>.tiff`, whole or not at all; the same fax again is the same file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, fax: OutgoingFax) -> FaxResult:
        try:
            await asyncio.to_thread(self._write, fax)
        except OSError:
            return FaxResult("failed")
        return FaxResult("delivered", fax.pages)

    async def trace(self, fax: OutgoingFax) -> FaxResult | None:
        return FaxResult("delivered", fax.pages) if self._file(fax).exists() else None

    def _file(self, fax: OutgoingFax) -> Path:
        return self._folder / fax.tenant / f"{fax.job_id}-{fax.number.lstrip('+')}.tiff"

    def _write(self, fax: OutgoingFax) -> None:
        file = self._file(fax)
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".part")
        with unfinished.open("wb") as out:
            out.write(fax.tiff)
            out.flush()
            os.fsync(out.fileno())
        unfinished.rename(file)
