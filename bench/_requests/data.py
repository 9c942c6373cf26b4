"""The firms, people and reports of the benchmark, the same on every side. No Django, no clock, no chance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

PERSON = "Vikram Valuer"
OTHER_PERSON = "Meera Manager"
ROLE = "valuer"
_NOBODY = "0" * 24
_STATUSES = ("draft", "in_review", "changes_requested", "approved", "issued", "issued", "issued", "cancelled")
_BANKS = (
    ("SBI", "State Bank of India"),
    ("BOB", "Bank of Baroda"),
    ("UCO", "UCO Bank"),
    ("BOI", "Bank of India"),
)
_BRANCHES = ("Kompally", "Ameerpet", "Kukatpally", "Secunderabad", "Miyapur")
_STREETS = ("Lake View Road", "Temple Street", "Mill Lane", "Station Road", "Orchard Colony", "Ring Road")


@dataclass(frozen=True, slots=True)
class Firm:
    """One firm; ``mark`` begins every reference of its reports and of nobody else's."""

    number: int

    @property
    def org_id(self) -> str:
        return f"bench_firm_{self.number:03}"

    @property
    def name(self) -> str:
        return f"Bench Valuers {self.number:03}"

    @property
    def initials(self) -> str:
        return f"F{self.number:03}"

    @property
    def mark(self) -> str:
        return f"{self.initials}/"

    @property
    def email(self) -> str:
        return f"valuer@{self.org_id.replace('_', '-')}.example"


def firms(count: int) -> list[Firm]:
    return [Firm(number) for number in range(count)]


def reports(firm: Firm, *, count: int, me: str, newest: datetime) -> Iterator[dict[str, Any]]:
    """A firm's reports as values by field name, the latest change first; every second one is ``me``'s.

    Money is ``Decimal``, moments are aware; what a report has only later in its life is empty before.
    """
    for number in range(count):
        yield _report(firm, number, me, newest - timedelta(minutes=37 * number))


def _report(firm: Firm, number: int, me: str, changed: datetime) -> dict[str, Any]:
    bank_code, bank_name = _BANKS[(number + firm.number) % len(_BANKS)]
    branch = _BRANCHES[number % len(_BRANCHES)]
    status = _STATUSES[(number * 5 + firm.number) % len(_STATUSES)]
    mine = number % 2 == 0
    author = (me, PERSON) if mine else (_NOBODY, OTHER_PERSON)
    submitted = status != "draft"
    issued = status == "issued"
    reference = f"{firm.mark}{number + 1:04}/{changed:%d%m%Y}"
    applicant = f"Applicant {number:04} & Family" if number % 7 == 0 else f"Applicant {number:04}"
    address = f"{number % 90 + 1}-{number % 12}, {_STREETS[number % len(_STREETS)]}, {branch}, Hyderabad"
    unvalued = status == "draft" and number % 3
    value = None if unvalued else Decimal(2_500_000 + 7_531 * number).quantize(Decimal("0.01"))
    return {
        "reference": reference,
        "status": status,
        "bank_code": bank_code,
        "bank_name": bank_name,
        "branch_code": f"{bank_code}-{branch[:4].upper()}",
        "branch_name": branch,
        "scheme": "home_loan",
        "property_type": "flat",
        "format_version": 1,
        "format_title": "Flat, composite rate",
        "answers": _answers(reference, applicant, address, number),
        "computed": {f"result.{name}": str(value or 0) for name in ("fair_market", "realizable", "distress")},
        "applicant_name": applicant,
        "property_address": address,
        "search_text": f"{reference} {applicant} {address} {bank_name} {branch}".casefold(),
        "fair_market_value": value,
        "version": 4,
        "format_changes": None,
        "set_aside": None,
        "legacy": None,
        "section_versions": {"common.details": 2, "flat.building": 3, "flat.rate": 4},
        "comments": [],
        "review_note": "",
        "created_by": author[0],
        "created_by_name": author[1],
        "created_at": changed - timedelta(days=3),
        "updated_by_name": author[1],
        "updated_at": changed,
        "submitted_by": author[0] if submitted else "",
        "submitted_by_name": author[1] if submitted else "",
        "submitted_at": changed - timedelta(days=1) if submitted else None,
        "approved_by_name": OTHER_PERSON if issued else "",
        "approved_at": changed if issued else None,
        "issued_by_name": OTHER_PERSON if issued else "",
        "issued_at": changed if issued else None,
        "document_id": "",
        "document_sha256": "",
        "document_pages": 9 if issued else None,
    }


def _answers(reference: str, applicant: str, address: str, number: int) -> dict[str, Any]:
    """About one kilobyte: what a flat's report says in its first sections."""
    return {
        "common": {
            "details": {
                "reference_number": reference,
                "applicant_name": applicant,
                "purpose": "home_loan",
                "valuation_date": "2026-11-20",
                "inspection_date": "2026-11-18",
            }
        },
        "general": {
            "property": {
                "address": address,
                "survey_no": str(100 + number),
                "village": "Kompally",
                "occupant": "Owner",
                "boundaries": dict.fromkeys(("north", "south", "east", "west"), f"Plot {number + 1}"),
            }
        },
        "flat": {
            "building": {"floors": 5, "year": 2008 + number % 15, "lift": "yes", "parking": "covered"},
            "rate": {
                "composite_rate": {"value": str(4200 + number % 900), "unit": "sqft"},
                "remarks": "Rates of similar flats in the street were compared, sold or listed. " * 5,
            },
        },
    }
