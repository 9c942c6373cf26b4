"""Photographs as they are kept, and files as they are handed out."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.http import parse_etags, quote_etag

from tenants.images import CleanImage, FileRefused, clean_images

__all__ = ["FileRefused", "Photograph", "clean_photograph", "file_response", "is_unchanged", "safe_name"]

# Pixels of the longer side. 2,000 prints at more than 300 dots an inch in half a page's width.
PHOTOGRAPH_SIDE = 2000
THUMBNAIL_SIDE = 480
MAX_NAME = 100
# What a browser may keep, privately, without asking again. Stored bytes never change under their id.
CACHE_SECONDS = 60 * 60 * 24 * 7


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph ready to be stored: a safe name, the image and its thumbnail, both JPEG."""

    name: str
    image: CleanImage
    thumbnail: CleanImage


def clean_photograph(name: str, content: bytes) -> Photograph:
    """Check and encode anew what a person sent. About 0.1 s for 12 million pixels. Raises FileRefused."""
    shown = safe_name(name)
    image, thumbnail = clean_images(shown, content, longest_sides=(PHOTOGRAPH_SIDE, THUMBNAIL_SIDE))
    stem = shown.rpartition(".")[0] or shown
    return Photograph(stem[: MAX_NAME - len(image.ending)] + image.ending, image, thumbnail)


def safe_name(name: str) -> str:
    """A file's name without folders, control characters and signs that a header or a shell would misread."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    visible = "".join(c for c in last if c.isprintable() and unicodedata.category(c) != "Cf")
    plain = re.sub(r"\s+", " ", re.sub(r"[\"'<>|:*?;%$`]", "_", visible)).strip(" .")
    if len(plain) > MAX_NAME:
        stem, dot, ending = plain.rpartition(".")
        kept = dot + ending if stem and len(ending) < 8 else ""
        plain = plain[: MAX_NAME - len(kept)] + kept
    return plain or "file"


def is_unchanged(request: HttpRequest, etag: str) -> bool:
    """Whether the browser already has the bytes that ``etag`` (without quotes) stands for."""
    known = {tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))}
    return quote_etag(etag) in known or "*" in known


def file_response(
    content: bytes, *, content_type: str, name: str, etag: str, download: bool = False
) -> HttpResponse:
    """The file for its firm's people only: kept by their browser, by nothing between, and never sniffed."""
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = content_disposition(name, download=download)
    return with_file_headers(response, etag)


def unchanged_response(etag: str) -> HttpResponse:
    """304: the browser's copy is the file."""
    return with_file_headers(HttpResponse(status=304), etag)


def with_file_headers(response: HttpResponse, etag: str) -> HttpResponse:
    """The headers that a file and its 304 share."""
    response["ETag"] = quote_etag(etag)
    response["X-Content-Type-Options"] = "nosniff"
    patch_cache_control(response, private=True, max_age=CACHE_SECONDS)
    return response


def content_disposition(name: str, *, download: bool) -> str:
    """The header by RFC 6266: an ASCII name for old programs, the whole name in UTF-8 beside it."""
    safe = safe_name(name.replace("/", "-"))
    ascii_name = unicodedata.normalize("NFKD", safe).encode("ascii", "ignore").decode().strip(" .") or "file"
    kind = "attachment" if download else "inline"
    return f"{kind}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(safe, safe='')}"
