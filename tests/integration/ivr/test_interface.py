"""The interface: questions and dialogues as versions, matching and correcting, trying out, what answers were worth."""

from __future__ import annotations

import asyncio
import time
import uuid
from pathlib import Path
from typing import Any

import asyncpg

import services.ivr.store as store
from services.ivr.domain.speech import SAMPLE_RATE
from services.ivr.handlers.outcomes import FollowDecisions
from services.ivr.handlers.spoken import Spoken
from services.ivr.store.statements import SQL
from shared.contracts.channel_commands import Utterance
from shared.contracts.contact_events import ContactProfiled
from shared.contracts.envelope import Envelope
from shared.contracts.fields import Channel
from shared.contracts.routing_decisions import ContactClosed, ContactEnd
from shared.postgres import open_pool
from shared.security import Role
from tests.integration.ivr.conftest import DEMO, LINE, PATIENCE, Neighbours, Site


async def test_a_question_has_versions_and_one_writer_wins(site: Site) -> None:
    fields: dict[str, Any] = {
        "business_line": "rental", "group": "rental-enquiry", "titles": {"zh": "水电费"},
        "examples": [{"text": "水电费怎么交", "language": "zh"}], "answers": {"voice": {"zh": "自理。"}},
    }  # fmt: skip
    async with site.client() as client:
        assert (await client.post("/v1/questions", json={"id": "utilities", **fields})).status_code == 201
        assert (await client.post("/v1/questions", json={"id": "utilities", **fields})).status_code == 409
        same = await client.put("/v1/questions/utilities", json={**fields, "version": 1})
        assert same.json()["version"] == 1
        changed = {**fields, "reason": "billing"}
        assert (await client.put("/v1/questions/utilities", json={**changed, "version": 1})).json()["version"] == 2
        late = await client.put("/v1/questions/utilities", json={**fields, "version": 1})
        assert (late.status_code, late.json()["type"]) == (409, "urn:ucc:problem:version_conflict")
        versions = (await client.get("/v1/questions/utilities/versions")).json()["items"]
        assert [(v["version"], v["reason"]) for v in versions] == [(2, "billing"), (1, None)]
        found = (await client.get("/v1/questions", params={"query": "水电费怎么"})).json()["items"]
        assert [q["id"] for q in found] == ["utilities"]
    async with site.client(Role.AGENT) as agent:
        assert (await agent.put("/v1/questions/utilities", json=fields)).status_code == 403
    async with site.client(tenant=f"other-{uuid.uuid4().hex[:6]}") as stranger:
        assert (await stranger.get("/v1/questions/utilities")).status_code == 404


async def test_importing_twice_changes_nothing_and_counts_are_true(site: Site) -> None:
    body = (DEMO / "questions.yaml").read_bytes()
    yaml = {"content-type": "application/yaml"}
    async with site.client() as client:
        counts = (await client.post("/v1/questions:import", content=body, headers=yaml)).json()
        assert (counts["rows"], counts["unchanged"], counts["created"], counts["updated"]) == (42, 42, 0, 0)
        one = body.replace("titles: {zh: 押金和付款方式,".encode(), "titles: {zh: 押金与付款,".encode())
        one += b"  - {id: broken}\n"
        counts = (await client.post("/v1/questions:import", content=one, headers=yaml)).json()
        assert (counts["rows"], counts["unchanged"], counts["updated"], counts["rejected"]) == (43, 41, 1, 1)
        assert counts["rejections"][0]["row"] == 43
        assert (await client.post("/v1/questions:import", content=b"x", headers=yaml)).status_code == 422


async def test_the_matcher_answers_and_learns_from_a_correction(site: Site) -> None:
    nonsense = "蝴蝶标本能放阳台吗"
    async with site.client(Role.AGENT) as agent:
        said = (await agent.post("/v1/match", json={"text": "租房押金要交几个月", "business_line": "rental"})).json()
        assert (said["decision"], said["question"], said["group"]) == ("answer", "rental-deposit", "rental-enquiry")
        assert said["nearest"][0]["question"] == "rental-deposit"
        body = {"contact_id": "c-1", "text": nonsense, "question": "rental-pets"}
        assert (await agent.post("/v1/corrections", json=body)).status_code == 201
        assert (
            await agent.post("/v1/corrections", json={"contact_id": "c-2", "question": "rental-pets"})
        ).status_code == 409
        assert (await agent.post("/v1/corrections", json={**body, "question": "no-such"})).status_code == 404
        listed = (await agent.get("/v1/corrections")).json()["items"]
        assert [one["text"] for one in listed] == [nonsense]
        await site.app.state.room.serving.library.trained(site.tenant)
        learnt = (await agent.post("/v1/match", json={"text": nonsense, "business_line": "rental"})).json()
        assert learnt["nearest"][0]["question"] == "rental-pets"


async def test_a_dialogue_is_checked_line_by_line_and_published_in_versions(site: Site) -> None:
    async with site.client() as client:
        broken = LINE.replace("next: a-deposit}", "next: nowhere}")
        check = (await client.post("/v1/dialogues:check", content=broken.encode())).json()
        assert check["ok"] is False
        assert check["errors"][0]["message"] == "there is no node 'nowhere'"
        assert check["errors"][0]["line"] > 10
        refused = await client.put("/v1/dialogues/spare", content=broken.encode())
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:ucc:problem:dialogue_refused")
        spare = LINE.replace("business_line: rental", "entries: [spare]").encode()
        assert (await client.put("/v1/dialogues/spare", content=spare, params={"base_version": 3})).status_code == 409
        assert (await client.put("/v1/dialogues/spare", content=spare, params={"base_version": 0})).json()[
            "version"
        ] == 1
        assert (await client.put("/v1/dialogues/spare", content=spare)).json()["version"] == 1
        assert (await client.put("/v1/dialogues/spare", content=spare + b"# x\n")).json()["version"] == 2
        assert (await client.get("/v1/dialogues/spare")).headers["etag"] == '"2"'
        assert (await client.get("/v1/dialogues/spare", params={"version": 1})).content == spare
        assert len((await client.get("/v1/dialogues/spare/versions")).json()["items"]) == 2
        assert (await client.get("/v1/dialogues/spare/diagram.svg")).text.startswith("<svg")
        assert (await client.get("/v1/dialogues/spare/diagram.mmd")).text.startswith("flowchart")
        assert (await client.get("/v1/dialogues:schema")).json()["$id"] == "urn:ucc:dialogue:1"
        listed = (await client.get("/v1/dialogues")).json()["items"]
        assert {"id": "spare", "version": 2}.items() <= next(d for d in listed if d["id"] == "spare").items()


async def test_the_simulator_lives_a_call(site: Site) -> None:
    async with site.client(Role.ANALYST) as client:
        body: dict[str, Any] = {"yaml": (DEMO / "dialogues" / "property.yaml").read_text(), "channel": "phone"}
        step = (await client.post("/v1/simulate", json=body)).json()
        assert step["awaiting"]["kind"] == "menu"
        for key in ("1", "2"):
            step = (await client.post("/v1/simulate", json={**body, "session": step["session"], "input": key})).json()
        assert step["answered"] == ["property-repair-cost"]
        assert "公共部位" in step["said"][0]["text"]
        step = (await client.post("/v1/simulate", json={**body, "session": step["session"], "input": "0"})).json()
        assert step["ended"]["outcome"] == "to_person"
        assert step["note"] == "报修和维修费 › 维修收费"
        forged = await client.post("/v1/simulate", json={**body, "session": "e30=.00"})
        assert forged.status_code == 422
        chat = {"dialogue": "rental", "channel": "web", "text": "租房押金要交几个月"}
        assert (await client.post("/v1/simulate", json=chat)).json()["awaiting"]["kind"] == "menu"
        fax = {"yaml": (DEMO / "dialogues" / "fax.yaml").read_text(), "channel": "fax", "text": "租房押金要交几个月"}
        assert (await client.post("/v1/simulate", json=fax)).json()["faxes"][0]["title"] == "租房押金与付款方式"


async def test_usage_counts_what_was_contained_and_who_came_back(site: Site, neighbours: Neighbours) -> None:
    contacts = [await _served(site) for _ in range(2)]
    at = time.time_ns() // 1000
    closed = [
        ContactClosed(contact, end, at, Channel.PHONE, "rental", "ivr", customer_id=f"cu-{contact}")
        for contact, end in zip(contacts, (ContactEnd.SELF_SERVED, ContactEnd.SERVED), strict=True)
    ]
    batch = [
        Envelope(f"d-{e.contact_id}", "/router", at, site.tenant, e.contact_id, e, partition=77, sequence=n, epoch=1)
        for n, e in enumerate(closed, 1)
    ]
    follower = FollowDecisions(site.app.state.room.serving.workers, None, site.settings)  # type: ignore[arg-type]
    await follower.apply(77, batch)
    again = ContactProfiled(f"c-{uuid.uuid4().hex}", f"cu-{contacts[0]}")
    heard = Envelope(f"p-{again.contact_id}", "/profile", at, site.tenant, again.contact_id, again, "main")
    await site.producer.publish("contact-events", heard, partition=1)
    async with asyncio.timeout(PATIENCE):
        while not await site.owner.fetchval(
            "SELECT came_back_at FROM ivr.question_uses WHERE contact_id = $1", contacts[0]
        ):
            await asyncio.sleep(0.05)
    await site.owner.execute(
        "UPDATE ivr.question_uses SET closed_at = closed_at - interval '8 days' WHERE contact_id = ANY ($1)", contacts
    )
    async with site.client(Role.ANALYST) as client:
        usage = (await client.get("/v1/questions/usage")).json()
    deposit = next(one for one in usage["items"] if one["question"] == "rental-deposit")
    assert deposit["closed"] >= 2
    assert deposit["contained"] == 1
    assert (deposit["followed"], deposit["came_back"], deposit["came_back_share"]) == (1, 1, 1.0)
    assert "self-served" in usage["formulas"]["contained"]


async def _served(site: Site) -> str:
    contact = await site.arrive()
    [menu] = await site.prompts(contact, 1)
    await site.answer(menu, "digits", digits="1")
    await site.answer((await site.prompts(contact, 2))[1], "timeout")
    await site.event(contact, "SelfServiceAnswered")
    return contact


class Beep:
    """An engine that beeps."""

    voice = "beep/1"
    languages = ("zh", "en")

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def synthesise(self, text: str, language: str) -> bytes:
        self.asked.append(text)
        return b"RIFF" + bytes(SAMPLE_RATE // 100)


async def test_words_are_spoken_once_and_kept_by_content(site: Site) -> None:
    serving = site.app.state.room.serving
    engine = Beep()
    spoken = Spoken(serving.workers, engine, 5.0)
    said = (Utterance("您好。"), Utterance("您好。"), Utterance("再见。"))
    first = await spoken.with_audio(site.tenant, said)
    second = await spoken.with_audio(site.tenant, said)
    assert first == second
    assert first[0].audio == first[1].audio != first[2].audio
    assert sorted(engine.asked) == ["再见。", "您好。"]
    content = first[0].audio
    async with site.client(Role.SERVICE, tenant="*") as gateway, site.client() as anybody:
        assert (await gateway.get(f"/v1/audio/{content}.wav")).content.startswith(b"RIFF")
        link = (await gateway.post(f"/v1/audio/{content}/links")).json()["path"]
        anybody.headers.pop("authorization")
        assert (await anybody.get(f"/v1/audio/{content}.wav")).status_code == 401
        assert (await anybody.get(link)).status_code == 200
        assert (await anybody.get(link[:-1] + ("0" if link[-1] != "0" else "1"))).status_code == 401
    async with site.client(tenant="another") as stranger:
        assert (await stranger.get(f"/v1/audio/{content}.wav")).status_code == 404


async def test_every_statement_prepares_and_is_used(site: Site) -> None:
    code = "\n".join(path.read_text() for path in Path(store.__path__[0]).glob("*.py"))
    pool = await open_pool(site.settings.database_url, "ivr", "worker")
    async with pool.acquire() as connection:
        for name, statement in SQL.items():
            assert f'"{name}"' in code, f"{name} is used nowhere"
            await connection.prepare(statement)
    await pool.close()


async def test_every_table_of_tenants_is_under_forced_row_level_security(module_database_url: str) -> None:
    owner = await asyncpg.connect(module_database_url)
    rows = await owner.fetch(
        "SELECT relname, relforcerowsecurity FROM pg_class WHERE relnamespace = 'ivr'::regnamespace AND relkind = 'r'"
    )
    await owner.close()
    assert {row["relname"] for row in rows if not row["relforcerowsecurity"]} == {"watermark"}
