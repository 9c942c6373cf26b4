"""What a document needs to know besides the format, the answers and the figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The firm at the head of the first page; ``logo`` is a key of the images given to the renderer."""

    name: str
    tagline: str = ""
    address_lines: tuple[str, ...] = ()
    phone: str = ""
    email: str = ""
    website: str = ""
    registration: str = ""
    logo: str | None = None


@dataclass(frozen=True, slots=True)
class Photograph:
    """One photograph: the key of its image, its caption, and a note of when and where it was taken."""

    image_key: str
    caption: str = ""
    taken_note: str = ""


@dataclass(frozen=True, slots=True)
class ValuerBlock:
    """Who signs. ``registrations`` are (label, number) pairs; ``signature`` is an image key or ``None``."""

    name: str
    qualifications: str = ""
    registrations: tuple[tuple[str, str], ...] = ()
    memberships: tuple[str, ...] = ()
    empanelment: str = ""
    address: str = ""
    phone: str = ""
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentContext:
    """Everything around the answers.

    ``labels`` names the values of ``select_dynamic`` fields: source of options → value → label.
    ``applicant_name`` and ``property_address`` head the summary; where they are empty the answers are
    searched for them. ``draft`` marks every page as not issued.
    """

    firm: Letterhead
    reference: str
    valuer: ValuerBlock
    report_date: date
    place: str = ""
    draft: bool = True
    bank_name: str = ""
    branch_name: str = ""
    branch_address: str = ""
    applicant_name: str = ""
    property_address: str = ""
    photographs: tuple[Photograph, ...] = ()
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
