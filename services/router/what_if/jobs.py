"""Runs asked for over HTTP: written down, done one at a time by whichever router is free, kept with their results.

The work is a child process at the lowest priority: the event loop that routes only passes its progress on. A router that dies
leaves its run to another; a run that is cancelled is noticed within a second, and its process killed.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import zlib
from typing import Any

import structlog

from services.router.journal import SQL
from shared.postgres import ROOT, Pool

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
"""A free router looks for runs this often: one asked for elsewhere, one whose router died."""
SILENT_SECONDS = 30.0
"""A run nobody has touched for so long is begun anew."""
TRIES = 3
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "LANG", "LC_ALL", "TZ", "PYTHONTZPATH")


class Cancelled(Exception):
    """Somebody cancelled the run meanwhile."""


class WhatIfJobs:
    """The loop of one router."""

    def __init__(self, workers: Pool, database_url: str) -> None:
        self._workers = workers
        self._database_url = database_url
        self._asked = asyncio.Event()

    def wake(self) -> None:
        """A run was asked for here: do not wait for the next look."""
        self._asked.set()

    async def run(self) -> None:
        """One run after the other, for as long as the router runs."""
        while True:
            row = await self._workers.fetchrow(SQL["claim_what_if"], SILENT_SECONDS)
            if row is None:
                self._asked.clear()
                try:
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._asked.wait()
                except TimeoutError:
                    continue
                continue
            tenant, run_id = row["tenant_id"], row["run_id"]
            if row["tries"] > TRIES:
                await self._over(tenant, run_id, "failed", "broke off three times")
                continue
            try:
                result, fault = await self._work(tenant, row["pool_id"], run_id, json.loads(row["question"]))
            except Cancelled:
                log.info("what-if cancelled", run_id=run_id)
                continue
            await self._over(tenant, run_id, "failed" if fault else "done", fault, result)

    async def _over(
        self, tenant: str, run_id: str, state: str, fault: str | None, result: dict[str, Any] | None = None
    ) -> None:
        packed = None if result is None else zlib.compress(json.dumps(result, ensure_ascii=False).encode(), 6)
        await self._workers.execute(SQL["finish_what_if"], tenant, run_id, state, fault, packed)

    async def _work(
        self, tenant: str, pool: str, run_id: str, question: dict[str, Any]
    ) -> tuple[dict[str, Any] | None, str | None]:
        """(result, fault) of one run. Raises Cancelled."""
        given: dict[str, Any] = {"question": question, "tenant": tenant, "pool": pool}
        if (record_id := question.get("record_id")) is not None:
            content = await self._workers.fetchval(SQL["what_if_record"], tenant, record_id)
            if content is None:
                return None, "the call record was deleted meanwhile"
            given["record"] = json.loads(zlib.decompress(content))
        else:
            given["database_url"] = self._database_url
        child = await asyncio.to_thread(_start)
        try:
            async with asyncio.TaskGroup() as group:
                writing = group.create_task(asyncio.to_thread(_hand_over, child, json.dumps(given).encode()))
                watching = group.create_task(self._watch(tenant, run_id))
                last = await self._follow(child, tenant, run_id)
                watching.cancel()
                await writing
        except* Cancelled as cancelled:
            raise Cancelled from cancelled
        finally:
            if child.poll() is None:
                child.kill()
            await asyncio.to_thread(child.wait)
        return last.get("result"), None if "result" in last else last.get("fault", "the run broke off")

    async def _follow(self, child: subprocess.Popen[bytes], tenant: str, run_id: str) -> dict[str, Any]:
        """Pass progress on; the child's last word."""
        assert child.stdout is not None
        last: dict[str, Any] = {}
        while line := await asyncio.to_thread(child.stdout.readline):
            last = json.loads(line)
            if "share" in last:
                await self._tell(tenant, run_id, last["doing"], last["share"])
        return last

    async def _watch(self, tenant: str, run_id: str) -> None:
        """A child that says nothing for a while is still worked on; and a cancelled run ends now."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if await self._workers.fetchval(SQL["touch_what_if"], tenant, run_id) is None:
                raise Cancelled

    async def _tell(self, tenant: str, run_id: str, doing: str, share: float) -> None:
        if await self._workers.fetchval(SQL["tell_what_if"], tenant, run_id, doing, share) is None:
            raise Cancelled


def _start() -> subprocess.Popen[bytes]:
    """Started by a thread, as `shared.child_process` explains; nothing of ours is in its environment."""
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return subprocess.Popen(
        (sys.executable, "-m", "services.router.what_if.child"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT, env=kept,
    )  # fmt: skip


def _hand_over(child: subprocess.Popen[bytes], given: bytes) -> None:
    assert child.stdin is not None
    try:
        child.stdin.write(given)
        child.stdin.close()
    except BrokenPipeError:
        return  # it ended before it had read everything: its exit says so
