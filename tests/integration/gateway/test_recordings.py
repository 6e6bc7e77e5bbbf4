"""Recordings: kept once, heard by those who may, taken away with a reason only, gone when their time is over."""

from __future__ import annotations

import asyncio
import io
import uuid
import wave
from typing import Any

import httpx
import numpy as np
import pytest

from services.gateway import recording_store
from services.gateway.credentials import Credential
from services.gateway.domain.recordings import Pause, Recorded
from services.gateway.handlers import recordings
from shared.contracts import routing_decisions as decided
from shared.contracts.contact_events import Presence
from shared.contracts.fields import SECOND
from shared.contracts.wire import to_iso
from shared.postgres import worker_transaction
from shared.security import Principal, Role, issue_token
from tests.integration.gateway.conftest import SIGNING_KEY, GatewayClient, House, assigned, now_us, queued, token

DAY = 86_400 * SECOND


def sound(seconds: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(8_000)
        writer.writeframes((np.sin(np.arange(8_000 * seconds) / 10) * 9_000).astype("<i2").tobytes())
    return out.getvalue()


def of_team(
    *teams: str, sites: tuple[str, ...] = (), role: Role = Role.SUPERVISOR, agent_id: str | None = None
) -> dict[str, str]:
    principal = Principal("sue", "jinfeng", frozenset({role}), agent_id, teams, sites)
    return {"Authorization": f"Bearer {issue_token(SIGNING_KEY, principal, lifetime_seconds=24 * 3600)}"}


async def recorded_call(
    house: House, gateway: GatewayClient, *, team: str = "blue", seconds: int = 2, age_days: int = 0
) -> Recorded:  # fmt: skip
    """A call agent-7 took while in `team`, recorded and kept; `age_days` ago."""
    subject = f"call-{uuid.uuid4().hex[:8]}"
    contact_id = await gateway.arrives(subject)
    state = decided.AgentStateChanged(
        "agent-7", Presence.AVAILABLE, 0, decided.WorkState.HANDLING, 0, True, teams=(team,), sites=("north",)
    )
    await house.router.decides(
        state, queued(contact_id, gateway.gateway_id), assigned(contact_id, gateway.gateway_id, f"o-{subject}"),
    )  # fmt: skip
    ended_at = now_us() - age_days * DAY
    pauses = (Pause(ended_at - SECOND, ended_at - SECOND // 2),)
    call = Recorded(
        f"rec-{subject}", contact_id, ended_at - seconds * SECOND, ended_at, True, pauses, hung_up_by="customer"
    )
    credential = Credential(gateway.tenant, gateway.gateway_id, "main")
    for _ in range(2):  # an adapter that is not sure says it again
        await recordings.keep(house.app.state.parts, credential, call, sound(seconds))
    async with asyncio.timeout(20):
        while not await house.rows("SELECT 1 FROM gateway.handlings WHERE contact_id = $1", contact_id):
            await asyncio.sleep(0.02)
    return call


async def listed(house: House, headers: dict[str, str], **query: Any) -> list[dict[str, Any]]:
    answer = await house.http.get("/v1/recordings", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_a_recording_is_kept_once_told_once_and_heard_in_ranges(house: House, open_topic: Any) -> None:
    messages = await open_topic("conversation-messages")
    gateway = await house.gateway()
    call = await recorded_call(house, gateway)
    ready = await messages.until(lambda e: getattr(e.data, "recording_id", None) == call.recording_id)
    assert (ready.data.contact_id, ready.data.seconds) == (call.contact_id, 2)
    supervisor = token(Role.SUPERVISOR)
    (item,) = await listed(house, supervisor, contact=call.contact_id)
    assert (item["recording_id"], item["seconds"], item["agents"]) == (call.recording_id, 2, ["agent-7"])
    assert (item["group"], item["consent_played"], item["hung_up_by"]) == ("rental-repair", True, "customer")
    assert item["pauses"] == [{"at_second": 1.0, "seconds": 0.5}]
    url = f"/v1/recordings/{call.recording_id}"
    whole = await house.http.get(url, headers=supervisor)
    assert (whole.status_code, whole.headers["content-type"], whole.headers["accept-ranges"]) == (
        200,
        "audio/wav",
        "bytes",
    )
    assert whole.content[:4] == b"RIFF"
    part = await house.http.get(url, headers={**supervisor, "Range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, whole.content[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{len(whole.content)}"
    beyond = await house.http.get(url, headers={**supervisor, "Range": "bytes=99999999-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(whole.content)}")
    shape = (await house.http.get(f"{url}/shape", headers=supervisor)).json()["peaks"]
    assert (len(shape), min(shape)) == (400, pytest.approx(69, abs=5))


async def test_a_range_across_pieces_is_whole(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_store, "PIECE", 1000)
    call = await recorded_call(house, await house.gateway())
    url, admin = f"/v1/recordings/{call.recording_id}", token(Role.ADMIN)
    whole = (await house.http.get(url, headers=admin)).content
    for first, last in ((0, 999), (999, 1000), (950, 3050), (len(whole) - 1, len(whole) - 1)):
        part = await house.http.get(url, headers={**admin, "Range": f"bytes={first}-{last}"})
        assert part.content == whole[first : last + 1]


async def test_who_may_hear_what(house: House) -> None:
    gateway = await house.gateway()
    call = await recorded_call(house, gateway, team=f"blue-{uuid.uuid4().hex[:6]}")
    team = (await house.rows("SELECT teams FROM gateway.handlings WHERE contact_id = $1", call.contact_id))[0]["teams"][
        0
    ]
    url = f"/v1/recordings/{call.recording_id}"

    async def may(headers: dict[str, str]) -> int:
        return (await house.http.get(url, headers=headers)).status_code

    assert await may(of_team(team)) == 200
    assert await may(of_team("another-team")) == 404
    assert await may(of_team("another-team", sites=("north",))) == 200, "a team's or a site's, as on the floor"
    assert await may(of_team("another-team", sites=("south",))) == 404
    assert await may(token(Role.ADMIN, tenant="rival")) == 404
    assert await may(token(Role.ANALYST)) == 403
    assert await may({}) == 401
    mine, others = (of_team(role=Role.AGENT, agent_id=agent) for agent in ("agent-7", "agent-8"))
    assert await may(mine) == 404, "not before the rules say so"
    rules = {"days": 30, "agents_listen": True}
    admin = token(Role.ADMIN)
    try:
        assert (await house.http.put("/v1/recordings/rules", json=rules, headers=admin)).status_code == 204
        assert (await house.http.get("/v1/recordings/rules", headers=of_team(team))).json() == rules
        assert (await may(mine), await may(others)) == (200, 404)
        assert [r["recording_id"] for r in await listed(house, mine, contact=call.contact_id)] == [call.recording_id]
        (item,) = await listed(house, admin, contact=call.contact_id)
        assert item["delete_after"][:10] == to_iso(call.ended_at + 30 * DAY)[:10], (
            "recordings already kept follow the new rule"
        )
    finally:
        await house.http.put("/v1/recordings/rules", json={"days": 90, "agents_listen": False}, headers=admin)


async def test_taking_away_and_deleting_need_a_reason_and_are_written_down(house: House) -> None:
    call = await recorded_call(house, await house.gateway())
    url, admin = f"/v1/recordings/{call.recording_id}", token(Role.ADMIN)
    assert (await house.http.get(f"{url}/download", headers=admin)).status_code == 422
    taken = await house.http.get(f"{url}/download", params={"reason": "complaint 12"}, headers=admin)
    assert taken.headers["content-disposition"] == f'attachment; filename="{call.recording_id}.wav"'
    for _ in range(3):  # playing on is one hearing
        await house.http.get(url, headers=admin)
    assert (await house.http.delete(url, headers=admin)).status_code == 422
    denied = await house.http.delete(url, params={"reason": "because"}, headers=token(Role.SUPERVISOR))
    assert denied.status_code == 403
    assert (await house.http.delete(url, params={"reason": "erasure asked"}, headers=admin)).status_code == 204
    assert (await house.http.get(url, headers=admin)).status_code == 404
    assert not await house.rows("SELECT 1 FROM gateway.recording_pieces WHERE recording_id = $1", call.recording_id)
    notes = (
        await house.http.get("/v1/recordings/audit", params={"recording": call.recording_id}, headers=admin)
    ).json()
    assert [(n["action"], n["reason"], n["who"]) for n in notes["items"]] == [
        ("deleted", "erasure asked", "somebody"), ("heard", None, "somebody"), ("downloaded", "complaint 12", "somebody"),
    ]  # fmt: skip


async def test_lists_go_by_pages_and_filters(house: House) -> None:
    gateway = await house.gateway()
    calls = [await recorded_call(house, gateway, team="paged", seconds=1, age_days=days) for days in (1, 2, 3)]
    supervisor = of_team("paged")
    seen: list[str] = []
    cursor: str | None = None
    while True:
        answer = await house.http.get(
            "/v1/recordings", params={"limit": 2, **({"cursor": cursor} if cursor else {})}, headers=supervisor
        )
        seen += [item["recording_id"] for item in answer.json()["items"]]
        if (cursor := answer.json()["next"]) is None:
            break
    assert seen == [call.recording_id for call in calls]
    span = {"from": to_iso(calls[2].started_at), "to": to_iso(calls[1].started_at)}
    assert [r["recording_id"] for r in await listed(house, supervisor, **span)] == [calls[2].recording_id]
    assert await listed(house, supervisor, agent="agent-8") == []
    assert len(await listed(house, supervisor, agent="agent-7", group="rental-repair")) == 3
    wrong: httpx.Response = await house.http.get("/v1/recordings", params={"from": "yesterday"}, headers=supervisor)
    assert wrong.status_code == 422


async def test_what_has_been_kept_long_enough_goes_and_says_so(house: House) -> None:
    gateway = await house.gateway()
    old, fresh = await recorded_call(house, gateway, age_days=91), await recorded_call(house, gateway)
    async with worker_transaction(house.app.state.parts.worker) as connection:
        await recording_store.expire(connection, house.app.state.parts.clock.now())
    left = await house.rows("SELECT recording_id FROM gateway.recordings WHERE gateway_id = $1", gateway.gateway_id)
    assert [row["recording_id"] for row in left] == [fresh.recording_id]
    notes = await house.rows(
        "SELECT action, who FROM gateway.recording_audit WHERE recording_id = $1", old.recording_id
    )
    assert [tuple(note) for note in notes] == [("expired", "retention")]
