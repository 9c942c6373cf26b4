"""A file beside what is there: what is new, what changes, and what is wrong in which cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from banks.exchange.columns import BANKS, BRANCHES, Sheet
from banks.exchange.comparing import Comparison, Outcome, compare, faulty_rows
from banks.exchange.tables import Row, Table, UnreadableFile

FORT: dict[str, Any] = {
    **{name: BRANCHES.absent(name) for name in BRANCHES.columns},
    "code": "FORT",
    "name": "Fort",
    "ifsc": "DEMO0000001",
    "city": "Mumbai",
    "state": "Maharashtra",
    "pin_code": "400001",
    "is_active": True,
}
CAMP = {**FORT, "code": "CAMP", "name": "Camp", "ifsc": "DEMO0000002", "city": "Pune"}
PRESENT = {"FORT": FORT, "CAMP": CAMP}
NEW = {"code": "MAIN", "name": "Main Road", "ifsc": "DEMO0000009", "city": "Pune", "state": "Maharashtra"}


def compared(
    *rows: Mapping[str, str], present: Mapping[str, Any] = PRESENT, sheet: Sheet = BRANCHES
) -> Comparison:
    headings = tuple(dict.fromkeys(name for row in rows for name in row))
    cells = [tuple(row.get(name, "") for name in headings) for row in rows]
    return compare(
        sheet, Table(headings, tuple(Row(number, one) for number, one in enumerate(cells, 2))), present
    )


def faults(*rows: Mapping[str, str], sheet: Sheet = BRANCHES) -> list[str]:
    return [str(fault) for row in compared(*rows, sheet=sheet).rows for fault in row.faults]


def test_a_code_that_is_not_there_is_new() -> None:
    [row] = compared(NEW).of(Outcome.NEW)
    assert (row.code, row.values["ifsc"], row.number) == ("MAIN", "DEMO0000009", 2)


def test_a_change_tells_the_column_and_both_texts() -> None:
    [row] = compared({"code": "FORT", "city": "Navi Mumbai"}).of(Outcome.CHANGED)
    assert [(one.column, one.old, one.new) for one in row.changes] == [("city", "Mumbai", "Navi Mumbai")]


def test_what_the_file_has_no_column_for_stays() -> None:
    [row] = compared({"code": "FORT", "name": "Fort"}).rows
    assert (row.outcome, "pin_code" in row.values) == (Outcome.UNCHANGED, False)


def test_an_empty_cell_empties_the_value() -> None:
    [row] = compared({"code": "FORT", "pin_code": ""}).rows
    assert [(one.old, one.new) for one in row.changes] == [("400001", "")]


def test_spaces_and_small_letters_change_nothing() -> None:
    [row] = compared({"code": "FORT", "ifsc": " demo0000001 ", "name": "Fort "}).rows
    assert row.outcome is Outcome.UNCHANGED


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ifsc": "DEMO1234567"}, "IFSC “DEMO1234567”: An IFSC has four letters, a zero"),
        ({"ifsc": ""}, "IFSC: It is empty. Every branch has one."),
        ({"pin_code": "012345"}, "PIN code “012345”: A PIN code has six digits"),
        ({"micr": "12345678"}, "MICR “12345678”: A MICR code has nine digits."),
        ({"email": "nobody"}, "E-mail “nobody”: Enter a valid email address."),
        ({"phone": "call us"}, "Phone “call us”: A phone number has at least six digits"),
        (
            {"latitude": "91", "longitude": "77"},
            "Latitude “91”: Ensure this value is less than or equal to 90.",
        ),
        ({"latitude": "x", "longitude": "77"}, "Latitude “x”: Write degrees with a point"),
        ({"latitude": "nan", "longitude": "77"}, "Latitude “nan”: Write degrees with a point"),
        ({"latitude": "18.5"}, "Longitude: Give both latitude and longitude, or neither."),
        ({"is_active": "perhaps"}, "Active “perhaps”: Write yes or no."),
        ({"name": "x" * 121}, "at most 120 characters (it has 121)"),
        ({"name": "a\x07b"}, "a character that cannot be seen"),
        ({"code": ""}, "Code: It is empty."),
    ],
)
def test_a_fault_names_column_value_and_way_out(changes: dict[str, str], said: str) -> None:
    assert any(said in fault for fault in faults({**NEW, **changes}))


@pytest.mark.parametrize("number", ["18_52", "१८.५२", "nan", "18,52", "0x12"])
def test_degrees_are_plain_digits(number: str) -> None:
    [latitude] = faults({**NEW, "latitude": number, "longitude": "73.85"})
    assert latitude.startswith(f"Latitude “{number}”: Write degrees with a point")


@pytest.mark.parametrize("number", ["18.52", "-18", "+1.852E+01", "18.", ".5"])
def test_degrees_are_taken_as_spreadsheets_write_them(number: str) -> None:
    assert faults({**NEW, "latitude": number, "longitude": "73.85"}) == []


@pytest.mark.parametrize("unseen", ["\u200b", "\u202e", "\ufeff", "\xad", "\x07"])
def test_what_nobody_can_see_is_refused(unseen: str) -> None:
    assert "a character that cannot be seen" in faults({**NEW, "code": f"MA{unseen}IN"})[0]


def test_the_joiners_of_indian_scripts_are_no_fault() -> None:
    assert faults({**NEW, "name": "क्\u200dष शाखा"}) == []


@pytest.mark.parametrize(
    ("code", "said"), [("..", "a letter or a digit"), ("own_7", "are those of firms' own branches")]
)
def test_a_code_that_no_address_or_a_firms_own_branch_would_have_is_refused(code: str, said: str) -> None:
    assert said in faults({**NEW, "code": code})[0]


def test_a_cell_that_cannot_be_used_is_told_once() -> None:
    cells = tuple(NEW.values())
    table = Table(tuple(NEW), (Row(2, cells, ((1, "It is a formula."),)),))
    [row] = compare(BRANCHES, table, PRESENT).rows
    assert [str(fault) for fault in row.faults] == ["Name “Main Road”: It is a formula."]


def test_a_new_branch_needs_the_columns_that_every_branch_has() -> None:
    assert faults({"code": "MAIN", "name": "Main Road", "ifsc": "DEMO0000009"}) == [
        "City: The file has no such column, and a new branch needs it.",
        "State: The file has no such column, and a new branch needs it.",
    ]


def test_a_code_that_stands_twice_in_the_file_is_told_by_its_row() -> None:
    assert faults(NEW, {**NEW, "ifsc": "DEMO0000010"}) == [
        "Code “MAIN”: Row 2 has it too; each needs its own."
    ]


def test_an_ifsc_of_a_branch_that_the_file_does_not_name_is_refused() -> None:
    assert faults({**NEW, "ifsc": "DEMO0000002"}) == [
        "IFSC “DEMO0000002”: Branch CAMP has it too; each needs its own."
    ]


def test_two_branches_may_change_their_ifsc_for_each_other_s() -> None:
    swapped = compared({"code": "FORT", "ifsc": "DEMO0000002"}, {"code": "CAMP", "ifsc": "DEMO0000001"})
    assert [row.outcome for row in swapped.rows] == [Outcome.CHANGED, Outcome.CHANGED]


def test_an_ifsc_of_other_letters_than_the_others_is_a_warning() -> None:
    comparison = compared({**NEW, "ifsc": "HDFC0000009"})
    assert not comparison.is_faulty
    assert list(comparison.warned[0].warnings) == ["IFSC “HDFC0000009”: most of the bank's begin with DEMO."]


def test_an_unusual_ifsc_that_was_there_before_is_not_warned_of_again() -> None:
    odd = {**FORT, "code": "ODD", "ifsc": "HDFC0000003"}
    assert compared({"code": "ODD", "ifsc": "HDFC0000003"}, present={**PRESENT, "ODD": odd}).warned == []


def test_active_ones_that_the_file_does_not_name_are_missing() -> None:
    closed = {**FORT, "code": "OLD", "is_active": False, "ifsc": "DEMO0000004"}
    assert compared({"code": "FORT"}, present={**PRESENT, "OLD": closed}).missing == ["CAMP"]


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        ("PIN code", "pin_code"),
        ("pincode", "pin_code"),
        ("e-mail", "email"),
        ("Manager's phone", "manager_phone"),
    ],
)
def test_headings_may_be_spelt_as_people_do(heading: str, column: str) -> None:
    assert BRANCHES.column(heading) == column


@pytest.mark.parametrize(
    ("headings", "said"),
    [
        (("code", "colour"), "not known: “colour”"),
        (("code", "city", "City"), "“city” stands twice"),
        (("name", "city"), "no column “code”"),
    ],
)
def test_headings_that_do_not_fit_are_refused(headings: tuple[str, ...], said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        compare(BRANCHES, Table(headings), {})


def test_the_faulty_rows_come_back_as_they_were_sent_and_can_be_sent_again() -> None:
    comparison = compared(NEW, {**NEW, "code": "BAD", "ifsc": "X"})
    headings, rows = faulty_rows(comparison)
    assert headings == [*NEW, "row", "errors"]
    assert rows[0][:2] == ["BAD", "Main Road"]
    assert "An IFSC has four letters" in rows[0][-1]
    mended = [{**dict(zip(headings, rows[0], strict=True)), "ifsc": "DEMO0000010"}]
    assert [row.outcome for row in compared(*mended).rows] == [Outcome.NEW]


def test_a_bank_s_type_is_taken_by_its_label_too() -> None:
    bank = {"code": "demo", "name": "Demo Bank", "bank_type": "Co-operative"}
    [row] = compared(bank, present={}, sheet=BANKS).rows
    assert (row.code, row.values["code"], row.values["bank_type"]) == ("DEMO", "DEMO", "cooperative")


def test_a_type_that_there_is_not_names_those_that_there_are() -> None:
    bank = {"code": "DEMO", "name": "Demo Bank", "bank_type": "village"}
    assert faults(bank, sheet=BANKS) == ["Type “village”: Write one of: public, private, cooperative, nbfc."]
