"""The demonstration banks and document types."""

from __future__ import annotations

import re
from typing import Any

from banks.formats.reading import load_json
from banks.formats.shipped import DATA_FOLDER, format_files
from banks.models import BankType

IFSC = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}")


def banks() -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = load_json(DATA_FOLDER / "banks.json")["banks"]
    return listed


def branches() -> list[dict[str, Any]]:
    return [branch for bank in banks() for branch in bank["branches"]]


def test_the_banks_of_the_library_are_listed() -> None:
    assert [bank["code"] for bank in banks()] == ["SBI", "BOB", "UBI", "PNB", "UCO", "BOI", "CBI", "HDFC"]


def test_each_bank_is_of_a_known_type() -> None:
    types = {bank["code"]: bank["bank_type"] for bank in banks()}

    assert {code for code, kind in types.items() if kind != "public"} == {"HDFC"}
    assert set(types.values()) <= set(BankType.values)


def test_each_branch_has_the_prefix_of_its_bank() -> None:
    prefixes = {
        "SBI": "SBIN",
        "BOB": "BARB",
        "UBI": "UBIN",
        "PNB": "PUNB",
        "UCO": "UCBA",
        "BOI": "BKID",
        "CBI": "CBIN",
        "HDFC": "HDFC",
    }
    found = {(bank["code"], branch["ifsc"][:4]) for bank in banks() for branch in bank["branches"]}

    assert found == set(prefixes.items())


def test_each_bank_has_three_to_five_branches() -> None:
    assert all(3 <= len(bank["branches"]) <= 5 for bank in banks())


def test_each_branch_has_an_ifsc_of_its_own() -> None:
    codes = [branch["ifsc"] for branch in branches()]

    assert len(set(codes)) == len([code for code in codes if IFSC.fullmatch(code)]) == len(codes)


def test_each_branch_has_a_micr_of_nine_digits() -> None:
    assert all(re.fullmatch(r"[0-9]{9}", branch["micr"]) for branch in branches())


def test_each_branch_lies_in_india() -> None:
    assert all(6 < branch["latitude"] < 38 and 68 < branch["longitude"] < 98 for branch in branches())


def test_no_branch_carries_a_phone_or_e_mail_of_anybody() -> None:
    assert {(branch["phone"], branch["email"]) for branch in branches()} == {("", "")}


def test_each_shipped_format_belongs_to_a_listed_bank() -> None:
    owners = {load_json(path)["format"]["bank_code"] for path in format_files()}

    assert owners <= {bank["code"] for bank in banks()}


def test_each_document_type_has_a_code_of_its_own() -> None:
    types = load_json(DATA_FOLDER / "document_types.json")["document_types"]

    assert len({entry["code"] for entry in types}) == len(types)
