"""What the documents of the library say of their banks' figures, and how their pages break."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from banks.formats.overriding import adapted
from banks.formats.reading import from_content, load_json, to_content
from banks.formats.shipped import DATA_FOLDER, common_fields, sample, shipped_format
from reports.calculation.engine import calculate
from reports.documents.content import build_document
from reports.documents.render import render_pdf
from reports.tests.documents.making import a_context, places


@cache
def document(name: str, realizable: str = "") -> dict[str, Any]:
    """The document of a sample, where wished with a firm's own percentage."""
    definition, answers = shipped_format(name), sample(name)["answers"]
    if realizable:
        content = to_content(load_json(DATA_FOLDER / "formats" / f"{name}.json"), common_fields())
        definition = from_content(adapted(content, {"parameters": {"realizable_percent": realizable}}))
    return build_document(definition, answers, calculate(definition, answers), a_context())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ubi_land_building_v1", "flat rate of 1.5 % of the cost"),
        ("boi_land_building_v1", "flat rate of 1.38 % of the cost"),
        ("uco_land_building_v1", "down to a salvage value of 10 %"),
        ("ubi_flat_v1", "flat rate of 1.5 % for each year"),
        ("boi_flat_v1", "flat rate of 1.38 % for each year"),
        ("uco_flat_v1", "down to a salvage value of 10 %"),
    ],
)
def test_the_methodology_tells_the_depreciation_of_the_bank(name: str, said: str) -> None:
    assert said in document(name)["methodology"][1]


def test_a_text_follows_the_percentage_that_a_firm_has_made_its_own() -> None:
    changed = document("uco_flat_v1", realizable="85")

    assert "Realizable value (85 %)" in [row["label"] for row in changed["abstract"]["rows"]]
    assert "The realizable value is 85 % of it" in changed["methodology"][3]


def test_no_document_shows_a_parameter_by_its_name() -> None:
    for name in ("ubi_land_building_v1", "uco_land_building_v1", "boi_flat_v1", "uco_flat_v1"):
        assert "{parameter" not in str(document(name))


def test_a_heading_at_the_foot_of_a_page_has_two_rows_under_it() -> None:
    pdf = render_pdf(document("uco_land_building_v1"), {}).pdf
    (heading,), (second,) = places(pdf, "Technical details"), places(pdf, "Type of construction")[:1]

    assert heading[0] == second[0]
