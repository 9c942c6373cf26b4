"""Banks, branches and common fields of the former system."""

from __future__ import annotations

import json
from typing import Any

import pytest

from banks.formats.reading import compose
from banks.formats.shape import shape_problems
from banks.legacy.banks import bank_from, is_bank
from banks.legacy.common_fields import common_fields_from, is_common_fields
from banks.legacy.faults import Severity
from banks.legacy.formats import is_format
from banks.legacy.tests.madeup import old_bank, old_common_fields, old_format, small_format, told
from banks.models import Bank, Branch


def test_a_bank_is_taken_over_with_the_branch_that_is_sound() -> None:
    values = bank_from(old_bank()).values

    assert {key: values[key] for key in ("code", "name", "bank_type", "city", "is_active")} == {
        "code": "MILL", "name": "Mill Bank", "bank_type": "public", "city": "Exampleton", "is_active": True
    }  # fmt: skip
    assert [branch["code"] for branch in values["branches"]] == ["MILL_EX_001"]


def test_what_it_gives_are_fields_of_our_models() -> None:
    values = bank_from(old_bank()).values
    branch = Branch(**values["branches"][0])

    Bank(**{**values, "branches": []}).clean_fields(exclude=["id", "branches"])
    assert (branch.ifsc, branch.manager_name, branch.landmark) == ("MILL0000001", "Manager Four", "Weir")
    assert (branch.latitude, branch.longitude) == (10.5, 76.25)


@pytest.mark.parametrize(
    ("place", "sentence"),
    [("MILL_EX_002", "is not four letters, a zero and six"), ("MILL_EX_003", "Weir Lane has the code")],
)
def test_a_branch_that_cannot_be_stored_is_kept_with_the_bank_and_told(place: str, sentence: str) -> None:
    result = bank_from(old_bank())

    assert sentence in told(result.faults, place)
    assert json.loads(dict(result.legacy["kept"])[place])["branchId"] == place


def test_what_a_branch_has_no_field_for_is_kept_with_the_branch() -> None:
    legacy = bank_from(old_bank()).values["branches"][0]["legacy"]

    kept = dict(legacy["kept"])
    assert legacy["id"] == "MILL_EX_001"
    assert json.loads(kept["services"]) == ["home_loans"]
    assert json.loads(kept["workingHours"]) == {"sunday": "Closed"}


def test_keys_that_a_database_refuses_are_kept_as_text() -> None:
    kept = dict(bank_from(old_bank()).legacy["kept"])

    assert "$lookup" in kept["templates"]


@pytest.mark.parametrize(
    ("change", "place", "sentence"),
    [
        ({"bankType": "moon"}, "bankType", "is not known here"),
        ({"totalBranches": 7}, "totalBranches", "It says 7 branches"),
        ({"bankCode": "mill bank"}, "bankCode", "It is MILL_BANK"),
        ({"headquarters": "Exampleton"}, "headquarters", "is no object"),
        ({"branches": "none"}, "branches", "is no list"),
        ({"colour": "blue"}, "colour", "is not known here"),
    ],
)
def test_what_a_bank_says_strangely_is_told(change: dict[str, Any], place: str, sentence: str) -> None:
    assert sentence in told(bank_from({**old_bank(), **change}).faults, place)


@pytest.mark.parametrize(
    ("branch", "place", "sentence"),
    [
        ({"micrCode": "12"}, "micrCode", "nine digits"),
        ({"contact": {"email": "at home"}}, "email", "an e-mail address"),
        ({"coordinates": {"latitude": 123}}, "latitude", "is no latitude"),
        ({"address": {"pincode": "12", "city": "E", "state": "K"}}, "pincode", "six digits"),
    ],
)
def test_what_a_branch_says_wrongly_is_left_empty_and_told(
    branch: dict[str, Any], place: str, sentence: str
) -> None:
    document = old_bank()
    document["branches"][0].update(branch)

    result = bank_from(document)

    assert len(result.values["branches"]) == 1
    assert sentence in told(result.faults, place)


@pytest.mark.parametrize("change", [{"bankCode": ""}, {"bankName": None}, {"bankCode": "1"}])
def test_a_bank_without_code_or_name_is_refused(change: dict[str, Any]) -> None:
    result = bank_from({**old_bank(), **change})

    assert result.values == {}
    assert result.refused


def test_each_kind_of_document_is_known_by_its_shape_and_no_other_is() -> None:
    documents = (old_bank(), old_common_fields(), old_format())

    assert [is_bank(one) for one in documents] == [True, False, False]
    assert [is_common_fields(one) for one in documents] == [False, True, False]
    assert [is_format(one) for one in documents] == [False, False, True]


def test_the_reading_of_a_bank_changes_nothing_in_it() -> None:
    document = old_bank()

    bank_from(document)

    assert document == old_bank()


# Common fields ----------------------------------------------------------------------------------------


def _fields(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {field["id"]: field for field in values["sections"][0]["fields"]}


def test_common_fields_have_the_ids_that_the_application_looks_for() -> None:
    result = common_fields_from(old_common_fields(), standing={})

    assert list(_fields(result.values)) == [
        "reference_number", "valuation_date", "applicant_name", "purpose", "branch"
    ]  # fmt: skip
    assert result.answer_paths["report_reference_number"] == ("common.details.reference_number",)


def test_what_they_lack_and_reports_need_stays_as_it_is_here() -> None:
    result = common_fields_from(old_common_fields())

    assert {"bank", "report_date"} <= set(_fields(result.values))
    assert "have no report_date" in told(result.faults, "report_date")


def test_a_format_can_be_composed_with_them() -> None:
    values = common_fields_from(old_common_fields()).values

    assert shape_problems(values, "common_fields") == []
    assert compose({"tabs": []}, values)["tabs"][0]["id"] == "common"


def test_the_applicants_name_may_be_in_any_script() -> None:
    result = common_fields_from(old_common_fields())

    assert _fields(result.values)["applicant_name"]["validation"] == {"min_length": 3, "max_length": 100}
    assert "only names in Latin letters" in told(result.faults, "applicant_name")


def test_the_reference_is_given_and_never_typed() -> None:
    reference = _fields(common_fields_from(old_common_fields()).values)["reference_number"]

    assert reference["read_only"] is True
    assert "required" not in reference


def test_common_fields_without_fields_are_refused() -> None:
    result = common_fields_from({"fields": []})

    assert [one.severity for one in result.faults] == [Severity.REFUSED]


def test_two_documents_of_one_id_are_told_apart_by_their_hash() -> None:
    first, second = bank_from(old_bank()), bank_from({**old_bank(), "bankShortName": "Mills"})

    assert first.legacy["id"] == second.legacy["id"]
    assert first.legacy["hash"] != second.legacy["hash"]


def test_the_old_id_is_read_from_extended_json() -> None:
    assert bank_from({**old_bank(), "_id": {"$oid": "65f0000000000000000000b9"}}).legacy["id"][-2:] == "b9"
    assert small_format()["_id"] == "65f000000000000000000001"
