"""I12 at every door: each route of each service is tried with no token, a role it is not for, another tenant's token, and the right one.

The table below is complete by test: a route that is not in it fails the build.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI

from services.console.app import create_app as console_app
from services.console.settings import ConsoleSettings
from services.gateway.app import create_app as gateway_app
from services.gateway.settings import GatewaySettings
from services.ivr.app import create_app as ivr_app
from services.ivr.settings import IvrSettings
from services.outbound.app import create_app as outbound_app
from services.outbound.settings import OutboundSettings
from services.profile.app import create_app as profile_app
from services.profile.settings import ProfileSettings
from services.router.app import create_app as router_app
from services.router.settings import RouterSettings
from shared.security import Role, new_signing_key
from tests.integration.house.conftest import CALLS, DIALOGUE, POLICY, QUESTION, House, Tenant, fax_page
from tests.integration.house.test_signed_doors import SIGNED

Body = Callable[[Tenant], dict[str, Any]]
GATEWAY = "gateway credential"
VISITOR = "a visitor of the site"
CALLER = "a caller of the telephone simulator"
ANYBODY = "whoever is signed in"
HIDDEN = {403, 404, 409}
HARMLESS = {
    "/v1/contacts/{contact_id}/conversation": {200},  # one nobody wrote in is empty
    "/v1/trunks/{trunk_id}": {200},  # likewise
    "/v1/policy/versions/{version}": {200},  # a number: everybody's own first version
    "/v1/agents/{agent_id}/endpoint": {204, 403, 404},  # a name in the asker's own tenant
}
"""What another tenant's token may be told about an id: not yours, not there, not possible."""

CAMPAIGN: dict[str, Any] = {
    "title": "autumn", "mode": "progressive", "purpose": "service_followup", "group": "rental", "business_line": "rental",
    "gateway_id": "g",
}  # fmt: skip


def _json(**fields: object) -> Body:
    return lambda tenant: {"json": {key: value(tenant) if callable(value) else value for key, value in fields.items()}}


def _of(name: str) -> Callable[[Tenant], str]:
    return lambda tenant: tenant.made[name]


def _yaml(_tenant: Tenant) -> dict[str, Any]:
    return {"content": POLICY.encode(), "headers": {"content-type": "application/yaml"}}


def _dialogue(_tenant: Tenant) -> dict[str, Any]:
    headers = {"content-type": "application/yaml"}
    return {"content": DIALOGUE.encode(), "headers": headers, "params": {"base_version": 1}}


def _nothing(_tenant: Tenant) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Route:
    service: str
    method: str
    path: str
    role: Role | str
    request: Body = _nothing
    key: str | None = None  # what `{key}` stands for in the roster
    right: set[int] = field(default_factory=lambda: {200, 201, 202, 204})  # answers to the right token
    wrong: Role = Role.CAMPAIGN_MANAGER  # whose token of the same tenant is refused

    @property
    def names_something(self) -> bool:
        """Whether the path names a thing of a tenant; else another tenant just sees its own."""
        return "{" in self.path and "{partition}" not in self.path and self.role is not Role.SERVICE

    def filled(self, tenant: Tenant) -> str:
        made = {**tenant.made, "key": tenant.made.get(self.key or "", "")}
        if self.role == CALLER:
            made["gateway_id"] = made["telephone"]
        return self.path.format(**made)


A, S, D, R, C = Role.AGENT, Role.SUPERVISOR, Role.ADMIN, Role.SERVICE, Role.CAMPAIGN_MANAGER
LATER = {202, 404, 409}
"""Right token, and the thing is not in a state for it: answered by the business, not by the door."""


def _roster() -> list[Route]:
    bodies: dict[str, dict[str, object]] = {
        "users": {
            "user_id": _of("users"),
            "user": _of("users"),
            "display_name": "User",
            "roles": ["agent"],
            "agent_id": _of("agents"),
        },
        "agents": {"agent_id": _of("agents"), "display_name": "Agent", "pool": "main"},
        "teams": {"team_id": _of("teams"), "name": "Team"},
        "sites": {"site_id": _of("sites"), "name": "Site"},
        "skills": {"skill": _of("skills"), "name": {"zh": "技能", "en": "Skill"}},
        "skill-profiles": {"profile_id": _of("skill-profiles"), "name": "Profile"},
    }
    routes: list[Route] = []
    for kind, body in bodies.items():
        base = f"/api/roster/{kind}"
        routes += [
            Route("console", "GET", base, D),
            Route("console", "POST", base, D, _json(**body), right={201, 409, 422}),  # it is there already
            Route("console", "GET", f"{base}/{{key}}", D, key=kind),
            Route("console", "PUT", f"{base}/{{key}}", D, _json(**body, version=1), key=kind, right={200, 409}),
        ]
        if kind not in ("users", "agents"):
            delete = Route(
                "console", "DELETE", f"{base}/{{key}}", D, lambda _t: {"params": {"version": 1}}, kind, {204, 409}
            )
            routes.append(delete)
    return routes


ROUTES: list[Route] = [
    Route("router", "GET", "/v1/journal/{partition}/decisions", R),
    Route("router", "GET", "/v1/state", S),
    Route("router", "GET", "/v1/waits", S),
    Route("router", "GET", "/v1/dialling", R, lambda t: {"params": {"tenant": t.tenant}}),
    Route("router", "GET", "/v1/contacts/{contact_id}/explanation", A),
    Route("router", "GET", "/v1/contacts/{contact_id}/place", A, right={200, 404}),
    Route("router", "GET", "/v1/policy", S),
    Route("router", "GET", "/v1/reports/definitions", S),
    Route("router", "GET", "/v1/reports/intervals", S),
    Route("router", "GET", "/v1/reports/agents", S),
    Route("router", "GET", "/v1/reports/dispositions", S),
    Route("router", "GET", "/v1/reports/contacts", S, lambda _t: {"params": {"format": "csv"}}),
    Route("router", "GET", "/v1/reports/interactions", S, lambda _t: {"params": {"format": "xlsx"}}),
    Route("router", "PUT", "/v1/policy", D, _yaml),
    Route("router", "GET", "/v1/policy/versions", S),
    Route("router", "GET", "/v1/policy/versions/{version}", S),
    Route("router", "GET", "/v1/policy/schema", S),
    Route("router", "GET", "/v1/policy/diff", S, lambda _t: {"params": {"from": 1, "to": 1}}),
    Route("router", "POST", "/v1/policy/check", S, _yaml),
    Route("router", "POST", "/v1/policy/review", S, _json(document=POLICY)),
    Route("router", "POST", "/v1/policy/edit", S, _json(document=POLICY, path="rona_alert_after", value=4)),
    Route("router", "POST", "/v1/policy/rollback", D, lambda _t: {"params": {"version": 1, "waiting": "apply"}}),
    Route("router", "GET", "/v1/policy/plans", S),
    Route("router", "GET", "/v1/policy/plans/{plan_id}", S),
    Route("router", "POST", "/v1/policy/plans/{plan_id}/approve", D, right={200, 409}),
    Route("router", "DELETE", "/v1/policy/plans/{plan_id}", D, right={200, 409}),
    Route("router", "GET", "/v1/policy/draft", S),
    Route("router", "PUT", "/v1/policy/draft", S, lambda t: {**_yaml(t), "params": {"base_version": 1}}),
    Route("router", "DELETE", "/v1/policy/draft", S),
    Route("router", "GET", "/v1/what-if/mappings", S),
    Route("router", "GET", "/v1/what-if/records", S),
    Route("router", "POST", "/v1/what-if/records", S,
          lambda _t: {"files": {"file": ("calls.csv", CALLS, "text/csv")}, "data": {"mapping": "generic-csv"}}),
    Route("router", "GET", "/v1/what-if/records/{record_id}/policy", S),
    Route("router", "DELETE", "/v1/what-if/records/{record_id}", S, right={204, 404}),
    Route("router", "GET", "/v1/what-if/runs", S),
    Route("router", "POST", "/v1/what-if/runs", S,
          _json(begins="2026-01-01T00:00:00Z", ends="2026-01-02T00:00:00Z"), right={202, 409}),
    Route("router", "GET", "/v1/what-if/runs/{run_id}", S),
    Route("router", "DELETE", "/v1/what-if/runs/{run_id}", S, right={204, 404}),
    Route("profile", "GET", "/v1/contacts", A),
    Route("profile", "GET", "/v1/contacts/{contact_id}/pop", A),
    Route("profile", "POST", "/v1/contacts/{contact_id}/customer", A, _json(customer_id=_of("customer_id"))),
    Route("profile", "POST", "/v1/contacts/{contact_id}/verification", A, _json(method="pin"), right={200, 201, 409}),
    Route("profile", "POST", "/v1/contacts/{contact_id}/reveal", A),
    Route("profile", "PUT", "/v1/contacts/{contact_id}/note", A, _json(text="note")),
    Route("profile", "POST", "/v1/contacts/{contact_id}/verify", R,
          lambda t: {"params": {"tenant": t.tenant}, "json": {"kind": "pin", "value": "0000"}}),
    Route("profile", "POST", "/v1/contacts/{contact_id}/self-service", R,
          lambda t: {"params": {"tenant": t.tenant}, "json": {"note": "1"}}),
    Route("profile", "PUT", "/v1/customers/{customer_id}/pin", S, _json(pin="482913")),
    Route("profile", "GET", "/v1/customers", A, lambda _t: {"params": {"query": "客户"}}),
    Route("profile", "POST", "/v1/customers", A, _json(name="新客户")),
    Route("profile", "GET", "/v1/customers/{customer_id}", A),
    Route("profile", "PATCH", "/v1/customers/{customer_id}", A, _json(note="n")),
    Route("profile", "GET", "/v1/customers/{customer_id}/timeline", A),
    Route("profile", "POST", "/v1/customers/{customer_id}/reveal", A, _json(identity_id=_of("identity_id"))),
    Route("profile", "GET", "/v1/customers/{customer_id}/consents", A),
    Route("profile", "POST", "/v1/customers/{customer_id}/consents", A, _json(identity_id=_of("identity_id"), purpose="marketing")),
    Route("profile", "POST", "/v1/customers/{customer_id}/withdrawals", A, _json(purpose="marketing")),
    Route("profile", "POST", "/v1/dialling", R,
          lambda t: {"params": {"tenant": t.tenant}, "json": {"entries": [{"number": "+862155551234", "purpose": "marketing"}]}}),
    Route("profile", "GET", "/v1/cases", A),
    Route("profile", "POST", "/v1/cases", A, _json(customer_id=_of("customer_id"), kind="repair", subject="door")),
    Route("profile", "GET", "/v1/cases/{case_id}", A),
    Route("profile", "PATCH", "/v1/cases/{case_id}", A, _json(subject="boiler again")),
    Route("profile", "POST", "/v1/cases/{case_id}/transitions", A, _json(to="waiting", waiting_for="customer"), right={200, 409}),
    Route("profile", "POST", "/v1/cases/{case_id}/promises", A,
          _json(text="call", owner=_of("agent_id"), due_at="2030-01-01T10:00:00Z")),
    Route("profile", "POST", "/v1/cases/{case_id}/notes", A, _json(text="note")),
    Route("profile", "POST", "/v1/cases/{case_id}/contacts", A, _json(contact_id=_of("contact_id"))),
    Route("profile", "POST", "/v1/promises/{promise_id}/keep", A),
    Route("profile", "GET", "/v1/promises", A),
    Route("profile", "POST", "/v1/imports", D,
          lambda _t: {"params": {"kind": "customers", "source": "crm"}, "files": {"file": ("c.csv", b"key,name\nk2,x\n", "text/csv")}}),
    Route("profile", "GET", "/v1/imports", D),
    Route("profile", "GET", "/v1/imports/{import_id}", D),
    Route("profile", "GET", "/v1/imports/{import_id}/rejected.csv", D, right={200, 404, 409}),
    Route("ivr", "GET", "/v1/questions", A),
    Route("ivr", "POST", "/v1/questions", S, lambda t: {"json": {"id": f"{t.tenant}-q2", **QUESTION}}, right={201, 409}),
    Route("ivr", "POST", "/v1/questions:import", S,
          lambda _t: {"content": b"id,business_line,group,title_zh\n", "headers": {"content-type": "text/csv"}}),
    Route("profile", "POST", "/v1/reachable", R,
          lambda t: {"params": {"tenant": t.tenant}, "json": {"customers": [{"customer_id": t.made["customer_id"]}]}}),
    Route("ivr", "GET", "/v1/questions/usage", A),
    Route("ivr", "GET", "/v1/questions/{question_id}", A),
    Route("ivr", "PUT", "/v1/questions/{question_id}", S, _json(**QUESTION)),
    Route("ivr", "GET", "/v1/questions/{question_id}/versions", A),
    Route("ivr", "POST", "/v1/match", A, _json(text="押金")),
    Route("ivr", "POST", "/v1/corrections", A, _json(contact_id=_of("contact_id"), text="押金", question=_of("question_id"))),
    Route("ivr", "GET", "/v1/corrections", A),
    Route("ivr", "GET", "/v1/dialogues", A),
    Route("ivr", "GET", "/v1/dialogues:schema", A),
    Route("ivr", "POST", "/v1/dialogues:check", S, _dialogue),
    Route("ivr", "GET", "/v1/dialogues/{dialogue_id}", A),
    Route("ivr", "PUT", "/v1/dialogues/{dialogue_id}", S, _dialogue),
    Route("ivr", "GET", "/v1/dialogues/{dialogue_id}/versions", A),
    Route("ivr", "GET", "/v1/dialogues/{dialogue_id}/diagram.{form}", A),
    Route("ivr", "POST", "/v1/simulate", A, _json(dialogue=_of("dialogue_id"), channel="fax")),
    Route("ivr", "GET", "/v1/audio/{content}.wav", A, right={404}),  # nothing is spoken in this house
    Route("ivr", "POST", "/v1/audio/{content}/links", R),
    Route("ivr", "POST", "/v1/audio", R, _json(tenant="west", text="好", language="zh")),
    Route("outbound", "GET", "/v1/campaigns", C, wrong=A),
    Route("outbound", "POST", "/v1/campaigns", C, _json(**CAMPAIGN), wrong=A),
    Route("outbound", "GET", "/v1/campaigns/{campaign_id}", C, wrong=A),
    Route("outbound", "PUT", "/v1/campaigns/{campaign_id}", C, _json(**CAMPAIGN), wrong=A),
    *(Route("outbound", "GET", f"/v1/campaigns/{{campaign_id}}/{view}", C, wrong=A)
      for view in ("live", "pacing", "hours", "machines", "records", "attempts", "records/{record_id}", "records/{record_id}/why")),
    *(Route("outbound", "POST", f"/v1/campaigns/{{campaign_id}}/{step}", C, wrong=A) for step in ("ready", "start", "pause", "stop")),
    Route("outbound", "GET", "/v1/attempts/{attempt_id}", C, wrong=A),
    Route("outbound", "POST", "/v1/attempts/{attempt_id}/resolve", C, _json(outcome="no_answer"), wrong=A),
    Route("outbound", "POST", "/v1/authorisations", R,
          lambda t: {"json": {"tenant": t.tenant, "attempt_id": "asked-1", "number": "+862155550002"}}),
    Route("outbound", "POST", "/v1/calls", A,
          _json(number="+862155550003", purpose="promised_reply", group="rental", business_line="rental", gateway_id="g"),
          right={202, 409}),
    Route("outbound", "PUT", "/v1/caller-ids", D, _json(number="+862155550004", verified=True)),
    Route("outbound", "GET", "/v1/trunks", C, wrong=A),
    Route("outbound", "PUT", "/v1/trunks/{trunk_id}", D, _json(gateway_id="g", calls_per_second=1, channels=1)),
    Route("outbound", "GET", "/v1/operator", C, wrong=A),
    Route("outbound", "PUT", "/v1/operator", D, _json(licence="ICP-1")),
    Route("outbound", "GET", "/v1/refusals", C, wrong=A),
    Route("outbound", "GET", "/v1/attempts/{attempt_id}/card", S, wrong=Role.ANALYST),
    Route("outbound", "GET", "/v1/contacts/{contact_id}/card", S, wrong=Role.ANALYST, right={404}),  # nobody called them
    Route("outbound", "POST", "/v1/attempts/{attempt_id}/callback", S,
          _json(at="2026-01-01T09:00", time_zone="Asia/Shanghai"), wrong=Role.ANALYST, right={409}),  # long past
    Route("outbound", "POST", "/v1/attempts/{attempt_id}/answerer", S, _json(machine=False), wrong=Role.ANALYST, right={204, 409}),
    Route("outbound", "POST", "/v1/attempts/{attempt_id}/disposition", S, _json(disposition="resolved"), wrong=Role.ANALYST),
    Route("outbound", "POST", "/v1/attempts/{attempt_id}/refusal", S, _json(purpose="marketing"), wrong=Role.ANALYST),
    Route("outbound", "POST", "/v1/attempts/{attempt_id}/skip", S, wrong=Role.ANALYST, right=LATER),
    Route("outbound", "GET", "/v1/imports", C, wrong=A),
    Route("outbound", "POST", "/v1/imports", C,
          lambda t: {"params": {"campaign": t.made["campaign_id"]}, "files": {"file": ("l.csv", b"phone\n13800000001\n", "text/csv")}},
          wrong=A),
    Route("outbound", "GET", "/v1/imports/{import_id}", C, wrong=A),
    Route("outbound", "POST", "/v1/imports/{import_id}/preview", C, _json(), wrong=A),
    Route("outbound", "POST", "/v1/imports/{import_id}/start", C, _json(), wrong=A),
    Route("outbound", "GET", "/v1/imports/{import_id}/rejected.csv", C, wrong=A),
    Route("outbound", "POST", "/v1/imports/{import_id}/cancel", C, wrong=A, right={200, 409}),  # it may be over by now
    Route("outbound", "GET", "/v1/import-presets", C, wrong=A),
    Route("outbound", "DELETE", "/v1/import-presets/{name}", C, wrong=A),
    Route("outbound", "GET", "/v1/campaigns/{campaign_id}/records.csv", C, wrong=A),
    Route("outbound", "GET", "/v1/plans", C, wrong=A),
    Route("outbound", "POST", "/v1/plans", C, _json(plan_id="plan-1", kind="marketing", title="Plan", made_at=0), wrong=A),
    Route("outbound", "GET", "/v1/follow-up-rules", C, wrong=A),
    Route("outbound", "PUT", "/v1/follow-up-rules", C, _json(rules=[], version=0), wrong=A, right={200, 409}),
    Route("outbound", "GET", "/v1/follow-ups", C, wrong=A),
    *(Route("outbound", "GET", f"/v1/campaigns/{{campaign_id}}/report{form}", C,
            lambda _t: {"params": {"from": "2026-01-01", "to": "2026-01-31"}}, wrong=A) for form in ("", ".html", ".md", ".csv")),
    Route("outbound", "GET", "/v1/rulesets", C, wrong=A),
    Route("outbound", "GET", "/v1/caller-ids", C, wrong=A),
    Route("outbound", "GET", "/v1/campaign-defaults", C, wrong=A),
    Route("gateway", "POST", "/v1/contact-events", GATEWAY,
          lambda t: {"json": {"specversion": "1.0", "id": "m1", "type": "ContactAbandoned", "subject": t.made["subject"],
                              "time": "2026-01-01T00:00:00Z", "data": {}}}),
    Route("gateway", "POST", "/v1/contacts/{subject}/messages", GATEWAY, _json(message_id="m-1", text="hello"), right={202, 409}),
    Route("gateway", "POST", "/v1/contacts/{subject}/prompt-answers", GATEWAY, _json(step="s-1", outcome="timeout"), right={202, 409}),
    Route("gateway", "POST", "/v1/gateway/reconcile", GATEWAY, _json(alive=lambda t: [t.made["subject"]])),
    Route("gateway", "POST", "/v1/gateway/heartbeat", GATEWAY),
    Route("gateway", "DELETE", "/v1/gateway/heartbeat", GATEWAY),
    Route("gateway", "POST", "/v1/faxes", GATEWAY,
          lambda _t: {"data": {"business_line": "rental"}, "files": {"file": ("f.tiff", fax_page(), "image/tiff")}}),
    Route("gateway", "GET", "/v1/contacts/{contact_id}/conversation", A),
    Route("gateway", "POST", "/v1/contacts/{contact_id}/files", A,
          lambda _t: {"params": {"key": "file-0001"}, "content": b"a note"}, right=LATER),
    Route("gateway", "POST", "/v1/web/{site}/contacts", VISITOR, _json(key="another-contact", text="hi")),
    Route("gateway", "POST", "/v1/web/{site}/messages", VISITOR, _json(key="message-0001", text="hi"), right={202, 409}),
    Route("gateway", "POST", "/v1/web/{site}/typing", VISITOR, right={204, 409}),
    Route("gateway", "POST", "/v1/web/{site}/receipts", VISITOR, _json(state="read", message_ids=["m-1"])),
    Route("gateway", "POST", "/v1/web/{site}/page", VISITOR, _json(url="https://homes.example/"), right={204, 409}),
    Route("gateway", "POST", "/v1/web/{site}/files", VISITOR,
          lambda _t: {"params": {"key": "file-0001"}, "content": b"a note"}, right={202, 409}),
    Route("gateway", "GET", "/v1/web/{site}/files/{attachment_id}", VISITOR),
    Route("gateway", "GET", "/v1/web/{site}/transcript", VISITOR),
    Route("gateway", "POST", "/v1/web/{site}/transcript/mail", VISITOR, _json(to="a@b.example"), right={202, 409}),
    Route("gateway", "POST", "/v1/simulator/{gateway_id}/calls/answer", CALLER, _json(step="s-1", outcome="timeout")),
    Route("gateway", "POST", "/v1/simulator/{gateway_id}/calls/verify", CALLER, _json(step="s-2", digits="1234")),
    Route("gateway", "POST", "/v1/simulator/{gateway_id}/calls/callback", CALLER, right={202, 409}),
    Route("gateway", "POST", "/v1/simulator/{gateway_id}/calls/message", CALLER, _json(text="call me", entry="100"), right={202, 404}),
    Route("gateway", "POST", "/v1/simulator/{gateway_id}/calls/rate", CALLER, _json(score=5), right={409}),  # not over
    Route("gateway", "POST", "/v1/simulator/{gateway_id}/calls/hang-up", CALLER),
    Route("gateway", "POST", "/v1/refusal-links", S, _json(number="+8613900000001"), right={200, 409}, wrong=A),
    Route("gateway", "POST", "/v1/callbacks", A, _json(number="021-5555 1234", group="rental"), right={202, 409}),
    Route("gateway", "POST", "/v1/web/{site}/deposits", VISITOR, _json(key="deposit-0001", text="call me", phone="13800000000")),
    Route("gateway", "POST", "/v1/web/{site}/rating", VISITOR, _json(contact_id="no-such-contact", score=5), right={202, 404, 409}),
    Route("gateway", "POST", "/v1/web/{site}/callback", VISITOR,
          _json(contact_id=_of("contact_id"), phone="021-5555 1234"), right={202, 409}),
    Route("gateway", "POST", "/v1/web/{site}/end", VISITOR, right={202, 409}),
    Route("gateway", "GET", "/v1/files/{file_id}", A),
    Route("gateway", "GET", "/v1/files", A, lambda _t: {"params": {"query": "repair"}}),
    Route("gateway", "GET", "/v1/files/{file_id}/pages", A),
    Route("gateway", "POST", "/v1/faxes/preview.png", A, _json(title="Answer", to="021-5555 1234"), right={200, 409}),
    Route("gateway", "POST", "/v1/contacts/{contact_id}/faxes", A, _json(title="Answer", to="021-5555 1234"), right=LATER),
    Route("gateway", "GET", "/v1/faxes/outgoing", A),
    Route("gateway", "GET", "/v1/files/{file_id}/pages/{number}.png", A),
    Route("gateway", "GET", "/v1/agents/me/softphone", A, right={404}),
    Route("gateway", "GET", "/v1/recordings", S),
    Route("gateway", "GET", "/v1/recordings/audit", D),
    Route("gateway", "GET", "/v1/recordings/rules", S),
    Route("gateway", "PUT", "/v1/recordings/rules", D, _json(days=90, agents_listen=False)),
    Route("gateway", "GET", "/v1/recordings/{recording_id}", S),
    Route("gateway", "GET", "/v1/recordings/{recording_id}/shape", S),
    Route("gateway", "GET", "/v1/recordings/{recording_id}/download", S, lambda _t: {"params": {"reason": "complaint 12"}}),
    Route("gateway", "DELETE", "/v1/recordings/{recording_id}", D, lambda _t: {"params": {"reason": "erasure asked"}}),
    Route("gateway", "PUT", "/v1/agents/{agent_id}/endpoint", D, _json(kind="sip", address="1001")),
    Route("gateway", "GET", "/v1/agents/{agent_id}/endpoint", A),
    Route("gateway", "GET", "/v1/endpoints", D),
    Route("gateway", "DELETE", "/v1/agents/{agent_id}/endpoint", D),
    Route("gateway", "PUT", "/v1/gateways/{gateway_id}/settings", D, _json(), right={404}),  # an outside one has none
    Route("gateway", "GET", "/v1/gateways", D, wrong=Role.SUPERVISOR),
    Route("gateway", "POST", "/v1/gateways", D, _json(title="another")),
    Route("gateway", "POST", "/v1/gateways/{gateway_id}/secret", D),
    Route("console", "GET", "/api/session", ANYBODY, right={200, 401}),
    Route("console", "POST", "/api/session/password", ANYBODY,
          _json(old="not the password", new="another long password"), right={400, 401, 403, 409, 422}),
    Route("console", "POST", "/api/agent/sign-in", A),
    Route("console", "POST", "/api/agent/presence", A, _json(presence="not_ready"), right=LATER),
    Route("console", "POST", "/api/agent/heartbeat", A, right={200, 202, 204, 409}),
    Route("console", "POST", "/api/offers/{offer_id}/accept", A, _json(contact_id=_of("contact_id")), right=LATER),
    Route("console", "POST", "/api/offers/{offer_id}/reject", A, _json(contact_id=_of("contact_id")), right=LATER),
    Route("console", "POST", "/api/contacts/{contact_id}/messages", A, _json(message_id="m-2", text="hi"), right=LATER),
    Route("console", "POST", "/api/contacts/{contact_id}/end", A, right=LATER),
    Route("console", "POST", "/api/contacts/{contact_id}/typing", A, right=LATER),
    Route("console", "POST", "/api/contacts/{contact_id}/read", A, _json(message_ids=["m-1"]), right=LATER),
    Route("console", "GET", "/api/contacts/{contact_id}/served-by", R, right={200, 404}),
    Route("console", "GET", "/api/colleagues", A),
    Route("console", "POST", "/api/contacts/{contact_id}/hold", A, _json(held=True), right=LATER),
    Route("console", "POST", "/api/contacts/{contact_id}/transfer", A, _json(target_kind="group", target="rental"), right=LATER),
    Route("console", "POST", "/api/contacts/{contact_id}/transfer/complete", A, _json(transfer_id="t-1"), right=LATER),
    Route("console", "POST", "/api/contacts/{contact_id}/transfer/cancel", A, _json(transfer_id="t-1"), right=LATER),
    Route("console", "POST", "/api/contacts/{contact_id}/join", A, _json(transfer_id="t-1"), right=LATER),
    Route("console", "POST", "/api/contacts/{contact_id}/company", A, _json(joined=True, why="help"), right=LATER),
    Route("console", "POST", "/api/contacts/{contact_id}/notes", A, _json(message_id="m-3", text="see the lease"), right=LATER),
    Route("console", "POST", "/api/contacts/{contact_id}/take-over", S, _json(why="complaint"), right=LATER),
    Route("console", "POST", "/api/contacts/{contact_id}/record", A, _json(action="pause"), right=LATER),
    Route("console", "POST", "/api/contacts/{contact_id}/supervise", S, _json(mode="listen"), right=LATER),
    Route("console", "POST", "/api/contacts/{contact_id}/wrap-up", A, _json(interaction_id="i-1", disposition="solved"), right=LATER),
    Route("console", "POST", "/api/contacts/{contact_id}/wrap-up/extend", A, _json(interaction_id="i-1"), right=LATER),
    Route("console", "POST", "/api/floor/agents/{agent_id}/presence", S, _json(presence="not_ready"), right=LATER),
    Route("console", "POST", "/api/floor/agents/{agent_id}/sign-out", S, right=LATER),
    Route("console", "POST", "/api/floor/agents/{agent_id}/skills", S, _json(skill="zh", level=3, why="rush"), right=LATER),
    Route("console", "POST", "/api/contacts/{contact_id}/move", S, _json(group="rental", why="rush"), right=LATER),
    Route("console", "POST", "/api/contacts/{contact_id}/prioritise", S, _json(seconds=60, why="rush"), right=LATER),
    Route("console", "POST", "/api/contacts/{contact_id}/direct", S,
          _json(agent_id=lambda t: t.made["agent_id"], why="rush"), right=LATER),
    Route("console", "GET", "/api/callbacks", A),
    Route("console", "POST", "/api/callbacks/{contact_id}/cancel", A, _json(why="customer_asked"), right={202, 404}),
    Route("console", "POST", "/api/callbacks/{contact_id}/release", S, _json(why="customer_not_called"), right={202, 404}),
    Route("console", "POST", "/api/groups/close", S, _json(group="rental", why="fire_alarm"), right={202, 404}),
    Route("console", "POST", "/api/groups/reopen", S, _json(group="rental", why="over"), right={202, 404}),
    Route("console", "POST", "/api/agent/sign-out", A, right=LATER),
    Route("console", "POST", "/api/roster/skills:apply", D,
          _json(agents=lambda t: [t.made["agent_id"]], skills=[]), right={200, 202, 409, 422}),
    Route("console", "GET", "/api/roster/audit", D),
    Route("console", "GET", "/api/catalogue", ANYBODY),
    Route("console", "GET", "/api/live/formulas", ANYBODY),
    Route("console", "GET", "/api/live/contacts", S),
    Route("console", "GET", "/api/live/contacts/{contact_id}", S, right={200, 404}),
    *_roster(),
    Route("gateway", "DELETE", "/v1/gateways/{gateway_id}", D),
]  # fmt: skip

OPEN = {"/livez", "/readyz", "/api/session", "/api/tokens", "/v1/web/{site}/config", "/v1/web/{site}/sessions",
        "/v1/simulator/{gateway_id}/config", "/v1/simulator/{gateway_id}/calls",
        "/v1/simulator/{gateway_id}/phones/{caller}", "/v1/simulator/{gateway_id}/phones/{caller}/pick-up",
        "/v1/simulator/{gateway_id}/audio/{audio}",
        "/v1/asterisk/{gateway_id}/sounds/{signature}/{audio}.wav"}  # fmt: skip
"""Doors without a lock: health, and where one signs in (both answer 401 to wrong credentials, tested with the console);
what a site's chat shows to everybody, and where its visitors get their tokens (tested with the web channel)."""
STREAMS = {"/v1/changes", "/v1/gateway/stream", "/v1/web/{site}/stream", "/v1/simulator/{gateway_id}/calls/stream"}
"""Endless answers, tried by their own test below."""


def _apps() -> dict[str, FastAPI]:
    return {
        "router": router_app(RouterSettings()),
        "profile": profile_app(ProfileSettings()),
        "ivr": ivr_app(IvrSettings()),
        "outbound": outbound_app(OutboundSettings()),
        "gateway": gateway_app(GatewaySettings()),
        "console": console_app(ConsoleSettings.model_validate({"token_signing_key": new_signing_key()})),
    }


def test_the_table_names_every_route() -> None:
    there = {
        (service, method.upper(), path)
        for service, app in _apps().items()
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if path not in OPEN | STREAMS and (method.upper(), path) not in SIGNED
    }
    assert there - {(r.service, r.method, r.path) for r in ROUTES} == set()


def _headers(house: House, route: Route, tenant: Tenant) -> dict[str, str]:
    if route.role == GATEWAY:
        return {"authorization": f"ApiKey {tenant.api_key}"}
    if route.role == VISITOR:
        return {"authorization": f"Bearer {tenant.visitor}"}
    if route.role == CALLER:
        return {"authorization": f"Bearer {tenant.caller}"}
    role = A if route.role == ANYBODY else Role(route.role)
    agent = tenant.made["agent_id"] if role is Role.AGENT else None
    return house.bearer("*" if role is Role.SERVICE else tenant.tenant, role, agent_id=agent)


async def _try(house: House, route: Route, about: Tenant, headers: dict[str, str]) -> int:
    request = route.request(about)
    headers = {**headers, **request.pop("headers", {})}
    answer = await house.ask(route.service, route.method, route.filled(about), headers, **request)
    assert answer.status_code < 500, answer.text
    return answer.status_code


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.service} {r.method} {r.path}")
async def test_each_route_opens_only_to_its_own(house: House, route: Route) -> None:
    east, west = house.tenants["east"], house.tenants["west"]
    assert await _try(house, route, east, {}) == 401
    forged = {"authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."}
    assert await _try(house, route, east, forged) == 401
    stranger = house.bearer("east", route.wrong)
    if route.role in (GATEWAY, VISITOR, CALLER):
        assert await _try(house, route, east, stranger) == 401
    elif route.role != ANYBODY:
        assert await _try(house, route, east, stranger) == 403
    if route.names_something:
        if route.role == GATEWAY:  # a gateway's subject is its own name: another gateway's key cannot reach it
            assert await _try(house, route, east, _headers(house, route, west)) in HIDDEN | {202}
        elif route.role in (VISITOR, CALLER):  # a token of another site says nothing here
            assert await _try(house, route, east, _headers(house, route, west)) == 401
        else:
            hidden = HARMLESS.get(route.path, HIDDEN)
            assert await _try(house, route, east, _headers(house, route, west)) in hidden
    assert await _try(house, route, east, _headers(house, route, east)) in route.right


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("profile", "/v1/changes"),
        ("gateway", "/v1/gateway/stream"),
        ("gateway", "/v1/web/{site}/stream"),
        ("console", "/api/stream"),
    ],
)
async def test_streams_open_only_to_their_own(house: House, service: str, path: str) -> None:
    path = path.format(**house.tenants["east"].made)
    assert (await house.ask(service, "GET", path)).status_code == 401
    answer = await house.ask(
        service, "GET", path, house.bearer("east", Role.CAMPAIGN_MANAGER), params={"channels": "floor"}
    )
    assert answer.status_code in (401, 403)


async def test_a_conversation_of_another_tenant_is_empty(house: House) -> None:
    path = f"/v1/contacts/{house.tenants['east'].made['contact_id']}/conversation"
    assert (await house.made("gateway", "GET", path, house.bearer("west", A)))["items"] == []
    assert (await house.made("gateway", "GET", path, house.bearer("east", A)))["items"] != []


async def test_lists_hold_nothing_of_the_other_tenant(house: House) -> None:
    theirs = set(house.tenants["east"].made.values()) - set(house.tenants["west"].made.values())
    for route in ROUTES:
        if route.method == "GET" and not route.names_something and isinstance(route.role, Role) and route.role is not R:
            request = route.request(house.tenants["west"])
            answer = await house.ask(
                route.service, "GET", route.path, _headers(house, route, house.tenants["west"]), **request
            )
            assert not [i for i in theirs if f'"{i}"' in answer.text], route.path


async def test_sql_with_no_tenant_set_sees_no_row(house: House) -> None:
    """Each table of each service, as its API role, with no tenant set for the transaction."""
    connection = await asyncpg.connect(house.ground.database_url)
    try:
        tables = await connection.fetch(
            "SELECT table_schema AS service, table_name FROM information_schema.columns "
            "WHERE column_name = 'tenant_id' AND table_schema IN ('router', 'profile', 'gateway', 'console', 'ivr', 'outbound')"
        )
        full = 0
        for service, table in tables:
            full += await connection.fetchval(f'SELECT count(*) FROM "{service}"."{table}"')
            async with connection.transaction():
                await connection.execute(f"SET LOCAL ROLE ucc_{service}_api")
                may_read = await connection.fetchval(
                    "SELECT has_table_privilege($1, 'SELECT')", f'"{service}"."{table}"'
                )
                if may_read:
                    assert await connection.fetchval(f'SELECT count(*) FROM "{service}"."{table}"') == 0, table
                    await connection.execute("SELECT set_config('ucc.tenant', 'west', true)")
                    foreign = await connection.fetchval(
                        f'SELECT count(*) FROM "{service}"."{table}" WHERE tenant_id <> $1', "west"
                    )
                    assert foreign == 0, table
        assert len(tables) > 20
        assert full > 40  # there was something to see
    finally:
        await connection.close()
