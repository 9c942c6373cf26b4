"""An old document as text that never changes, its hash, and the form in which ours keep it. Pure.

The text is MongoDB's canonical Extended JSON with sorted keys and no spaces, ASCII only: every BSON type has
a form of its own in it, and a document read from a JSON export says the same as the one in the database
it came from. Ours keep it in ``legacy["document"]``, deflated, in base64: a report's 50 KB are then about 6.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any

from bson import ObjectId, json_util
from bson.errors import BSONError

_OPTIONS = json_util.CANONICAL_JSON_OPTIONS
# Reads what ``canonical`` wrote; times come back as they are in MongoDB, in UTC.
_READING = json_util.JSONOptions(tz_aware=True)
# Keys whose values open something. They are replaced before anything is kept, hashed or told.
_SECRET = re.compile(
    r"(?i)^_*(password|passwd|pwd|pass_?hash|.*password.*|.*secret(?!ar).*|otp.*|salt|"
    r"(access|refresh|id|reset|session|auth|api|bearer|csrf|verification)_?token.*|token|api_?key|private_?key)$"
)
NOT_KEPT = "(not kept)"
# Deeper than anybody's form, and well before Python gives up.
DEEPEST = 100


class NotReadable(ValueError):
    """A document that cannot be put into text; the message says why."""


def canonical(document: Any, *, sort: bool = True) -> str:
    """The text of a document; with ``sort=False`` its keys stand as they were read, for reading alone.

    Raises NotReadable for what no text can hold (too deep, no BSON type).
    """
    try:
        return json.dumps(json_util._json_convert(document, _OPTIONS), sort_keys=sort, separators=(",", ":"))
    except RecursionError:
        raise NotReadable("It is nested too deeply to be read.") from None
    except (TypeError, ValueError, OverflowError, BSONError) as error:
        raise NotReadable(f"It holds something that has no form as text: {error}") from None


def from_text(text: str, *, notes: list[str] | None = None) -> Any:
    """The document that a text of Extended JSON (canonical, relaxed or plain) says.

    What only looks like Extended JSON stays what it is. Of two values under one key both are kept, the first
    as ``key#1``; ``notes`` gets a sentence of each. Raises NotReadable.
    """

    def pairs(found: list[tuple[str, Any]]) -> Any:
        made: dict[str, Any] = {}
        for key, value in found:
            if key in made:
                number = sum(1 for known in made if known.startswith(f"{key}#")) + 1
                made[f"{key}#{number}"] = made[key]
                if notes is not None:
                    notes.append(
                        f"The key “{key}” stands there more than once; the others are kept as {key}#1."
                    )
            made[key] = value
        if not any(key.startswith("$") for key in made):
            return made
        try:
            return json_util.object_hook(made, _READING)
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, BSONError):
            return made

    try:
        return json.loads(text, object_pairs_hook=pairs)
    except RecursionError:
        raise NotReadable("It is nested too deeply to be read.") from None
    except ValueError as error:
        raise NotReadable(f"It is not JSON: {error}") from None


def depth_of(value: Any, limit: int = DEEPEST) -> int:
    """How deeply a document is nested, counted to ``limit`` at most. Never recurses."""
    level, deepest = [value], 0
    while level and deepest < limit:
        level = [
            part
            for one in level
            if isinstance(one, Mapping | list | tuple)
            for part in (one.values() if isinstance(one, Mapping) else one)
        ]
        deepest += 1
    return deepest


def without_secrets(document: Any, path: str = "") -> tuple[Any, list[str]]:
    """The document with passwords, tokens and the like replaced, and the paths of those."""
    if isinstance(document, Mapping):
        made, found = {}, list[str]()
        for key, value in document.items():
            where = f"{path}.{key}" if path else str(key)
            if _SECRET.match(str(key)) and value not in (None, "", False, True, NOT_KEPT):
                made[key] = NOT_KEPT
                found.append(where)
                continue
            made[key], inner = without_secrets(value, where)
            found += inner
        return made, found
    if isinstance(document, list | tuple):
        parts = [without_secrets(one, f"{path}.{at}") for at, one in enumerate(document)]
        return [one for one, _ in parts], [where for _, inner in parts for where in inner]
    return document, []


def hash_of(text: str) -> str:
    """SHA-256 of a canonical text, 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def packed(text: str) -> str:
    """A canonical text as ``legacy["document"]`` keeps it."""
    return base64.b64encode(zlib.compress(text.encode(), 6)).decode()


def unpacked(kept: str) -> str:
    """The canonical text that was kept. Raises NotReadable when it was spoilt."""
    try:
        return zlib.decompress(base64.b64decode(kept, validate=True)).decode()
    except (ValueError, zlib.error) as error:
        raise NotReadable(f"What was kept of the old document is damaged: {error}") from None


def as_read(legacy: Mapping[str, Any] | None) -> Any:
    """The whole old document that an object of ours was made from, rebuilt from its ``legacy``.

    Raises NotReadable when there is none or it was spoilt.
    """
    kept = (legacy or {}).get("document")
    if not isinstance(kept, str):
        raise NotReadable("Nothing is kept of an old document.")
    return from_text(unpacked(kept))


def own_id(kind: str, old_id: Any) -> ObjectId:
    """Our id for a document: the old one when it is an ObjectId (or its text), else derived from it.

    Always the same for the same document, so that an import that was cut short goes on where it was.
    """
    if isinstance(old_id, ObjectId):
        return old_id
    if isinstance(old_id, str) and len(old_id) == 24 and ObjectId.is_valid(old_id):
        return ObjectId(old_id)
    return ObjectId(hashlib.sha256(f"{kind}/{canonical(old_id)}".encode()).digest()[:12])


def id_text(old_id: Any) -> str:
    """An old id for people: the 24 digits of an ObjectId, text as it is, all else as JSON."""
    if isinstance(old_id, ObjectId | int):
        return str(old_id)
    return old_id if isinstance(old_id, str) else canonical(old_id)
