"""Looks at everything that a visitor is given for what belongs to another firm."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import logging
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

import pypdfium2
from django.http import HttpResponseBase
from PIL import Image

from tests.isolation.canaries import Firm
from tests.isolation.canary_material import Colour

HEX = re.compile(r"(?<![0-9a-f])[0-9a-f]{16,64}(?![0-9a-f])")
AROUND = 60
# A picture is looked at through this many pixels; a photograph in a page is still thousands of them.
_SIDE = 300
_ENOUGH_PIXELS = 40
_TOLERANCE = 14


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something of another firm's that a visitor was given: what, where it was planted, and how it looked."""

    marker: str
    place: str
    address: str
    visitor: str
    excerpt: str

    def __str__(self) -> str:
        return f"{self.visitor} saw {self.marker} ({self.place}) at {self.address}: …{self.excerpt}…"


class Markers:
    """What may not be seen: everything that is unique to ``firms``, or only what their own databases hold."""

    def __init__(self, firms: Iterable[Firm], *, tenant_plane_only: bool = False) -> None:
        self.firms = list(firms)
        self.sessions: dict[str, str] = {}
        ending = r"t\d{4}" if tenant_plane_only else r"(?:[ct]\d{4}|_valuers)?"
        self._stems = [firm.breed.stem.lower() for firm in self.firms]
        self._words = {stem: re.compile(stem + ending) for stem in self._stems}
        self._initials = {
            firm.breed.initials: re.compile(rf"\b{firm.breed.initials}\b")
            for firm in self.firms
            if not tenant_plane_only
        }
        self._places = {word: place for firm in self.firms for word, place in firm.places.items()}
        self._ids = {
            one: place
            for firm in self.firms
            for one, place in firm.ids.items()
            if not (tenant_plane_only and one in firm.control_ids)
        }
        self._colours = [
            (f"the colour of the {what} of {firm.org_id}", colour)
            for firm in self.firms
            for what, colour in firm.breed.colours.items()
        ]
        self._clean: set[bytes] = set()

    def owner_of(self, marker: str) -> Firm:
        """Whose marker it is."""
        for firm in self.firms:
            if marker.startswith(firm.breed.stem.lower()) or marker in (*firm.ids, firm.breed.initials):
                return firm
            if marker.endswith(f" of {firm.org_id}"):
                return firm
        raise LookupError(marker)

    def in_text(self, text: str, said: str = "") -> Iterator[tuple[str, str, str]]:
        """(marker, place, what stands around it); without what the visitor ``said`` in the request."""
        lower, said = text.lower(), said.lower()
        for stem in self._stems:
            if stem in lower:
                for match in self._words[stem].finditer(lower):
                    if match[0] not in said:
                        place = self._places.get(match[0], "the stem of the firm")
                        yield match[0], place, _around(text, match)
        for match in HEX.finditer(lower):
            found = self._ids.get(match[0])
            if found is not None and match[0] not in said:
                yield match[0], found, _around(text, match)
        for initials, pattern in self._initials.items():
            if initials in text and initials.lower() not in said:
                match_ = pattern.search(text)
                if match_:
                    yield initials, "organizations.initials", _around(text, match_)
        for key, owner in self.sessions.items():
            if key in text:
                yield key, f"the session of {owner}", key

    def in_content(self, content: bytes, kind: str, said: str = "") -> Iterator[tuple[str, str, str]]:
        """The same for a body of any kind: its bytes as text, a PDF's text and pages, an image's colours."""
        binary = kind.startswith("image/") or kind == "application/pdf"
        if not binary:
            yield from self.in_text(content.decode("utf-8", "replace"), said)
            return
        digest = hashlib.sha256(content).digest()
        if digest in self._clean:
            return
        found = list(self.in_text(content.decode("latin-1"), said))
        if kind == "application/pdf":
            found += self._in_pdf(content, said)
        elif kind != "image/svg+xml":
            with Image.open(io.BytesIO(content)) as image:
                found += self.in_image(image)
        if not found:
            self._clean.add(digest)
        yield from found

    def in_image(self, image: Image.Image) -> Iterator[tuple[str, str, str]]:
        image.thumbnail((_SIDE, _SIDE), Image.Resampling.NEAREST)
        small = image.convert("RGB")
        shown = small.getcolors(_SIDE * _SIDE) or []
        for what, colour in self._colours:
            count = sum(number for number, seen in shown if number > 2 and _near(seen, colour))
            if count >= _ENOUGH_PIXELS:
                yield what, "pixels", f"{count} of {small.width * small.height} pixels are {colour}"

    def _in_pdf(self, content: bytes, said: str) -> Iterator[tuple[str, str, str]]:
        with pypdfium2.PdfDocument(content) as document:
            for page in document:
                text = page.get_textpage().get_text_range()
                yield from self.in_text(text, said)
                # A word that is broken at the end of a line.
                yield from self.in_text(re.sub(r"[\s\u00ad\ufffe-]+", "", text), said)
                yield from self.in_image(page.render(scale=0.4).to_pil())


def _near(seen: Any, colour: Colour) -> bool:
    return all(abs(one - other) <= _TOLERANCE for one, other in zip(seen, colour, strict=True))


def _around(text: str, match: re.Match[str]) -> str:
    start, end = max(0, match.start() - AROUND), match.end() + AROUND
    return " ".join(text[start:end].split())


# The diary -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Visit:
    """One request: who asked, for what, with what typed; and what came of it."""

    visitor: str
    method: str
    address: str
    said: str
    view: str = ""
    status: int = 0

    def __str__(self) -> str:
        return (
            f"{self.method} {self.address} ({self.status})"
            if self.status
            else f"{self.method} {self.address}"
        )


@dataclass(slots=True)
class Diary:
    """All that was asked, and all that was seen of it."""

    visits: list[Visit] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    in_logs: list[Sighting] = field(default_factory=list)
    # By visitor: the own markers that were shown, so that an empty page is no proof.
    own: dict[str, set[str]] = field(default_factory=dict)
    log_lines: Counter[str] = field(default_factory=Counter)


class LogWatch(logging.Handler):
    """Reads every record that is logged while somebody's request is answered."""

    def __init__(self, diary: Diary) -> None:
        super().__init__(logging.DEBUG)
        self.diary = diary
        self.visit: Visit | None = None
        self.markers: Markers | None = None
        self._formatter = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        if self.visit is None or self.markers is None:
            return
        self.diary.log_lines[record.name] += 1
        text = self._formatter.format(record)
        for marker, place, excerpt in self.markers.in_text(text, self.visit.said):
            where = f"a line of the log {record.name!r} during {self.visit}"
            self.diary.in_logs.append(Sighting(marker, place, where, self.visit.visitor, excerpt))


def look_at(response: HttpResponseBase, body: bytes, markers: Markers, visit: Visit) -> Iterator[Sighting]:
    """Body, headers and cookies of an answer."""
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    headers = "\n".join(f"{name}: {unquote_plus(value)}" for name, value in response.headers.items())
    cookies = "\n".join(
        text for one in response.cookies.values() for text in cookie_texts(one.OutputString())
    )
    for part, found in (
        ("the body", markers.in_content(body, kind, visit.said)),
        ("the headers", markers.in_text(headers, visit.said)),
        ("the cookies", markers.in_text(cookies, visit.said)),
    ):
        for marker, place, excerpt in found:
            yield Sighting(marker, place, f"{visit}, {part}", visit.visitor, excerpt)


def cookie_texts(cookie: str) -> Iterator[str]:
    """A cookie as it is sent, and what its signed values hold when they are unpacked."""
    yield cookie
    for value in re.findall(r"[A-Za-z0-9_.-]{8,}", cookie):
        packed = value.lstrip(".")
        try:
            unpacked = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
            yield (zlib.decompress(unpacked) if value.startswith(".") else unpacked).decode()
        except (binascii.Error, zlib.error, UnicodeDecodeError):
            continue


def words_shown(text: str, firm: Firm) -> set[str]:
    """The firm's own markers in a text."""
    return set(re.findall(firm.breed.stem.lower() + r"[ct]\d{4}", text.lower()))


def as_said(address: str, data: Any, headers: Any) -> str:
    """What the visitor sent, as text: it may be shown back to them."""
    return unquote_plus(address) + json.dumps([data, headers], default=str)
