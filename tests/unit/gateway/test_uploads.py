"""What may be sent: by its bytes, whatever it is called; and under which name it is shown."""

from __future__ import annotations

import io
import zipfile

import pytest

from services.gateway.adapters.uploads import KINDS, kind_of, shown_name


def office(*members: str) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for member in members:
            archive.writestr(member, "x")
    return body.getvalue()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n....", "png"),
        (b"\xff\xd8\xff\xe0....", "jpg"),
        (b"GIF89a....", "gif"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "webp"),
        (b"%PDF-1.7\n", "pdf"),
        ("明天上午十点\n".encode(), "txt"),
        (b"\xef\xbb\xbfwith a mark", "txt"),
        (office("[Content_Types].xml", "word/document.xml"), "docx"),
        (office("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
    ],
)
def test_kinds_that_are_taken(body: bytes, kind: str) -> None:
    assert kind_of(body) == kind
    assert kind in KINDS


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"MZ\x90\x00",
        b"\x7fELF\x02\x01",
        b"<html><body>",
        b"  <!DOCTYPE html>",
        b"<svg onload=alert(1)>",
        b"text then <script>alert(1)</script>",
        b"a\x00b",
        b"\xff\xfe\x00\x00",
        b"beep \x07",
        b"RIFF\x10\x00\x00\x00WAVEfmt ",
        b"PK\x03\x04 not an archive",
        office("anything.txt"),
        office("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
    ],
)
def test_everything_else_is_not(body: bytes) -> None:
    assert kind_of(body) is None


@pytest.mark.parametrize(
    ("claimed", "kind", "shown"),
    [
        ("tap.jpg", "jpg", "tap.jpg"),
        ("tap.jpeg", "jpg", "tap.jpg"),
        ("tap.html", "png", "tap.html.png"),
        ("../../etc/passwd", "txt", "passwd.txt"),
        ("C:\\fotos\\bad.png", "png", "bad.png"),
        ("", "pdf", "file.pdf"),
        ("....", "pdf", "file.pdf"),
        ("a\u202egnp.exe", "png", "agnp.exe.png"),
        ('x"<y>|?*.pdf', "pdf", "x__y____.pdf"),
        ("水龙头.png", "png", "水龙头.png"),
    ],
)
def test_names_are_made_harmless(claimed: str, kind: str, shown: str) -> None:
    assert shown_name(claimed, kind) == shown


def test_a_name_is_never_long() -> None:
    assert len(shown_name("长" * 1000, "png")) <= 124
