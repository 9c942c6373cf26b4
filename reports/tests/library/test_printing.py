"""What the documents of the library say of their banks' figures, and how their pages break."""

from __future__ import annotations

import copy
import re
from functools import cache
from typing import Any

import pytest

from banks.formats.overriding import adapted
from banks.formats.reading import from_content, load_json, to_content
from banks.formats.shipped import DATA_FOLDER, common_fields, format_files, sample, shipped_format
from reports.calculation.engine import calculate
from reports.documents.content import build_document
from reports.documents.render import render_pdf
from reports.tests.documents.making import a_context, pages_text, places

# Those that were published before texts could quote stay as they are.
CURRENT = [
    path.stem
    for path in format_files()
    if path.stem not in ("sbi_land_building_v1", "bob_land_building_v1", "sbi_flat_v1")
]


@cache
def document(name: str, **parameters: str) -> dict[str, Any]:
    """The document of a sample, where wished with a firm's own percentages."""
    definition, answers = shipped_format(name), sample(name)["answers"]
    if parameters:
        content = to_content(load_json(DATA_FOLDER / "formats" / f"{name}.json"), common_fields())
        definition = from_content(adapted(content, {"parameters": parameters}))
    return build_document(definition, answers, calculate(definition, answers), a_context())


def with_answers(name: str, **details: str) -> dict[str, Any]:
    """The document of a sample with other answers among its report and dates."""
    answers = copy.deepcopy(sample(name)["answers"])
    answers["common"]["details"] |= details
    definition = shipped_format(name)
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


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("uco_flat_v1", True),
        ("sbi_flat_v2", True),
        ("bob_land_building_v2", False),
        ("pnb_land_building_v1", False),
    ],
)
def test_a_text_follows_the_percentages_that_a_firm_has_made_its_own(name: str, labels: bool) -> None:
    changed = document(name, realizable_percent="87.5", distress_percent="72", salvage_percent="5")

    assert ("Realizable value (87.5 %)" in [row["label"] for row in changed["abstract"]["rows"]]) is labels
    assert "The realizable value is 87.5 % of it" in changed["methodology"][3]
    assert "the distress value is 72 % of it" in changed["methodology"][3]
    assert "salvage value of 5 %" in changed["methodology"][1]


def test_the_depreciation_of_the_bank_of_baroda_follows_that_of_a_firm() -> None:
    changed = document("bob_land_building_v2", depreciation_rate="1.25")

    assert "flat rate of 1.25 % of the cost" in changed["methodology"][1]


def test_the_insurable_value_of_a_flat_follows_that_of_a_firm() -> None:
    changed = document("sbi_flat_v2", insurable_percent="40")

    assert "Insurable value (40 %)" in [row["label"] for row in changed["abstract"]["rows"]]
    assert "The insurable value is 40 % of it" in changed["methodology"][3]


def test_what_is_rounded_to_is_said_as_amounts_are() -> None:
    assert "to the nearest 1,00,000 rupees" in document("uco_flat_v1", say_to="100000")["methodology"][-1]


@pytest.mark.parametrize("name", CURRENT)
def test_no_document_shows_a_parameter_or_an_answer_by_its_name(name: str) -> None:
    told = document(name)
    rows = [text for _, _, text in told["declaration"]["rows"]]

    assert "{" not in "".join([*told["methodology"], *rows])


@pytest.mark.parametrize("name", CURRENT)
def test_the_table_of_the_declaration_says_all_that_its_rows_ask(name: str) -> None:
    rows = {number: text for number, _, text in document(name)["declaration"]["rows"]}
    said = re.compile(
        r"Purpose: [A-Z][^;,]+; appointed by: .+\n"
        r"A\. Valuer; other experts: None\n"
        r"Appointed \d+ \w+ 2026; valuation \d+ \w+ 2026; report \d+ \w+ 2026"
    )

    assert said.fullmatch("\n".join([rows["2"], rows["3"], rows["5"]]))


def test_a_purpose_of_its_own_is_in_the_declaration() -> None:
    told = with_answers("sbi_flat_v2", purpose="other", purpose_other="Partition among heirs")

    assert told["declaration"]["rows"][1][2].startswith("Purpose: Other, Partition among heirs; appointed by")


def test_a_date_that_is_not_given_is_a_dash_in_the_declaration() -> None:
    told = with_answers("sbi_flat_v2", report_date="")

    assert told["declaration"]["rows"][4][2].endswith("report \N{EM DASH}")


def test_the_last_parts_of_fifteen_have_their_numbers() -> None:
    told = document("pnb_land_building_v1")

    assert [told["declaration"]["title"], told["enclosures_title"]] == [
        "14  Declaration of the valuer",
        "15  Enclosures",
    ]


def test_the_parts_of_fifteen_are_printed_in_order() -> None:
    pdf = render_pdf(document("pnb_land_building_v1"), {}).pdf
    headings = ("Abstract of values", "Declaration of the valuer", "Enclosures", "Signature of the valuer")
    first, declaration, enclosures, signature = (places(pdf, heading) for heading in headings)

    assert first[0][0] <= declaration[0][0] <= enclosures[0][0] <= signature[0][0]
    assert "15 Enclosures" in " ".join(" ".join(pages_text(pdf)).split())


@pytest.mark.parametrize("name", ["ubi_land_building_v1", "sbi_land_building_v2", "bob_land_building_v2"])
def test_a_floor_that_costs_nothing_has_no_depreciation(name: str) -> None:
    answers = copy.deepcopy(sample(name)["answers"])
    answers["building"]["valuation"]["floors"][0]["plinth_area"] = "0"
    found = calculate(shipped_format(name), answers)

    assert found.problems == {}
    assert found.values["building.valuation.floors.0.depreciation_percent"] == 0


@pytest.mark.parametrize("name", [name for name in CURRENT if "land_building" in name])
def test_a_report_on_vacant_land_does_not_claim_a_building(name: str) -> None:
    assert document(name)["methodology"][1].startswith("A building, where there is one, was valued")


def test_a_heading_at_the_foot_of_a_page_has_two_rows_under_it() -> None:
    pdf = render_pdf(document("uco_land_building_v1"), {}).pdf
    (heading,), (second,) = places(pdf, "Technical details"), places(pdf, "Type of construction")[:1]

    assert heading[0] == second[0]
