"""What kind of document was deposited, by its own first bytes; a name or a header is only a claim."""

from __future__ import annotations

PDF = "application/pdf"
TIFF = "image/tiff"
_PDF_HEADER_WITHIN = 1024  # bytes; readers accept rubbish before the header (ISO 32000-1, annex H)


def media_type_of(body: bytes) -> str | None:
    """`application/pdf` or `image/tiff`; None for everything else."""
    if body[:4] in (b"II*\x00", b"MM\x00*"):
        return TIFF
    return PDF if b"%PDF-" in body[:_PDF_HEADER_WITHIN] else None
