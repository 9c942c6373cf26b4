"""Pictures of the pages of a PDF that exists: what is looked at is the very document that was issued."""

from __future__ import annotations

from io import BytesIO
from threading import Lock

import pypdfium2


class UnreadableDocument(Exception):
    """The stored bytes are no PDF that can be read."""


# PDFium may be used by one thread of a process at a time.
_one_at_a_time = Lock()


def pictures_of(pdf: bytes, width_px: int) -> list[bytes]:
    """Every page as a PNG of the given width, in order. Raises UnreadableDocument."""
    with _one_at_a_time:
        try:
            document = pypdfium2.PdfDocument(pdf)
        except pypdfium2.PdfiumError as error:
            raise UnreadableDocument(f"The stored document cannot be read as a PDF ({error}).") from error
        try:
            return [_picture(page, width_px) for page in document]
        finally:
            document.close()


def _picture(page: pypdfium2.PdfPage, width_px: int) -> bytes:
    bitmap = page.render(scale=width_px / page.get_width())
    output = BytesIO()
    bitmap.to_pil().convert("RGB").save(output, "PNG")
    bitmap.close()
    page.close()
    return output.getvalue()
