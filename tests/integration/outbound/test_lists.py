"""Files become records: bad rows with reasons, duplicates, a worker killed in the middle, and back again as a file."""

from __future__ import annotations

import asyncio
import csv
import io
import uuid
from collections.abc import Sequence
from typing import Any

import asyncpg
import httpx
import openpyxl
import pytest

from services.outbound.handlers import list_import
from services.outbound.handlers.list_import import ListImport
from services.outbound.store import imports
from services.outbound.store.statements import LISTS
from shared.contracts.consents import ConsentGiven
from shared.contracts.wire import CONSENTS, decode
from shared.kafka import make_consumer
from shared.postgres import open_pool, worker_transaction
from shared.security import Role
from tests.integration.outbound.conftest import House

HEADER = ["编号", "姓名", "手机", "备用电话", "优先级", "价值", "事由", "星座"]


def as_csv(rows: Sequence[Sequence[str]], encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode(encoding)


def person(n: int, **other: str) -> list[str]:
    row = {"key": f"K{n}", "name": f"客户{n}", "number": f"138{n:08d}", "second": "", "priority": "5", "value": "1200.50",
           "reason": "合同到期", "zodiac": "x"}  # fmt: skip
    return list((row | other).values())


async def until(client: httpx.AsyncClient, import_id: str, *states: str) -> dict[str, Any]:
    async with asyncio.timeout(90):
        while (told := (await client.get(f"/v1/imports/{import_id}")).json())["state"] not in states:
            await asyncio.sleep(0.05)
    return told


async def hand_in(client: httpx.AsyncClient, campaign_id: str, file: bytes) -> dict[str, Any]:
    """The import, read and waiting for its columns to be confirmed."""
    answer = await client.post(
        "/v1/imports", params={"campaign": campaign_id, "name": "张三的名单"}, files={"file": file}
    )
    assert answer.status_code == 202, answer.text
    return await until(client, answer.json()["import_id"], "mapping", "failed")


async def bring(client: httpx.AsyncClient, campaign_id: str, file: bytes, **choices: Any) -> dict[str, Any]:
    told = await hand_in(client, campaign_id, file)
    answer = await client.post(f"/v1/imports/{told['import_id']}/start", json=choices)
    assert answer.status_code == 202, answer.text
    return await until(client, told["import_id"], "done", "failed")


def counts(told: dict[str, Any]) -> tuple[int, ...]:
    return tuple(told[name] for name in ("rows", "created", "updated", "duplicates", "rejected"))


def table(answer: httpx.Response) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


class Consents:
    """What is told on topic consents, of one tenant."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def of(self, number: str) -> list[ConsentGiven]:
        """Those of a number, once there are any."""
        consumer = make_consumer(self._house.settings.kafka_bootstrap_servers, CONSENTS)
        await consumer.start()
        found: list[ConsentGiven] = []
        try:
            async with asyncio.timeout(90):
                while not found:
                    for told in (await consumer.getmany(timeout_ms=100)).values():
                        opened = [decode(CONSENTS, one.headers, one.value) for one in told]
                        found += [e.data for e in opened if e.tenant == self._house.tenant and e.data.number == number]
        finally:
            await consumer.stop()
        return found


async def test_columns_are_guessed_looked_at_and_taken_over(house: House) -> None:
    campaign_id = await house.campaign(state="draft")
    rows = [
        HEADER,
        person(1),
        person(2, number="12"),
        person(3, priority="high"),
        person(4, key="K1"),
        person(5, number=""),
    ]
    async with house.client() as client:
        told = await hand_in(client, campaign_id, as_csv(rows, "gb18030"))
        assert told["mapping"] == {
            "key": "编号", "name": "姓名", "number": "手机", "number_2": "备用电话", "priority": "优先级", "value": "价值",
            "reason": "事由",
        }  # fmt: skip
        mapping = told["mapping"] | {"field.zodiac": "星座"}
        looked = (await client.post(f"/v1/imports/{told['import_id']}/preview", json={"mapping": mapping})).json()
        assert looked["counts"] == {"good": 1, "rejected": 3, "duplicates": 1, "updated": 0}
        assert looked["rows"][0]["becomes"] == [{"number": "+8613800000001", "zones": ["Asia/Shanghai"]}]
        assert [row["fault"] and row["fault"]["code"] for row in looked["rows"]] == [
            None, "unusable_number", "no_priority", "duplicate_in_file", "no_number",
        ]  # fmt: skip
        assert "国家代码" in looked["rows"][1]["fault"]["mend"]["zh"]

        answer = await client.post(
            f"/v1/imports/{told['import_id']}/start", json={"mapping": mapping, "preset": "北区", "name": "十一月"}
        )
        assert answer.status_code == 202, answer.text
        done = await until(client, told["import_id"], "done", "failed")
        assert counts(done) == (5, 1, 0, 1, 3)
        again = await client.post(f"/v1/imports/{told['import_id']}/start", json={})
        assert again.status_code == 409
        known = await hand_in(client, campaign_id, as_csv([HEADER[::-1], person(6)[::-1]]))
        assert known["mapping"]["field.zodiac"] == "星座"
        assert (await client.delete("/v1/import-presets/北区")).status_code == 204
    (record,) = await house.owner.fetch("SELECT * FROM outbound.records WHERE campaign_id = $1", campaign_id)
    assert (record["priority"], record["value"], record["state"], record["source_key"]) == (5, 120050, "waiting", "K1")


async def test_rejected_rows_are_mended_and_handed_in_again(house: House) -> None:
    campaign_id = await house.campaign(state="draft")
    rows = [HEADER, person(11), person(12, number="=1+1"), person(13, value="viel"), person(14, number="13800000011")]
    async with house.client() as client:
        first = await bring(client, campaign_id, as_csv(rows))
        assert counts(first) == (4, 1, 0, 1, 2)
        lines = table(await client.get(f"/v1/imports/{first['import_id']}/rejected.csv", params={"language": "en"}))
        assert lines[0] == [*HEADER, "ucc_line", "ucc_fault", "ucc_mend"]
        assert [line[8] for line in lines[1:]] == ["3", "4", "5"]
        assert lines[1][2] == "'=1+1"  # no spreadsheet runs it
        assert "line 2" in lines[3][9]
        lines[1][2], lines[2][5] = "13800000012", "9.99"
        second = await bring(client, campaign_id, as_csv(lines))
        assert counts(second) == (3, 2, 0, 1, 0)


async def test_the_last_one_wins_where_it_is_said_so(house: House) -> None:
    campaign_id = await house.campaign(state="draft")
    async with house.client() as client:
        await bring(client, campaign_id, as_csv([HEADER, person(21), person(22)]))
        newer = [HEADER, person(21, priority="9", number="13900000021"), person(23), person(23, reason="新")]
        told = await bring(client, campaign_id, as_csv(newer), wins="last")
    assert counts(told) == (3, 1, 2, 0, 0)
    rows = await house.owner.fetch(
        "SELECT source_key, priority, numbers, payload FROM outbound.records WHERE campaign_id = $1 ORDER BY source_key",
        campaign_id,
    )
    assert [(row["source_key"], row["priority"]) for row in rows] == [("K21", 9), ("K22", 5), ("K23", 5)]
    assert "13900000021" in rows[0]["numbers"]
    assert "新" in rows[2]["payload"]


async def test_what_is_exported_is_the_same_elsewhere(house: House) -> None:
    here, there = await house.campaign(state="draft"), await house.campaign(state="draft")
    header = [
        "number",
        "number_2",
        "key",
        "name",
        "priority",
        "value",
        "language",
        "time_zone",
        "region",
        "not_before",
        "field.层",
    ]
    rows = [
        header,
        [
            "+8613800000031",
            "021 6123 4567",
            "A",
            "=王芳",
            "7",
            "12.30",
            "zh",
            "Asia/Urumqi",
            "CN-XJ",
            "2030-01-01",
            "3",
        ],
        ["+12125550123", "", "", "'quoted", "", "", "en", "", "US-NY", "2030-01-01T09:00:00+01:00", ""],
        ["13800000033", "", "C", "", "0", "0", "", "", "", "", "-2"],
    ]
    async with house.client() as client:
        assert counts(await bring(client, here, as_csv(rows))) == (3, 3, 0, 0, 0)
        export = (await client.get(f"/v1/campaigns/{here}/records.csv")).content
        assert counts(await bring(client, there, export)) == (3, 3, 0, 0, 0)
        again = (await client.get(f"/v1/campaigns/{there}/records.csv")).content
    same = (
        "SELECT source_key, person_key, numbers, address_zone, region, language, priority, value, not_before, state, payload"
        " FROM outbound.records WHERE campaign_id = $1 ORDER BY record_id"
    )
    first, second = [[dict(row) for row in await house.owner.fetch(same, each)] for each in (here, there)]
    assert first == second
    assert {row["state"] for row in first} == {"waiting", "resting"}

    def without_ids(file: bytes) -> list[list[str]]:
        lines = list(csv.reader(io.StringIO(file.decode("utf-8-sig"))))
        place = lines[0].index("ucc_record")
        return [line[:place] + line[place + 1 :] for line in lines]

    assert without_ids(export) == without_ids(again)


async def test_two_debts_of_one_person_are_two_records_and_come_back(house: House) -> None:
    here, there = await house.campaign(state="draft"), await house.campaign(state="draft")
    await house.owner.execute("UPDATE outbound.campaigns SET subject = 'D-1' WHERE campaign_id = $1", here)
    rows = [
        ["客户编号", "手机", "合同号"],
        ["C1", "13800000061", "D-1"],
        ["C1", "13800000061", "D-2"],
        ["C1", "13800000061", "D-2"],
        ["C1", "13800000061", ""],  # the campaign's: D-1
    ]
    subjects = "SELECT subject FROM outbound.records WHERE campaign_id = $1 ORDER BY record_id"
    async with house.client() as client:
        assert counts(await bring(client, here, as_csv(rows))) == (4, 2, 0, 2, 0)
        export = (await client.get(f"/v1/campaigns/{here}/records.csv")).content
        assert counts(await bring(client, there, export)) == (2, 2, 0, 0, 0)
        assert counts(await bring(client, there, export, wins="last")) == (2, 0, 2, 0, 0)
    for campaign_id in (here, there):
        assert [row["subject"] for row in await house.owner.fetch(subjects, campaign_id)] == ["D-1", "D-2"]


async def test_consents_of_a_list_are_the_profiles_before_anybody_is_dialled(house: House) -> None:
    campaign_id = await house.campaign(state="draft", purpose="marketing")
    rows = [
        ["手机", "同意用途", "同意日期", "同意来源", "同意凭证", "同意到期"],
        ["13800000071", "marketing", "2026-05-01", "paper", "form 7", ""],
        ["13800000072", "营销", "2030-05-01", "", "", ""],
        ["13800000073", "", "", "", "", ""],
        ["13800000074", "marketing", "2026-05-01", "", "", "2026-06-01"],
    ]
    heard = Consents(house)
    async with house.client() as client:
        told = await bring(client, campaign_id, as_csv(rows))
        assert counts(told) == (4, 2, 0, 0, 2)
        lines = table(await client.get(f"/v1/imports/{told['import_id']}/rejected.csv", params={"language": "en"}))
        assert ["future" in lines[1][-2], "over already" in lines[2][-2]] == [True, True]
        [consent] = await heard.of("+8613800000071")
    assert (consent.purpose, consent.channel, consent.source, consent.proof) == (
        "marketing",
        "phone",
        "paper",
        "form 7",
    )
    with_consent, without = await house.owner.fetch(
        "SELECT * FROM outbound.records WHERE campaign_id = $1 ORDER BY record_id", campaign_id
    )
    assert (with_consent["state"], with_consent["reason"]) == ("resting", "consent_on_its_way")
    assert with_consent["consented_at"] == consent.given_at
    assert with_consent["not_before"] is not None, "told, and looked at again a moment later"
    assert (without["state"], without["consented_at"]) == ("waiting", None)


async def test_a_workbook_is_a_list_too(house: House) -> None:
    campaign_id = await house.campaign(state="draft")
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    sheet.append(["Mobile", "Full Name", "Expected Value"])
    sheet.append([13800000041, "Wang Fang", 12.5])
    kept = io.BytesIO()
    workbook.save(kept)
    async with house.client() as client:
        assert counts(await bring(client, campaign_id, kept.getvalue())) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize(("file", "why"), [(b"\n", "empty"), (b'number\n"1', "line"), (b"PK\x03\x04 no", "workbook")])
async def test_a_file_that_is_no_table_says_so(house: House, file: bytes, why: str) -> None:
    campaign_id = await house.campaign(state="draft")
    async with house.client() as client:
        told = await hand_in(client, campaign_id, file)
    assert told["state"] == "failed"
    assert why in told["failure"]


async def test_mappings_and_campaigns_that_are_none_are_refused(house: House) -> None:
    campaign_id = await house.campaign(state="draft")
    async with house.client() as client:
        told = await hand_in(client, campaign_id, as_csv([HEADER, person(51)]))
        for mapping in ({"name": "姓名"}, {"number": "nowhere"}, {"number": "手机", "name": "手机"}, {"shoe": "手机"}):
            answer = await client.post(f"/v1/imports/{told['import_id']}/start", json={"mapping": mapping})
            assert answer.status_code == 422, answer.text
        assert (await client.post("/v1/imports", params={"campaign": "none"}, files={"file": b"x"})).status_code == 404
        assert (await client.post(f"/v1/imports/{told['import_id']}/cancel")).json()["state"] == "cancelled"
    async with house.client(tenant=house.other) as client:
        assert (await client.get(f"/v1/imports/{told['import_id']}")).status_code == 404
    async with house.client(Role.AGENT) as client:
        assert (await client.get("/v1/imports")).status_code == 403


async def test_goes_on_where_a_killed_worker_stood(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker dies inside its third piece; when its lease runs out the service goes on; no row counts twice, none is lost."""
    campaign_id, rows = await house.campaign(state="draft"), 230
    people = [person(n) for n in range(1000, 1000 + rows)]
    people[150] = person(1000)  # a duplicate across pieces
    people[151] = person(1, number="")
    settings = house.settings.model_copy(
        update={"outbound_import_piece_rows": 50, "outbound_import_lease_seconds": 60.0}
    )
    dying = ListImport(house.parts.workers, house.parts.directory, house.parts.clock, settings)
    pieces, write = 0, list_import.add_records

    async def write_and_die(*arguments: Any) -> Any:
        nonlocal pieces
        pieces += 1
        outcome = await write(*arguments)
        if pieces == 2:
            raise asyncpg.IdleInTransactionSessionTimeoutError("the second rested too long; it is written again")
        if pieces == 4:
            raise SystemError("killed with the third piece written, not committed")
        return outcome

    file, import_id = as_csv([HEADER, *people]), f"im-{uuid.uuid4().hex[:12]}"
    fields = ["key", "name", "number", None, "priority", "value", "reason", None]
    monkeypatch.setattr(list_import, "add_records", write_and_die)
    async with worker_transaction(house.parts.workers) as connection:
        await imports.begin(connection, house.tenant, import_id, campaign_id, "L", None, "u-1", house.now())
        await imports.keep_piece(connection, house.tenant, import_id, 0, file)
        await connection.execute(
            "UPDATE imports SET state = 'waiting', fields = $3, file_bytes = $4, columns = $5 WHERE tenant_id = $1 AND import_id = $2",
            house.tenant, import_id, fields, len(file), HEADER,
        )  # fmt: skip
        job = await imports.claim(connection, dying.name, 60.0)
    assert job is not None
    with pytest.raises(SystemError):
        await dying.work_off(job)
    async with house.client() as client:
        told = (await client.get(f"/v1/imports/{import_id}")).json()
        assert (told["done"], told["created"]) == (100, 100)
        await house.owner.execute("UPDATE outbound.imports SET lease_until = now() WHERE import_id = $1", import_id)
        assert counts(await until(client, import_id, "done", "failed")) == (rows, rows - 2, 0, 1, 1)
    there = await house.owner.fetchval("SELECT count(*) FROM outbound.records WHERE campaign_id = $1", campaign_id)
    assert there == rows - 2
    assert (
        await house.owner.fetchval("SELECT count(*) FROM outbound.import_pieces WHERE import_id = $1", import_id) == 0
    )


async def test_every_statement_of_lists_prepares(module_database_url: str) -> None:
    pool = await open_pool(module_database_url, "outbound", "worker")
    async with pool.acquire() as connection:
        await connection.execute(LISTS["stage_records"])
        for statement in LISTS.values():
            await connection.prepare(statement)
    await pool.close()
