"""An uploaded file, kept between the page that compares it and the one that confirms.

It is kept for half an hour in the cache that all workers share, by who uploaded it and by its own SHA-256; a
signed ticket says which file, what it was compared with, and what was chosen. Nobody else's ticket opens it.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from dataclasses import asdict, dataclass
from typing import Any

from django.core import signing
from django.core.cache import cache

from banks.exchange.tables import MOST_BYTES
from tenants.errors import TenancyError
from tenants.models import User

SECONDS = 30 * 60
_SALT = "banks.exchange"
_LONGEST_NAME = 120


class NotKept(TenancyError):
    """The file is not kept any more, or the ticket is not one that was given to this person."""

    def __init__(self) -> None:
        super().__init__("The uploaded file was kept for half an hour and is gone. Upload it again.")


@dataclass(frozen=True, slots=True)
class Ticket:
    """``place`` is the bank's id, or what the file is for; ``version`` that of what it was compared with."""

    place: str
    name: str
    digest: str
    version: str
    deactivate_missing: bool

    def signed(self, by: User) -> str:
        return signing.dumps({**asdict(self), "by": str(by.pk)}, salt=_SALT)


def keep(content: bytes, *, by: User) -> str:
    """Keep the file; its SHA-256. One command."""
    digest = hashlib.sha256(content).hexdigest()
    packed = base64.b64encode(zlib.compress(content, 1)).decode()
    cache.set(_key(by, digest), packed, SECONDS)
    return digest


def opened(signed: str, place: str, *, by: User) -> tuple[Ticket, bytes]:
    """The ticket and its file. Raises NotKept. One command."""
    try:
        said: dict[str, Any] = signing.loads(signed, salt=_SALT, max_age=SECONDS)
    except signing.BadSignature:
        raise NotKept from None
    if said.pop("by", "") != str(by.pk) or said.get("place") != place:
        raise NotKept
    ticket = Ticket(**said)
    packed = cache.get(_key(by, ticket.digest))
    if packed is None:
        raise NotKept
    content = zlib.decompressobj().decompress(base64.b64decode(packed), MOST_BYTES + 1)
    if hashlib.sha256(content).hexdigest() != ticket.digest:
        raise NotKept
    return ticket, content


def forget(digest: str, *, by: User) -> None:
    """The file is not needed any more. One command."""
    cache.delete(_key(by, digest))


def file_name(name: str | None) -> str:
    """The name that a browser sent, short enough to be told."""
    return (name or "upload")[-_LONGEST_NAME:]


def _key(by: User, digest: str) -> str:
    return f"banks.exchange:{by.pk}:{digest}"
