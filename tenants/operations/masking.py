"""Masking of people's data in a copy of a firm, for demos and trials. Pure: decoded documents in and out.

The same person gets the same made-up name everywhere in one copy, and another in the next; nothing leads back
without the copy's key. What a page needs to work stays as it is in shape: a telephone number has as many
digits, a text about as many words. Values, dates, areas and rates stay: they are what a demo shows.

A collection is copied masked only when there is a rule for it. The collections of this layer have theirs
here; those of higher layers register theirs (``register``) when the application starts.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Any

from tenants.errors import TenancyError
from tenants.operations.placeholders import placeholder_for, placeholder_of

Document = dict[str, Any]
Rule = Callable[[Document, "Masker"], Document]

_FIRST_NAMES = (
    "Aarohi Abeer Advik Ahana Ambika Anvay Arnav Avani Bhavin Charu Darshan Devika Eshan Falguni Gauri Harsh "
    "Ishaan Jagruti Kavya Kunal Lavanya Madhav Mitali Nakul Nandini Ojas Pallavi Pranav Ragini Rohan Saanvi "
    "Tanmay"
).split()
_LAST_NAMES = (
    "Agate Amber Basalt Birch Cedar Cobalt Coral Dune Ember Fern Flint Garnet Granite Hazel Indigo Ivory "
    "Jade Jasper Laurel Lotus Marble Maple Neem Ochre Onyx Opal Peepal Quartz Saffron Slate Teak Topaz"
).split()
_STREETS = "Garden Lake Market Mill Orchard School Station Temple".split()
_PLACES = "Pattern Nagar;Trial Colony;Display Layout;Model Town".split(";")
_WORDS = (
    "this text was replaced in a copy made for showing the system and says nothing of any person or property"
).split()
# Digits with which a masked telephone number begins.
_ZEROS = 3


class NoMaskingRule(TenancyError):
    """A collection would be copied as it is, for nobody has said what in it is about people."""

    def __init__(self, collection: str) -> None:
        super().__init__(f"There is no rule for masking “{collection}”; it cannot be copied masked.")


class Masker:
    """Replaces what is about people, the same by the same. ``key`` is the copy's own secret."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def _digest(self, kind: str, text: str) -> bytes:
        return hmac.new(self._key, f"{kind}\0{text}".encode(), hashlib.sha256).digest()

    def name(self, text: str) -> str:
        """A made-up person's name; however the original is written in capitals and spaces."""
        if not text.strip():
            return text
        digest = self._digest("name", " ".join(text.casefold().split()))
        return f"{_FIRST_NAMES[digest[0] % len(_FIRST_NAMES)]} {_LAST_NAMES[digest[1] % len(_LAST_NAMES)]}"

    def email(self, text: str) -> str:
        """An address at example.com, which nobody can have."""
        if not text.strip():
            return text
        return f"person-{self._digest('email', text.strip().casefold()).hex()[:8]}@example.com"

    def phone(self, text: str) -> str:
        """As many digits in the same places; it begins with zeros, as no number does."""
        return re.sub(r"[0-9]", "0", self.number(text, kind="phone"), count=_ZEROS)

    def number(self, text: str, *, kind: str = "number") -> str:
        """Of the same shape: digits for digits, letters for letters, all else as it is."""
        digest = self._digest(kind, "".join(text.split()).casefold())
        out = []
        for position, sign in enumerate(text):
            byte = digest[position % len(digest)] ^ (position // len(digest))
            if sign.isdigit():
                out.append(str(byte % 10))
            elif sign.isalpha() and sign.isascii():
                out.append(chr((ord("A") if sign.isupper() else ord("a")) + byte % 26))
            else:
                out.append(sign)
        return "".join(out)

    def address(self, text: str) -> str:
        """A made-up address on as many lines."""
        if not text.strip():
            return text
        digest = self._digest("address", " ".join(text.casefold().split()))
        parts = [
            f"{digest[0] % 98 + 2} {_STREETS[digest[1] % len(_STREETS)]} Road",
            _PLACES[digest[2] % len(_PLACES)],
        ]
        lines = text.count("\n")
        return "\n".join([*parts, *["Example City"] * (lines - 1)]) if lines else ", ".join(parts)

    def text(self, text: str) -> str:
        """Words that say nothing, about as long and never longer."""
        stripped = text.strip()
        if not stripped:
            return text
        words = [_WORDS[number % len(_WORDS)] for number in range(max(len(stripped) // 5, 1))]
        said = " ".join(words)[: len(stripped)].strip().capitalize()
        return said or "x" * len(stripped)

    def identifier(self, text: str) -> str:
        """Another 24 hexadecimal digits, by which nobody is found in the control plane."""
        return self._digest("identifier", text).hex()[:24] if text else text

    def position(self, text: str) -> str:
        """A coordinate rounded to two decimals: about a kilometre."""
        try:
            return f"{float(text):.2f}"
        except ValueError:
            return self.text(text)

    def file_name(self, text: str) -> str:
        """A name that says nothing, with the same ending."""
        stem, dot, ending = text.rpartition(".")
        kept = f"{dot}{ending.lower()}" if stem and len(ending) <= 5 else ""
        return f"file-{self._digest('file', text).hex()[:8]}{kept}" if text else text


# Rules ------------------------------------------------------------------------------------------------

# What the last part of a key says of its value; the first that fits counts.
_KEYS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"e?mail"), "email"),
    (re.compile(r"phone|mobile|\btel|fax|whatsapp"), "phone"),
    (re.compile(r"address|street|landmark"), "address"),
    (re.compile(r"latitude|longitude"), "position"),
    (
        re.compile(
            r"aadha+r|\bpan\b|passport|account|gstin|voter|licen[cs]e|registration|(_no|_number|_nos)$"
        ),
        "number",
    ),
    (re.compile(r"name$|^by$|_by$|owner|lessor|tenant|applicant|borrower|witness"), "name"),
)
_WORD_BREAK = re.compile(r"[_\s-]+")


def by_key(key: str, text: str, masker: Masker) -> str | None:
    """The text masked as its key says, or None when the key says nothing of people."""
    spaced = _WORD_BREAK.sub(" ", key.casefold()).strip()
    for pattern, way in _KEYS:
        if pattern.search(key.casefold()) or pattern.search(spaced):
            masked: str = getattr(masker, way)(text)
            return masked
    return None


def mask_everything(value: Any, masker: Masker, *, key: str = "") -> Any:
    """Every text within the value replaced, as its key says or by words; figures and dates stay."""
    if isinstance(value, Mapping):
        return {name: mask_everything(one, masker, key=str(name)) for name, one in value.items()}
    if isinstance(value, list):
        return [mask_everything(one, masker, key=key) for one in value]
    if not isinstance(value, str):
        return value
    masked = by_key(key, value, masker)
    if masked is not None:
        return masked
    return value if is_plain_figure(value) else masker.text(value)


def is_plain_figure(text: str) -> bool:
    """A date, a year or an amount in canonical decimal text: not what anybody could be found by."""
    return bool(re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?", text))


_rules: dict[str, Rule] = {}


def register(collection: str, rule: Rule) -> None:
    """Say how documents of a collection are masked: the rule gets a document of its own and returns it."""
    _rules[collection] = rule


def require_rule(collection: str) -> None:
    """Raises NoMaskingRule for a collection that nobody has registered."""
    if collection not in _rules:
        raise NoMaskingRule(collection)


def mask_document(collection: str, document: Document, masker: Masker) -> Document:
    """The document as a copy may have it. Raises NoMaskingRule."""
    require_rule(collection)
    return _rules[collection](document, masker)


def keep(document: Document, masker: Masker) -> Document:
    """The rule of a collection that says nothing of anybody."""
    return document


def _user_settings(document: Document, masker: Masker) -> Document:
    document["user_id"] = masker.identifier(document["user_id"])
    block = dict(document.get("valuer_block") or {})
    for key, value in block.items():
        if key == "registrations" and isinstance(value, list):
            block[key] = [_registration(one, masker) for one in value]
        elif key != "qualifications":
            block[key] = mask_everything(value, masker, key=key)
    document["valuer_block"] = block
    return document


def _registration(pair: Any, masker: Masker) -> Any:
    """``[label, number]``: the label is the authority's, the number somebody's."""
    if isinstance(pair, list) and len(pair) == 2:
        return [pair[0], masker.number(str(pair[1]))]
    return mask_everything(pair, masker)


def _stored_file(document: Document, masker: Masker) -> Document:
    """The name, who added it, and what the file is in the copy: a placeholder."""
    there = placeholder_of(document["stored_as"])
    document |= {
        "size": len(there.content),
        "sha256": there.sha256,
        "width": there.width,
        "height": there.height,
    }
    document["name"] = masker.file_name(document["name"])
    document["caption"] = masker.text(document.get("caption") or "")
    document["added_by"] = masker.identifier(document["added_by"])
    document["added_by_name"] = masker.name(document["added_by_name"])
    # What the former system knew of the file.
    document["legacy"] = None
    return document


# Of an activity's details: what names parts of a format, or figures.
_PLAIN_DETAILS = frozenset(
    {"label", "path", "fields", "count", "pages", "size", "from", "to", "file", "comment"}
)
# Actions whose target is a report's number or a part of a format.
_PLAIN_TARGETS = ("report_", "section_", "comment_")


def _activity(document: Document, masker: Masker) -> Document:
    document["actor_id"] = masker.identifier(document["actor_id"])
    document["actor_name"] = masker.name(document["actor_name"])
    action, target = document["action"], document.get("target") or ""
    if action in ("profile_changed", "signature_changed", "signature_removed"):
        document["target"] = masker.name(target)
    elif action == "firm_changed":
        document["target"] = ""
    elif not action.startswith(_PLAIN_TARGETS):
        document["target"] = masker.file_name(target)
    details = dict(document.get("details") or {})
    for key, value in details.items():
        if key == "changes" and isinstance(value, list):
            # What was changed, not from what to what.
            details[key] = [{name: one[name] for name in ("path", "label") if name in one} for one in value]
        elif key == "sha256":
            details[key] = placeholder_for("pdf").sha256
        elif key not in _PLAIN_DETAILS:
            details[key] = mask_everything(value, masker, key=key)
    document["details"] = details
    return document


register("users_settings", _user_settings)
register("files_metadata", _stored_file)
register("activity_logs", _activity)
register("counters", keep)
