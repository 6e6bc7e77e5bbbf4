"""Imports: true counts, nothing twice, rejected rows by line, resumed after a crash; records from Kafka in any order."""

from __future__ import annotations

import asyncio
import csv
import io
import time
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import httpx
import openpyxl
import pytest

from services.profile.handlers import import_runner
from services.profile.handlers.import_runner import ImportRunner
from services.profile.store import imports
from shared.contracts.crm_records import CustomerRecorded, DealRecorded, Identity
from shared.contracts.envelope import Envelope
from shared.contracts.fields import AddressKind
from shared.contracts.wire import CRM_RECORDS
from shared.postgres import worker_transaction
from shared.security import Role
from tests.integration.profile.conftest import House

HEADER = ["客户编号", "姓名", "手机", "客户等级", "邮箱"]


def as_csv(rows: Sequence[Sequence[str]], encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode(encoding)


def people(count: int, start: int = 0, tier: str = "gold") -> list[list[str]]:
    return [[f"K{n:06d}", f"客户{n}", f"139{n:08d}", tier, f"k{n}@example.com"] for n in range(start, start + count)]


async def finished(client: httpx.AsyncClient, import_id: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            report = (await client.get(f"/v1/imports/{import_id}")).json()
            if report["state"] in ("done", "failed"):
                return report
            await asyncio.sleep(0.05)


async def bring(house: House, file: bytes, *, kind: str = "customers", source: str = "crm") -> dict[str, Any]:
    async with house.client(Role.ADMIN) as client:
        answer = await client.post("/v1/imports", params={"kind": kind, "source": source}, files={"file": file})
        assert answer.status_code == 202, answer.text
        return await finished(client, answer.json()["import_id"])


def counts(report: dict[str, Any]) -> tuple[int, int, int, int, int]:
    return report["rows"], report["created"], report["updated"], report["unchanged"], report["rejected"]


async def test_thousands_of_rows_in_seconds_and_the_same_file_twice_changes_nothing(house: House) -> None:
    source = f"big-{uuid.uuid4().hex[:6]}"
    file = as_csv([HEADER, *people(5000)])
    started = time.perf_counter()
    assert counts(await bring(house, file, source=source)) == (5000, 5000, 0, 0, 0)
    print(f"5,000 customers imported in {time.perf_counter() - started:.2f} s")
    assert counts(await bring(house, file, source=source)) == (5000, 0, 0, 5000, 0)
    changed = as_csv([HEADER, *people(10, tier="silver"), *people(90, start=10)])
    assert counts(await bring(house, changed, source=source)) == (100, 0, 10, 90, 0)


async def test_rejected_rows_come_back_with_line_and_reason(house: House) -> None:
    rows = [HEADER, ["R1", "好", "13800001111", "gold", ""], ["", "没有编号", "13800001112", "", ""],
            ["R3", "坏号码", "12", "gold", ""], ["R4", "坏等级", "", "two words", "not-an-address"]]  # fmt: skip
    async with house.client(Role.ADMIN) as client:
        report = await bring(house, as_csv(rows, "gb18030"), source="mixed")
        assert counts(report) == (4, 1, 0, 0, 3)
        answer = await client.get(f"/v1/imports/{report['import_id']}/rejected.csv")
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert lines[0] == ["line", "reasons", *HEADER]
    assert [line[0] for line in lines[1:]] == ["3", "4", "5"]
    assert "key" in lines[1][1]
    assert "telephone" in lines[2][1]
    assert "tier" in lines[3][1]
    assert lines[3][2:] == rows[4]


async def test_workbook_with_numbers_and_days_as_cells(house: House, number: str) -> None:
    await bring(house, as_csv([["key", "name", "phone"], ["W1", "孙悦", number]]), source="books")
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    sheet.append(["合同号", "客户编号", "业务线", "产品", "状态", "签约日期", "金额"])
    sheet.append(["D1", "W1", "sales", "阳光花园 3-2-501", "signed", datetime(2026, 5, 1), 1234567.5])
    sheet.append(["D2", "W1", "rental", "人民路 12 号", "signed", "2026年3月8日", "4,500"])
    sheet.append(["D3", "W1", "rental", "人民路 13 号", "signed", "2026-02-30", "4500.001"])
    kept = io.BytesIO()
    workbook.save(kept)
    report = await bring(house, kept.getvalue(), kind="deals", source="books")
    assert counts(report) == (3, 2, 0, 0, 1)
    pop = await house.pop(await house.arrive(number))
    assert [(d["product"], d["signed_on"]) for d in pop["deals"]] == [
        ("阳光花园 3-2-501", "2026-05-01"), ("人民路 12 号", "2026-03-08"),
    ]  # fmt: skip
    assert all(d["amount_cents"] is None and d["hidden_until_verified"] for d in pop["deals"])


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (b"name,phone\nx,1\n", "column missing: key"),
        (b"key,key\nx,1\n", "column twice: key"),
        (b"PK\x03\x04 broken", "not a workbook"),
        (b"\xff\xfe\xff\xff", "neither UTF-8 nor GB 18030"),
    ],
)
async def test_a_file_that_is_no_table_fails_as_a_whole(house: House, file: bytes, why: str) -> None:
    report = await bring(house, file)
    assert report["state"] == "failed"
    assert why in report["failure"]


async def test_resumes_after_a_crash_with_true_counts(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker dies inside its third batch; when its lease runs out the service goes on; no row counts twice."""
    room, rows = house.app.state.room, 220
    settings = house.settings.model_copy(update={"import_batch_rows": 50, "import_lease_seconds": 30.0})
    dying = ImportRunner(room.workers, room.directory, settings)
    source, batches, apply = f"crash-{uuid.uuid4().hex[:6]}", 0, import_runner.apply_customers
    async with worker_transaction(room.workers) as connection:
        import_id = await imports.begin(
            connection, house.tenant, "customers", source, as_csv([HEADER, *people(rows, 900_000)]), "u-1", room.now()
        )
        job = await imports.claim(connection, dying.name, settings.import_lease_seconds)

    async def apply_and_die(*arguments: Any) -> Any:
        nonlocal batches
        batches += 1
        outcomes = await apply(*arguments)
        if batches == 3:
            raise SystemError("killed with the third batch written, not committed")
        return outcomes

    monkeypatch.setattr(import_runner, "apply_customers", apply_and_die)
    assert job is not None
    with pytest.raises(SystemError):
        await dying.work_off(job)
    monkeypatch.undo()
    assert await house.owner.fetchval("SELECT done_rows FROM profile.imports WHERE import_id = $1", import_id) == 100
    await house.owner.execute("UPDATE profile.imports SET lease_until = now() WHERE import_id = $1", import_id)
    async with house.client(Role.ADMIN) as client:
        report = await finished(client, import_id)
    assert counts(report) == (rows, rows, 0, 0, 0)
    kept = await house.owner.fetchval("SELECT count(*) FROM profile.customer_records WHERE source = $1", source)
    assert kept == rows


async def tell(house: House, *records: CustomerRecorded | DealRecorded) -> None:
    envelopes = [Envelope(f"r-{uuid.uuid4().hex}", "/crm", r.revised_at, house.tenant, r.key, r) for r in records]
    await house.producer.publish(CRM_RECORDS, *envelopes, partition=0)


async def test_records_from_kafka_out_of_order_and_twice(house: House, number: str) -> None:
    source, phone = f"erp-{uuid.uuid4().hex[:6]}", (Identity(AddressKind.PHONE, number),)
    newer = CustomerRecorded(source, "c1", 2_000_000, name="周新", tier="gold", identities=phone)
    older = CustomerRecorded(source, "c1", 1_000_000, name="周旧", tier="silver", identities=phone)
    deal = DealRecorded(source, "d1", "c1", "sales", "阳光花园", "signed", 1_500_000, signed_on="2026-01-02")
    await tell(house, deal, newer, older, newer, deal)
    async with asyncio.timeout(20), house.client() as client:
        while not (found := (await client.get("/v1/customers", params={"query": number[-8:]})).json()["items"]):
            await asyncio.sleep(0.05)
    await tell(house, older)
    pop = await house.pop(await house.arrive(number))
    assert len(found) == 1
    assert (pop["customer"]["name"], pop["tier"]["code"]) == ("周新", "gold")
    assert [d["product"] for d in pop["deals"]] == ["阳光花园"]


async def test_one_record_that_cannot_be_kept_does_not_hold_up_its_batch(house: House, number: str) -> None:
    source = f"nul-{uuid.uuid4().hex[:6]}"
    good = [CustomerRecorded(source, f"g{n}", 1, name=f"好{n}") for n in range(20)]
    bad = [
        CustomerRecorded(source, "bad", 1, name="a\x00b"),
        CustomerRecorded(source, "bad2", 1, identities=(Identity(AddressKind.PHONE, "12"),)),
    ]
    await tell(house, *good[:10], *bad, *good[10:])
    kept = 0
    async with asyncio.timeout(20):
        while kept < len(good):
            kept = await house.owner.fetchval("SELECT count(*) FROM profile.customer_records WHERE source = $1", source)
            await asyncio.sleep(0.05)
    assert kept == len(good)
