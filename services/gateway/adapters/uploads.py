"""What may be sent into a conversation: the kind is read from a file's first bytes; a name or a header is only a claim.

Nothing a browser would run is among the kinds (no HTML, no SVG); what is not shown as a picture is always a download.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from typing import Final

KINDS: Final[Mapping[str, str]] = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""File ending → media type."""

PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
NAME_CHARACTERS: Final = 120
_OFFICE_MEMBERS: Final = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx"}
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
_MARKUP = re.compile(rb"<\s*(!doctype|html|script|svg|\?xml|body|iframe)", re.IGNORECASE)


def kind_of(body: bytes) -> str | None:
    """A key of `KINDS`, or None for what is not taken."""
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if body.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if body.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "webp"
    if body.startswith(b"%PDF-"):
        return "pdf"
    if body.startswith(b"PK\x03\x04"):
        return _office(body)
    return "txt" if _is_text(body) else None


def _office(body: bytes) -> str | None:
    """An Office document without macros; only its list of members is read."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            members = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return None
    if "[Content_Types].xml" not in members or any(member.lower().endswith("vbaproject.bin") for member in members):
        return None
    return next((kind for member, kind in _OFFICE_MEMBERS.items() if member in members), None)


def _is_text(body: bytes) -> bool:
    """UTF-8 without control characters, and nothing that begins like markup a browser might take it for."""
    if not body or b"\x00" in body or _MARKUP.search(body[:1024]):
        return False
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not any(ord(character) < 32 and character not in "\t\r\n\f" for character in text[:100_000])


def shown_name(claimed: str, kind: str) -> str:
    """The name a file is shown and saved by: the last part of what was claimed, printable, ending as its kind does."""
    last = _CONTROLS.sub("", claimed.replace("\\", "/").rsplit("/", 1)[-1]).strip().strip(".")
    stem, dot, ending = last.rpartition(".")
    if (dot and ending.lower() == kind) or (kind == "jpg" and ending.lower() == "jpeg"):
        last = stem
    last = re.sub(r'[<>:"|?*]', "_", last)[:NAME_CHARACTERS].strip() or "file"
    return f"{last}.{kind}"
