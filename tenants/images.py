"""What is allowed to call itself an image, and the clean copy that is kept of it.

A file that a person sends is never stored as it came: it is checked from the cheap to the costly (size,
kind, pixels by its header, whole reading) and encoded anew, which drops every metadata, position included.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

import puremagic
from django.conf import settings
from PIL import Image, UnidentifiedImageError

# The kinds that are read, by the name that the image library has for each.
_KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png"}
_QUALITY = 85
_UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, UnidentifiedImageError, struct.error)
# What the library stumbles over in a camera's notes (Exif) that are not as they should be.
_SENSELESS_NOTES = (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, struct.error)
# How the camera was held, by the tag of its notes, and what puts the picture upright.
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TOO_MANY = (Image.DecompressionBombError, Image.DecompressionBombWarning)
# A few kilobytes may hold as many pixels as are allowed, which take hundreds of megabytes when decoded.
_one_at_a_time = Lock()


class FileRefused(Exception):
    """A file that is not kept: its name and, in a sentence for the person who sent it, why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


@dataclass(frozen=True, slots=True)
class CleanImage:
    """An image encoded anew: ``content`` of type ``content_type``, ``width`` × ``height`` pixels."""

    content: bytes
    content_type: str
    width: int
    height: int

    @property
    def ending(self) -> str:
        """The end of a file name: ``".jpg"`` or ``".png"``."""
        return _ENDINGS[self.content_type]


def clean_images(
    name: str, content: bytes, *, longest_sides: tuple[int, ...], keep_transparency: bool = False
) -> tuple[CleanImage, ...]:
    """One clean copy of the image for each of ``longest_sides`` (pixels, largest first), upright.

    JPEG, or PNG when ``keep_transparency`` is asked for. An image is made smaller, never larger. Raises
    FileRefused when the file is empty, larger than ``MAX_UPLOAD_BYTES``, no JPEG, PNG or WebP image, damaged,
    or of more than ``MAX_IMAGE_PIXELS`` pixels; the pixels are counted before any is decoded.
    """
    _check_size(name, len(content))
    _check_kind(name, content)
    with _one_at_a_time, _refusals(name):
        with Image.open(io.BytesIO(content), formats=tuple(_KINDS)) as header:
            _check_pixels(name, header.size)
            header.verify()
        with Image.open(io.BytesIO(content), formats=tuple(_KINDS)) as opened:
            # A JPEG decodes straight to about the size that is needed; other kinds ignore this.
            opened.draft("RGB", (longest_sides[0], longest_sides[0]))
            upright = _upright(opened)
            flat = _with_alpha(upright) if keep_transparency else _on_white(upright)
        return tuple(_encoded(flat, side, keep_transparency) for side in longest_sides)


def _check_size(name: str, size: int) -> None:
    if size == 0:
        raise FileRefused(name, "the file is empty.")
    if size > settings.MAX_UPLOAD_BYTES:
        most = _megabytes(settings.MAX_UPLOAD_BYTES)
        raise FileRefused(name, f"the file has {_megabytes(size)}; at most {most} are accepted.")


def _check_kind(name: str, content: bytes) -> None:
    try:
        kind = puremagic.from_string(content, mime=True)
    except (puremagic.PureError, ValueError):
        kind = ""
    if kind in ("image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence"):
        raise FileRefused(
            name, "HEIC photographs cannot be read; set the camera to “Most compatible”, or save it as JPEG."
        )
    if kind not in _KINDS.values():
        raise FileRefused(name, "this is no JPEG, PNG or WebP image; others are not accepted.")


def _check_pixels(name: str, size: tuple[int, int]) -> None:
    pixels = size[0] * size[1]
    if pixels > settings.MAX_IMAGE_PIXELS:
        raise FileRefused(name, _pixels_reason(f"the image has {pixels / 1e6:,.0f} million pixels"))


def _pixels_reason(found: str) -> str:
    return f"{found}; at most {settings.MAX_IMAGE_PIXELS / 1e6:,.0f} million are accepted."


@contextmanager
def _refusals(name: str) -> Iterator[None]:
    """Whatever the image library finds wrong becomes a refusal that names the file."""
    try:
        yield
    except _TOO_MANY as error:
        raise FileRefused(name, _pixels_reason("the image has too many pixels")) from error
    except _UNREADABLE as error:
        raise FileRefused(name, "the image is damaged and cannot be read to its end.") from error


def _upright(image: Image.Image) -> Image.Image:
    """The image turned as its notes say; notes that make no sense say nothing.

    ``ImageOps.exif_transpose`` would also write the other notes anew, and fails on many that cameras make.
    """
    try:
        held = image.getexif().get(_ORIENTATION)
    except _SENSELESS_NOTES:
        return image
    turn = _TURNS.get(held) if isinstance(held, int) else None
    return image if turn is None else image.transpose(turn)


def _on_white(image: Image.Image) -> Image.Image:
    """The image in plain colours; what was transparent is white, as on paper."""
    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    with_alpha = image.convert("RGBA")
    paper = Image.new("RGB", with_alpha.size, "white")
    paper.paste(with_alpha, mask=with_alpha.getchannel("A"))
    return paper


def _with_alpha(image: Image.Image) -> Image.Image:
    transparent = "A" in image.getbands() or "transparency" in image.info
    return image.convert("RGBA" if transparent else "RGB")


def _encoded(image: Image.Image, longest_side: int, as_png: bool) -> CleanImage:
    copy = image.copy()
    copy.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    # Metadata travels in ``info``; the encoders would write some of it again.
    copy.info.clear()
    written = io.BytesIO()
    if as_png:
        copy.save(written, "PNG", optimize=True)
        return CleanImage(written.getvalue(), "image/png", *copy.size)
    copy.save(written, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return CleanImage(written.getvalue(), "image/jpeg", *copy.size)


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:,.1f} MB".replace(".0 ", " ")
