"""Masking: nothing of a person is left, the same person stays the same, and what a page needs is there."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from banks.formats.definition import FormatDefinition, FormatKey
from reports.masking import mask_answers, mask_bank_override, mask_report
from reports.tests.making import sample_answers, shipped_format
from tenants.operations.masking import (
    Masker,
    NoMaskingRule,
    mask_document,
    mask_everything,
    require_rule,
)
from tenants.operations.placeholders import placeholder_of
from tenants.operations.schema import tenant_models

MASKER = Masker(b"a key of this test")
FLAT = "sbi_flat_v1"
# What the sample says of people and of where they live.
PERSONAL = [
    "Applicant Four",
    "Caretaker Example",
    "caretaker@example.com",
    "000 0000 0004",
    "Specimen Heights",
    "Flat 302",
    "C.T.S. No. 100/5",
    "4321/2016-17",
    "HX-0302",
    "Next to Sample Station",
    "19.0596",
]


@pytest.fixture
def masked() -> dict[str, Any]:
    return mask_answers(sample_answers(FLAT), shipped_format(FLAT), MASKER)


@pytest.mark.parametrize("personal", PERSONAL)
def test_nothing_of_a_person_is_left_in_the_answers(masked: dict[str, Any], personal: str) -> None:
    assert personal in json.dumps(sample_answers(FLAT))
    assert personal not in json.dumps(masked)


def test_figures_dates_and_choices_stay(masked: dict[str, Any]) -> None:
    original = sample_answers(FLAT)
    assert masked["rate"]["rates"]["adopted_rate"] == original["rate"]["rates"]["adopted_rate"]
    assert masked["common"]["details"]["valuation_date"] == original["common"]["details"]["valuation_date"]
    assert masked["general"]["property"]["tenure"] == "freehold"
    assert masked["general"]["boundaries"]["dimensions"] == original["general"]["boundaries"]["dimensions"]


def test_a_person_has_one_name_in_the_whole_report(masked: dict[str, Any]) -> None:
    applicant = masked["common"]["details"]["applicant_name"]
    assert masked["general"]["records"]["owners"][0]["name"] == applicant
    assert masked["flat"]["records"]["agreement_name"] == applicant


def test_every_answer_keeps_its_shape(masked: dict[str, Any]) -> None:
    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shape(one) for key, one in value.items()}
        return [shape(one) for one in value] if isinstance(value, list) else type(value)

    assert shape(masked) == shape(sample_answers(FLAT))


def test_without_its_format_every_word_of_a_report_goes() -> None:
    masked = json.dumps(mask_answers(sample_answers(FLAT), None, MASKER))
    assert [one for one in PERSONAL if one in masked] == []


def a_report(**values: Any) -> dict[str, Any]:
    return {
        "reference": "AV/0001/23112026",
        "bank_code": "SBI",
        "bank_name": "State Bank",
        "branch_name": "Fort",
        "scheme": "general",
        "property_type": "flat",
        "format_version": 1,
        "answers": sample_answers(FLAT),
        "applicant_name": "Applicant Four",
        "property_address": "Flat 302, Specimen Heights",
        "search_text": "av/0001/23112026 applicant four flat 302",
        "review_note": "Please ask Mr Four again.",
        "comments": [
            {
                "id": "1",
                "path": "a.b",
                "text": "Ask Mr Four",
                "by": "a" * 24,
                "by_name": "Meera",
                "at": "2026",
            }
        ],
        "created_by": "a" * 24,
        "created_by_name": "Vikram Valuer",
        "document_sha256": "f" * 64,
        "document_pages": 9,
        **values,
    }


def flat(key: FormatKey) -> FormatDefinition:
    return shipped_format(FLAT)


def test_what_a_report_repeats_of_its_answers_is_masked_alike() -> None:
    report = mask_report(a_report(), MASKER, flat)
    assert report["applicant_name"] == report["answers"]["common"]["details"]["applicant_name"]
    assert report["applicant_name"].split()[0].casefold() in report["search_text"]


def test_nothing_of_a_person_is_left_around_the_answers() -> None:
    report = json.dumps(mask_report(a_report(), MASKER, flat))
    for personal in ("Four", "four", "Meera", "Vikram", "a" * 24, "Specimen"):
        assert personal not in report


def test_an_issued_report_names_the_document_that_the_copy_has() -> None:
    report = mask_report(a_report(), MASKER, flat)
    assert report["document_sha256"] == placeholder_of("issued.pdf").sha256


def test_the_same_is_masked_the_same() -> None:
    assert MASKER.name("Ravi  Kumar") == MASKER.name("RAVI KUMAR")


def test_another_copy_masks_otherwise() -> None:
    people = [f"Person {number}" for number in range(20)]
    other = Masker(b"another key")
    assert [MASKER.name(one) for one in people] != [other.name(one) for one in people]


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("phone", "+91 98200-12345", r"\+00 0\d{4}-\d{5}"),
        ("email", "ravi@bank.example", r"person-[0-9a-f]{8}@example\.com"),
        ("pan_number", "ABCDE1234F", r"(?!ABCDE1234F)[A-Z]{5}\d{4}[A-Z]"),
        ("aadhaar", "1234 5678 9012", r"(?!1234)\d{4} \d{4} \d{4}"),
        ("account_no", "000123456789", r"\d{12}"),
        ("latitude", "19.059612", r"19\.06"),
        ("remarks", "Ravi was there.", r"(?!.*Ravi).{1,15}"),
        ("quantity", "1275.5", r"1275\.5"),
        ("dated", "2026-04-18", "2026-04-18"),
    ],
)
def test_a_text_is_masked_as_its_key_says(key: str, text: str, expected: str) -> None:
    import re

    assert re.fullmatch(expected, mask_everything(text, MASKER, key=key))


def test_a_masked_text_is_never_longer() -> None:
    for length in range(1, 200):
        text = "x" * length
        assert 1 <= len(MASKER.text(text)) <= length


def test_a_collection_without_a_rule_is_refused() -> None:
    with pytest.raises(NoMaskingRule, match="salaries"):
        mask_document("salaries", {}, MASKER)


def test_every_collection_of_a_firm_has_a_rule() -> None:
    for model in tenant_models():
        require_rule(model._meta.db_table)


def test_activity_says_what_was_done_and_of_nobody() -> None:
    entry = {
        "action": "photograph_captioned",
        "actor_id": "a" * 24,
        "actor_name": "Vikram Valuer",
        "target": "Ravi Kumar kitchen.jpg",
        "details": {"file": "b" * 24, "caption": "The kitchen of Ravi Kumar"},
    }
    masked = mask_document("activity_logs", copy.deepcopy(entry), MASKER)
    assert masked["action"] == "photograph_captioned"
    assert masked["target"].endswith(".jpg")
    assert not any(word in json.dumps(masked) for word in ("Vikram", "Ravi", "a" * 24))


def test_a_signature_block_keeps_its_labels_and_loses_its_numbers() -> None:
    block = {
        "name": "Vikram Valuer",
        "registrations": [["IBBI", "IBBI/RV/02/2019/10345"]],
        "phone": "98200 12345",
    }
    masked = mask_document("users_settings", {"user_id": "a" * 24, "valuer_block": block}, MASKER)
    label, number = masked["valuer_block"]["registrations"][0]
    assert label == "IBBI"
    assert number != "IBBI/RV/02/2019/10345"
    assert masked["valuer_block"]["phone"].startswith("000")


def test_a_bank_s_branch_keeps_its_name_and_loses_its_telephone() -> None:
    branches = {"FORT": {"name": "Fort", "phone": "022 1234 5678", "email": "manager@bank.example"}}
    masked = mask_bank_override({"branches": branches}, MASKER)["branches"]["FORT"]
    assert masked["name"] == "Fort"
    assert masked["phone"].startswith("000")
    assert masked["email"].endswith("@example.com")


@pytest.mark.parametrize(
    ("name", "begins"), [("a.jpg", b"\xff\xd8"), ("a.png", b"\x89PNG"), ("a.pdf", b"%PDF-")]
)
def test_a_placeholder_is_of_the_kind_of_the_file(name: str, begins: bytes) -> None:
    assert placeholder_of(name).content.startswith(begins)
