"""Reports for tests: begun in the shipped land-and-building format, empty or filled from its sample."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from banks.formats.definition import FormatDefinition
from banks.formats.reading import load_json, read_format
from banks.models import Format
from reports import actions
from reports.models import Report
from tenants.models import Organization, User

DATA = Path(__file__).resolve().parents[2] / "banks" / "data"
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
LAND_AND_BUILDING = "sbi_land_building_v1"
SHIPPED = ("sbi_land_building_v1", "sbi_flat_v1", "bob_land_building_v1")


@cache
def shipped_format(name: str = LAND_AND_BUILDING) -> FormatDefinition:
    """A format of the repository, read without a database."""
    common = load_json(DATA / "common_fields.json")
    return read_format(load_json(DATA / "formats" / f"{name}.json"), common)


@cache
def _sample(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((DATA / "samples" / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def sample_answers(name: str = LAND_AND_BUILDING) -> dict[str, Any]:
    """The answers of a filled sample, the caller's own to change."""
    answers: dict[str, Any] = copy.deepcopy(_sample(name)["answers"])
    return answers


def begin(
    organization: Organization, by: User, *, filled: bool = True, name: str = LAND_AND_BUILDING
) -> Report:
    """A draft of the firm that is active, filled from the sample or empty."""
    definition = shipped_format(name)
    stored = Format.objects.get(
        bank_code=definition.key.bank_code,
        scheme=definition.key.scheme,
        property_type=definition.key.property_type,
        version=definition.key.version,
    )
    answers = sample_answers(name) if filled else None
    branch = _sample(name)["answers"]["common"]["details"]["branch"]
    return actions.begin_report(
        organization=organization, by=by, now=NOW, format_id=stored.pk, branch_code=branch, answers=answers
    )


def in_review(organization: Organization, by: User) -> Report:
    """A filled report that ``by`` has submitted."""
    report = begin(organization, by)
    return actions.submit_report(report_id=report.pk, by=by, now=NOW)


def approved(organization: Organization, by: User, reviewer: User) -> Report:
    """A filled report that one has submitted and another approved."""
    report = in_review(organization, by)
    return actions.approve_report(report_id=report.pk, by=reviewer, now=NOW)
