"""The places of what a firm changes of a bank, as keys: of forms, of the record, of ``BankOverride.under``.

::

    bank.name                                       a value of the bank
    bank.hidden                                     whether the firm hides the bank
    branch.CODE                                     all that the firm changes of a branch, or an own branch
    branch.CODE.phone, branch.CODE.hidden           one value of it
    letterhead, empanelment                         the firm's for this bank
    format.general/flat                             all that the firm changes of a format
    format.general/flat/@                           that for all branches; …/@CODE: that for one
    format.general/flat/@/label/tab.section.field   one attribute (ATTRIBUTES, ``parameter``, ``added``)

A code of a branch may have dots and slashes; the words after it are from a fixed list, so a key is read from
both ends.
"""

from __future__ import annotations

from dataclasses import dataclass

from banks.formats.overriding import ATTRIBUTES
from banks.merging import BANK_FIELDS, BRANCH_FIELDS

FORMAT_ATTRIBUTES = (*ATTRIBUTES, "parameter", "added")
_WORDS = {
    "name": "name",
    "short_name": "short name",
    "bank_type": "type",
    "ifsc": "IFSC",
    "micr": "MICR",
    "pin_code": "PIN code",
    "email": "e-mail",
    "manager_name": "manager",
    "manager_phone": "manager's phone",
    "min_length": "fewest characters",
    "max_length": "most characters",
    "min_date": "earliest day",
    "max_date": "latest day",
    "max_rows": "most rows",
    "max_columns": "most columns",
    "hidden": "hidden",
    "parameter": "figure",
    "added": "field of your own",
    "default": "default answer",
}


class PlaceUnknown(ValueError):
    """The text is the key of no place."""

    def __init__(self, key: str) -> None:
        super().__init__(f"“{key[:120]}” is no place of a bank; use a key such as branch.CODE.phone.")


@dataclass(frozen=True, slots=True)
class Place:
    """A place, taken apart. ``kind`` is bank, branch, letterhead, empanelment or format.

    ``field`` is a field of bank or branch (or ``hidden``), or an attribute of a format's field; empty for the
    whole. Of a format: ``branch`` is None for the whole, ``""`` for all branches; ``path`` is a field's path
    or a parameter's name.
    """

    kind: str
    field: str = ""
    branch: str | None = None
    format_name: str = ""
    path: str = ""

    def __str__(self) -> str:
        match self.kind:
            case "branch":
                return ".".join(part for part in ("branch", self.branch or "", self.field) if part)
            case "format":
                key = f"format.{self.format_name}"
                if self.branch is None:
                    return key
                key = f"{key}/@{self.branch}"
                return f"{key}/{self.field}/{self.path}" if self.field else key
            case _:
                return f"{self.kind}.{self.field}" if self.field else self.kind

    @property
    def label(self) -> str:
        """In words, without the bank: "name", "branch B1: manager's phone", "format general/flat: label"."""
        word = _WORDS.get(self.field, self.field.replace("_", " "))
        match self.kind:
            case "branch":
                return f"branch {self.branch}: {word}" if self.field else f"branch {self.branch}"
            case "format":
                where = f" for branch {self.branch}" if self.branch else ""
                if not self.field:
                    return f"format {self.format_name}{where}"
                return f"format {self.format_name}: {word} {self.path}{where}"
            case _:
                return word or self.kind

    def contains(self, other: Place) -> bool:
        """Whether the other is this place or within it."""
        if self.kind != other.kind:
            return False
        if self.kind == "format":
            return self.format_name == other.format_name and (
                self.branch is None
                or (
                    self.branch == other.branch
                    and (not self.field or (self.field, self.path) == (other.field, other.path))
                )
            )
        return self.branch == other.branch and self.field in ("", other.field)


def parse(key: str) -> Place:
    """The place of a key. Raises PlaceUnknown."""
    if key in ("letterhead", "empanelment", "bank"):
        return Place(key)
    kind, _, rest = key.partition(".")
    if kind == "bank" and rest in (*BANK_FIELDS, "hidden"):
        return Place("bank", rest)
    if kind == "branch" and rest:
        code, _, name = rest.rpartition(".")
        if code and name in (*BRANCH_FIELDS, "hidden"):
            return Place("branch", name, code)
        return Place("branch", branch=rest)
    if kind == "format":
        return _format(key, rest)
    raise PlaceUnknown(key)


def _format(key: str, rest: str) -> Place:
    name, at, tail = rest.partition("/@")
    scheme, slash, property_type = name.partition("/")
    if not (scheme and slash and property_type) or "/" in property_type:
        raise PlaceUnknown(key)
    if not at:
        return Place("format", format_name=name)
    pieces = tail.rsplit("/", 2)
    if len(pieces) == 3 and pieces[1] in FORMAT_ATTRIBUTES and pieces[2]:
        return Place("format", pieces[1], pieces[0], name, pieces[2])
    return Place("format", branch=tail, format_name=name)


def label(key: str) -> str:
    """The place of a key in words; the key itself when it is none."""
    try:
        return parse(key).label
    except PlaceUnknown:
        return key
