"""What an administrator does through the services' public interfaces: policy, roster, gateways, imports."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import httpx

POLL_SECONDS = 0.25


class ServiceRefused(RuntimeError):
    """A service said no; the text is its problem document in words."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        faults = "; ".join(f"{e.get('field') or e.get('path')}: {e.get('message')}" for e in problem.get("errors", []))
        super().__init__(f"{status} {problem.get('title', '')}: {faults or problem.get('detail', '')}")
        self.status = status
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Import:
    """A finished import with its true counts."""

    import_id: str
    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int


class Administration:
    """Requests under one bearer token (a person's, or one issued by `ucc token issue`)."""

    def __init__(self, token: str, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self._http = httpx.Client(headers={"authorization": f"Bearer {token}"}, timeout=30, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def call(self, method: str, service: str, path: str, **request: Any) -> Any:
        """The JSON answer (None without a body). Raises ServiceRefused, httpx.TransportError."""
        answer = self._http.request(method, self._urls[service] + path, **request)
        if answer.is_error:
            raise ServiceRefused(answer.status_code, _problem(answer))
        return answer.json() if answer.content and "json" in answer.headers.get("content-type", "") else None

    def there(self, service: str, path: str) -> bool:
        """Whether something is at `path`. Raises ServiceRefused for refusals other than 404."""
        try:
            self.call("GET", service, path)
        except ServiceRefused as error:
            if error.status != 404:
                raise
            return False
        return True

    def policy_text(self) -> str | None:
        """The policy in force as its author wrote it, or None before the first."""
        return self._yaml("/v1/policy")

    def policy_version(self, version: int) -> str:
        """An older policy as its author wrote it. Raises ServiceRefused."""
        document = self._yaml(f"/v1/policy/versions/{version}")
        if document is None:
            raise ServiceRefused(404, {"title": f"no version {version}"})
        return document

    def _yaml(self, path: str) -> str | None:
        answer = self._http.get(self._urls["router"] + path, headers={"accept": "application/yaml"})
        if answer.status_code == 404:
            return None
        if answer.is_error:
            raise ServiceRefused(answer.status_code, _problem(answer))
        return answer.text

    def publish_policy(
        self, document: str, note: str, *, waiting: Literal["apply", "keep"] = "apply", at: str | None = None
    ) -> Mapping[str, Any]:
        """Put a policy in force, now or at a time; `waiting`: does it apply to those who wait. Raises ServiceRefused."""
        params = {"note": note, "waiting": waiting, **({} if at is None else {"at": at})}
        return self.call(
            "PUT", "router", "/v1/policy", params=params, content=document.encode(),
            headers={"content-type": "application/yaml"},
        )  # fmt: skip

    def import_table(
        self, kind: str, source: str, name: str, content: bytes, progress: Callable[[int], None] = lambda _rows: None
    ) -> Import:
        """Import a CSV or XLSX of customers or deals and wait for its end; `progress` hears the rows done."""
        started = self.call(
            "POST", "profile", "/v1/imports", params={"kind": kind, "source": source}, files={"file": (name, content)}
        )
        while True:
            state = self.call("GET", "profile", f"/v1/imports/{started['import_id']}")
            done = state["created"] + state["updated"] + state["unchanged"] + state["rejected"]
            progress(done)
            if state["state"] in ("done", "failed"):
                return Import(
                    started["import_id"], state["rows"], state["created"], state["updated"], state["unchanged"],
                    state["rejected"],
                )  # fmt: skip
            time.sleep(POLL_SECONDS)

    def rejected_rows(self, import_id: str) -> bytes:
        """The rejected rows of an import with their faults, as CSV."""
        answer = self._http.get(f"{self._urls['profile']}/v1/imports/{import_id}/rejected.csv")
        if answer.is_error:
            raise ServiceRefused(answer.status_code, _problem(answer))
        return answer.content


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {"title": answer.reason_phrase}
    return body if isinstance(body, dict) else {"title": answer.reason_phrase}
