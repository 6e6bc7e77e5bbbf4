"""How stored files leave: with the type that was read from their bytes, never run by a browser, pictures shown, all else saved."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from fastapi.responses import Response

from services.gateway.adapters.uploads import PICTURES
from services.gateway.store import StoredFile

QUIET: Mapping[str, str] = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, max-age=86400, immutable",
}
_ENDINGS = {"application/pdf": "pdf", "image/tiff": "tiff"}


def download(file: StoredFile, file_id: str) -> Response:
    """The file under the name its sender gave it (made harmless when it was taken)."""
    manner = "inline" if file.media_type in PICTURES else "attachment"
    name = file.name or f"{file_id}.{_ENDINGS.get(file.media_type, 'bin')}"
    headers = {**QUIET, "Content-Disposition": f"{manner}; filename*=UTF-8''{quote(name)}"}
    return Response(file.body, media_type=file.media_type, headers=headers)
