"""What stands in a masked copy in the place of photographs and documents: small, and nobody's."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw

_SIZE = (640, 480)
_FORMATS = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG", "webp": "WEBP"}


@dataclass(frozen=True, slots=True)
class Placeholder:
    """The bytes, and what a file's record says of them; no width and height where it is no image."""

    content: bytes
    width: int | None = None
    height: int | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@cache
def placeholder_for(ending: str) -> Placeholder:
    """By the ending of a file's name, without its dot: an image, a page, or a line of text."""
    image_format = _FORMATS.get(ending.lower())
    if image_format is not None:
        return _image(image_format)
    if ending.lower() == "pdf":
        return Placeholder(_page("This document was left out of the copy."))
    return Placeholder(b"This file was left out of the copy.\n")


def placeholder_of(name: str) -> Placeholder:
    """The placeholder for a file of this name."""
    return placeholder_for(name.rpartition(".")[2])


def _image(image_format: str) -> Placeholder:
    image = Image.new("RGB", _SIZE, (226, 229, 233))
    draw = ImageDraw.Draw(image)
    width, height = _SIZE
    draw.rectangle((8, 8, width - 9, height - 9), outline=(150, 158, 168), width=3)
    draw.line((8, height - 9, width - 9, 8), fill=(200, 205, 211), width=3)
    draw.text((width // 2, height // 2), "Left out of the copy", fill=(90, 98, 108), anchor="mm")
    buffer = io.BytesIO()
    image.save(buffer, image_format, quality=80)
    return Placeholder(buffer.getvalue(), width, height)


def _page(text: str) -> bytes:
    """A PDF 1.4 of one A4 page with one line of text (ASCII, without brackets)."""
    drawing = f"BT /F1 14 Tf 72 760 Td ({text}) Tj ET".encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R "
        b"/Resources << /Font << /F1 4 0 R >> >> >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(drawing), drawing),
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
