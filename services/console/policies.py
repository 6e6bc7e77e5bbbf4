"""The policy in force, as far as pages and wallboard need it: names in two languages, channels, targets.

Read from the router when the console starts and whenever it says PolicyApplied; until it answers, pages show codes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from services.console.domain.live import GroupFacts
from services.console.settings import ConsoleSettings
from shared import telemetry
from shared.contracts.fields import Channel
from shared.directory import Directory

log = telemetry.logger("console")

RETRY_SECONDS = 2.0
NAMED = (
    "business_lines",
    "skills",
    "tiers",
    "reasons",
    "presence_reasons",
    "dispositions",
    "request_reasons",
    "outside",
)


@dataclass(frozen=True, slots=True)
class PolicyWords:
    """Codes and their names, by kind; `version` 0 and nothing else while the router has not answered."""

    version: int = 0
    hash: str = ""
    names: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    groups: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    exposure_cap: int | None = None  # severity-minutes; None: nobody is rested from wearing work

    def facts(self) -> dict[str, GroupFacts]:
        return {
            name: GroupFacts(group["business_line"], {Channel(c): int(s) for c, s in group["targets"].items()})
            for name, group in self.groups.items()
        }


def policy_words(answer: Mapping[str, Any]) -> PolicyWords:
    """What the router's `GET /v1/policy` says, in the shape of the catalogue."""
    policy: Mapping[str, Any] = answer["policy"]
    groups = {
        name: {
            **_bilingual(name, group),
            "business_line": group.get("business_line", ""),
            "channels": list(group.get("channels") or ()),
            "targets": dict(group.get("targets") or {}),
            "outbound": bool(group.get("outbound")),
        }
        for name, group in (policy.get("groups") or {}).items()
    }
    names = {kind: {code: _bilingual(code, it) for code, it in (policy.get(kind) or {}).items()} for kind in NAMED}
    cap = (policy.get("exposure") or {}).get("cap")
    return PolicyWords(answer["version"], answer["hash"], names, groups, cap)


def _bilingual(code: str, entry: Any) -> dict[str, str]:
    name = (entry.get("name") if isinstance(entry, Mapping) else entry) or code
    if isinstance(name, str):
        return {"zh": name, "en": name}
    return {"zh": name.get("zh", code), "en": name.get("en", code)}


class Policies:
    """Each tenant's words; `on_change` gets the facts of the groups."""

    def __init__(
        self,
        settings: ConsoleSettings,
        directory: Directory,
        on_change: Callable[[str, Mapping[str, GroupFacts]], None],
    ) -> None:
        self._directory = directory
        self._on_change = on_change
        self._known: dict[str, PolicyWords] = {}
        self._wanted: asyncio.Queue[str] = asyncio.Queue()
        token = settings.service_token.get_secret_value()
        self._http = httpx.AsyncClient(
            base_url=settings.router_url, timeout=5, trust_env=False,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
        )  # fmt: skip

    def of(self, tenant: str) -> PolicyWords:
        return self._known.get(tenant, PolicyWords())

    def changed(self, tenant: str) -> None:
        """The tenant's policy is another one now: read it again."""
        self._wanted.put_nowait(tenant)

    async def run(self) -> None:
        """Read what is wanted until cancelled; what cannot be had yet is asked for again."""
        for pool in await self._directory.pools():
            self.changed(pool.tenant_id)
        while True:
            wanted = {await self._wanted.get()}
            while not self._wanted.empty():
                wanted.add(self._wanted.get_nowait())
            for tenant in sorted(wanted):
                if not await self._read(tenant):
                    asyncio.get_running_loop().call_later(RETRY_SECONDS, self._wanted.put_nowait, tenant)

    async def _read(self, tenant: str) -> bool:
        try:
            answer = await self._http.get("/v1/policy", params={"tenant": tenant})
            if answer.status_code == 404:
                return False  # none was published yet
            answer.raise_for_status()
            words = policy_words(answer.json())
            facts = words.facts()
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("the policy could not be read; asking again", tenant=tenant, cause=type(error).__name__)
            return False
        self._known[tenant] = words
        self._on_change(tenant, facts)
        return True

    async def close(self) -> None:
        await self._http.aclose()
