"""A document's pages as images, rendered in a process of its own: a document is a stranger's program for a large library
in C, so it gets a time, a memory and a page limit, and takes nothing down with it when it breaks.

Run as a module this is that process: document on standard input, a JSON line with the sizes of the pages (or what is
wrong) and then the pages on standard output.
"""

from __future__ import annotations

import io
import json
import resource
import struct
import sys
from collections.abc import Iterator, Sequence

import pypdfium2
from PIL import Image

from services.gateway.domain.documents import PDF
from shared.child_process import ChildFailed, run_module

PAGE_WIDTH = 1240  # px: A4 at 150 dpi, which shows standard fax lines
PAGE_HEIGHT_LIMIT = 5000  # px
PIXELS_LIMIT = 80_000_000  # of one page as it is stored
SECONDS_LIMIT = 30
MEMORY_LIMIT = 2 * 1024**3
_FAULTS = (OSError, ValueError, EOFError, SyntaxError, TypeError, KeyError, IndexError, struct.error, MemoryError,
           Image.DecompressionBombError, pypdfium2.PdfiumError)  # fmt: skip


class UnreadableDocument(Exception):
    """The document cannot be shown; the text says why, for people."""


async def render(body: bytes, media_type: str, pages_limit: int) -> Sequence[bytes]:
    """One PNG a page. Raises UnreadableDocument."""
    try:
        out = await run_module(
            "services.gateway.adapters.pages", media_type, str(pages_limit), given=body, seconds=SECONDS_LIMIT
        )
    except ChildFailed as error:
        raise UnreadableDocument(f"rendering: {error}") from error
    head, _, rest = out.partition(b"\n")
    answer = json.loads(head)
    if "fault" in answer:
        raise UnreadableDocument(answer["fault"])
    pages: list[bytes] = []
    for size in answer["sizes"]:
        pages.append(rest[:size])
        rest = rest[size:]
    return pages


def pages_of(body: bytes, media_type: str, pages_limit: int) -> Iterator[Image.Image]:
    """The pages as upright pictures with square pixels. Raises UnreadableDocument."""
    done = 0
    try:
        for image in (_pdf if media_type == PDF else _tiff)(body, pages_limit):
            yield image
            done += 1
    except _FAULTS as error:
        raise UnreadableDocument(f"page {done + 1} cannot be read") from error
    if done == 0:
        raise UnreadableDocument("it has no pages")


def _tiff(body: bytes, pages_limit: int) -> Iterator[Image.Image]:
    """Fax lines are often twice as high as dots are wide (204 × 98 dpi): the picture is stretched to what was on paper."""
    with Image.open(io.BytesIO(body), formats=["TIFF"]) as document:
        if _has_frame(document, pages_limit):
            raise UnreadableDocument(f"more than {pages_limit} pages")
        frame = 0
        while _has_frame(document, frame):
            frame += 1
            if document.width * document.height > PIXELS_LIMIT:
                raise UnreadableDocument(f"page {frame} is larger than {PIXELS_LIMIT // 1_000_000} megapixels")
            across, down = (float(dots) for dots in document.info.get("dpi", (1, 1)))
            stretch = across / down if across > 0 and down > 0 else 1.0
            picture = document.convert("L" if document.mode in ("1", "L", "P", "I;16") else "RGB")
            scale = min(PAGE_WIDTH / picture.width, PAGE_HEIGHT_LIMIT / (picture.height * stretch), 1.0)
            size = (max(1, round(picture.width * scale)), max(1, round(picture.height * stretch * scale)))
            yield picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _has_frame(document: Image.Image, frame: int) -> bool:
    try:
        document.seek(frame)
    except EOFError:
        return False
    return True


def _pdf(body: bytes, pages_limit: int) -> Iterator[Image.Image]:
    document = pypdfium2.PdfDocument(body)
    try:
        if len(document) > pages_limit:
            raise UnreadableDocument(f"more than {pages_limit} pages")
        for page in document:
            width, height = page.get_size()
            if width <= 0 or height <= 0:
                raise ValueError("empty page")
            picture = page.render(scale=min(PAGE_WIDTH / width, PAGE_HEIGHT_LIMIT / height)).to_pil()
            page.close()
            yield picture
    finally:
        document.close()


def _main(media_type: str, pages_limit: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_LIMIT, SECONDS_LIMIT))
    pngs: list[bytes] = []
    try:
        for picture in pages_of(sys.stdin.buffer.read(), media_type, int(pages_limit)):
            encoded = io.BytesIO()
            picture.save(encoded, "PNG")
            pngs.append(encoded.getvalue())
        head = json.dumps({"sizes": [len(png) for png in pngs]})
    except UnreadableDocument as error:
        head, pngs = json.dumps({"fault": str(error)}), []
    sys.stdout.buffer.write(head.encode() + b"\n" + b"".join(pngs))


if __name__ == "__main__":
    _main(*sys.argv[1:])
