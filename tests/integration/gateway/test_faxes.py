"""A fax becomes a contact whose pages can be looked at; what is no document is refused in words."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fpdf import FPDF
from PIL import Image, ImageDraw

from shared.security import Role
from tests.integration.gateway.conftest import GatewayClient, House, token


def group4_tiff(pages: int) -> bytes:
    """A fax as machines send it: Group 4, 1728 dots a line, 204 × 98 dpi."""
    frames = []
    for number in range(1, pages + 1):
        frame = Image.new("1", (1728, 1100), 1)
        ImageDraw.Draw(frame).text((200, 200), f"page {number}", fill=0)
        frames.append(frame)
    file = io.BytesIO()
    frames[0].save(file, "TIFF", compression="group4", dpi=(204, 98), save_all=True, append_images=frames[1:])
    return file.getvalue()


def pdf(pages: int) -> bytes:
    document = FPDF()
    document.set_font("Helvetica")
    for number in range(1, pages + 1):
        document.add_page()
        document.cell(text=f"page {number}")
    return bytes(document.output())


async def deposit(gateway: GatewayClient, body: bytes, **form: str) -> httpx.Response:
    fields = {"business_line": "rental", "from": "021 5555 1234", "to": "+862160001000", **form}
    return await gateway.http.post("/v1/faxes", data=fields, files={"file": ("fax", body)}, headers=gateway.key)


async def test_three_pages_are_viewable(house: House, open_topic: Callable[[str], Any]) -> None:
    events, messages = await open_topic("contact-events"), await open_topic("conversation-messages")
    gateway = await house.gateway()
    original = group4_tiff(3)
    answer = await deposit(gateway, original, subject="fax-77")
    assert answer.status_code == 202, answer.text
    contact_id, file_id, pages = (answer.json()[name] for name in ("contact_id", "file_id", "pages"))
    assert pages == 3
    arrived = await events.until(lambda e: e.subject == contact_id)
    assert (arrived.data.channel, arrived.data.address, arrived.data.entry) == ("fax", "+862155551234", "+862160001000")
    message = await messages.until(lambda e: e.subject == contact_id)
    assert [(a.file_id, a.pages, a.size) for a in message.data.attachments] == [(file_id, 3, len(original))]
    agent = token(Role.AGENT)
    for number in (1, 2, 3):
        page = await house.http.get(f"/v1/files/{file_id}/pages/{number}.png", headers=agent)
        picture = Image.open(io.BytesIO(page.content))
        assert (page.headers["content-type"], picture.width) == ("image/png", 1240)
        assert abs(picture.height - 1100 * 204 / 98 * 1240 / 1728) <= 1  # as on paper, not as sent
        assert min(picture.convert("L").tobytes()) < 128  # something is written on it
    assert (await house.http.get(f"/v1/files/{file_id}/pages/4.png", headers=agent)).status_code == 404
    assert (await house.http.get(f"/v1/files/{file_id}", headers=agent)).content == original
    form = {"business_line": "rental", "subject": "fax-77"}
    request = httpx.Request("POST", "http://fax/v1/faxes", data=form, files={"file": ("fax", original)})
    signed = {**gateway.signed(request.read()), "Content-Type": request.headers["content-type"]}
    again = await gateway.http.post("/v1/faxes", content=request.content, headers=signed)
    assert again.json() == answer.json()
    assert len(await house.rows("SELECT 1 FROM gateway.files WHERE contact_id = $1", contact_id)) == 1


async def test_pdf_is_viewable_and_closed_to_others(house: House) -> None:
    gateway = await house.gateway()
    answer = (await deposit(gateway, pdf(2))).json()
    path = f"/v1/files/{answer['file_id']}/pages/2.png"
    assert answer["pages"] == 2
    for headers, status in (
        ({}, 401), (token(Role.ANALYST), 403), (token(Role.AGENT, tenant="rival"), 404), (token(Role.AGENT), 200),
        (token(Role.SERVICE, tenant="*"), 200),
    ):  # fmt: skip
        assert (await house.http.get(path, headers=headers)).status_code == status


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "document_kind"),
        (b"PK\x03\x04 a spreadsheet", "document_kind"),
        (b"II*\x00" + b"\xff" * 200, "document_unreadable"),
        (b"%PDF-1.7\nnothing more", "document_unreadable"),
        (group4_tiff(1)[:-400], "document_unreadable"),
        (group4_tiff(101), "document_unreadable"),
    ],
)
async def test_broken_documents_are_refused(house: House, body: bytes, code: str) -> None:
    answer = await deposit(await house.gateway(), body)
    assert answer.status_code == 422
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [("file", code)]


async def test_wrong_forms_are_refused(house: House) -> None:
    gateway = await house.gateway()
    wrong_line = await deposit(gateway, group4_tiff(1), business_line="no such thing!")
    assert (wrong_line.status_code, wrong_line.json()["errors"][0]["field"]) == (422, "business_line")
    no_file = await gateway.http.post("/v1/faxes", files={"other": b"x"}, headers=gateway.key)
    assert (no_file.status_code, no_file.json()["errors"][0]["field"]) == (422, "file")
    assert (await gateway.http.post("/v1/faxes", json={}, headers=gateway.key)).status_code == 415
    huge = await deposit(gateway, b"II*\x00" + bytes(21 * 1024 * 1024))
    assert huge.status_code == 413
    assert (await gateway.http.post("/v1/faxes", files={"file": group4_tiff(1)})).status_code == 401
