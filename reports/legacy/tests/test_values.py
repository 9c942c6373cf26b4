"""Old answers as ours: exact where that is certain, refused where it is not."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bson import Binary, Decimal128, Int64, ObjectId, Regex
from hypothesis import given
from hypothesis import strategies as st

from banks.formats.definition import Field, FieldType, Option
from reports.answers import NOT_APPLICABLE
from reports.calculation.values import read_answer
from reports.legacy.values import Around, Unfit, moment_of, typed

INDIA = ZoneInfo("Asia/Kolkata")
OPTIONS = (Option("homes", "Homes and flats"), Option("shops", "Shops"), Option("yes", "Yes"))


def field(kind: str, **more: Any) -> Field:
    return Field("it", FieldType(kind), "It", "tab.section.it", **more)


def around() -> Around:
    branches = (("HTB_001", frozenset({"lighthouse", "htbk0000001"})), ("HTB_002", frozenset({"lighthouse"})))
    return Around(
        zone=INDIA,
        choices={"bank_branches": branches},
        option_values={"tab.section.it": {"old shops": "shops"}},
        files={"65a000000000000000000060": "65a000000000000000000099"},
    )


def answer(question: Field, value: Any) -> Any:
    return typed(question, value, around())


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("12,34,567.00", "1234567"),
        ("Rs. 42 Lac", "4200000"),
        ("₹ 1,25,000/-", "125000"),
        (1250.5, "1250.5"),
        (Int64(7), "7"),
        (Decimal128("12.50"), "12.5"),
        (Decimal("0.10"), "0.1"),
        ({"value": "12"}, "12"),
        (-3, "-3"),
    ],
)
def test_a_number_that_is_certain_is_kept_as_decimal_text(value: Any, kept: str) -> None:
    assert answer(field("currency"), value) == kept


@pytest.mark.parametrize(
    "value",
    [
        "about 40",
        "1,2,3",
        True,
        float("nan"),
        float("inf"),
        Decimal128("NaN"),
        Decimal128("1E+6000"),
        10**30,
        1e-300,
        [1],
        {"value": 1, "other": 2},
        Binary(b"1"),
        Regex("1"),
        "9" * 5000,
    ],
)
def test_what_is_no_certain_number_is_refused(value: Any) -> None:
    with pytest.raises(Unfit):
        answer(field("currency"), value)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("240 sq yd", {"value": "240", "unit": "sq_yd"}),
        ({"value": "1,200", "unit": "sqm"}, {"value": "1200", "unit": "sq_m"}),
        ({"amount": 5, "uom": "Sq. Yds"}, {"value": "5", "unit": "sq_yd"}),
    ],
)
def test_a_measure_keeps_its_unit(value: Any, kept: dict[str, str]) -> None:
    assert answer(field("number_with_unit", units=("sq_yd", "sq_m")), value) == kept


@pytest.mark.parametrize(
    "value", [240, "240", {"value": 240}, {"value": 240, "unit": "acre"}, {"unit": "sqm"}]
)
def test_of_several_units_none_is_guessed(value: Any) -> None:
    with pytest.raises(Unfit):
        answer(field("number_with_unit", units=("sq_yd", "sq_m")), value)


def test_a_figure_with_another_unit_than_the_one_beside_it_is_not_taken() -> None:
    with pytest.raises(Unfit, match="the unit beside it"):
        answer(field("number_with_unit", units=("sq_yd", "sq_m")), {"value": "240 sq yd", "unit": "sqm"})


def test_a_sole_unit_is_no_guess() -> None:
    assert answer(field("number_with_unit", units=("sq_yd",)), 240) == {"value": "240", "unit": "sq_yd"}


@pytest.mark.parametrize(
    "value",
    [
        "2025-03-05",
        "05-03-2025",
        "05/03/2025",
        "5 Mar 2025",
        "2025-03-05T00:00:00",
        # Midnight in India, as browsers wrote it.
        "2025-03-04T18:30:00.000Z",
        datetime(2025, 3, 4, 18, 30, tzinfo=UTC),
        1741113000000,
        1741113000,
    ],
)
def test_a_day_is_kept_as_the_day_it_was_there(value: Any) -> None:
    assert answer(field("date"), value) == "2025-03-05"


@pytest.mark.parametrize(
    "value", ["31-02-2025", "soon", "2025", 20250305, "0000-00-00", "05-03-0025", True, [], 1e300]
)
def test_what_is_no_day_is_refused_or_nothing(value: Any) -> None:
    if value == []:
        assert answer(field("date"), value) is None
        return
    with pytest.raises(Unfit):
        answer(field("date"), value)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("homes", "homes"),
        ("Homes and Flats", "homes"),
        ("old shops", "shops"),
        (True, "yes"),
        ({"value": "shops", "label": "x"}, "shops"),
    ],
)
def test_a_choice_is_found_by_value_label_and_former_value(value: Any, kept: str) -> None:
    assert answer(field("select", options=OPTIONS), value) == kept


def test_an_unknown_choice_is_refused_with_its_words() -> None:
    with pytest.raises(Unfit, match="“barns” is none of the choices"):
        answer(field("radio", options=OPTIONS), "barns")


@pytest.mark.parametrize("value", [["shops", "Homes and flats"], "shops, homes"])
def test_several_choices_stand_in_the_order_of_the_list(value: Any) -> None:
    assert answer(field("multiselect", options=OPTIONS), value) == ["homes", "shops"]


@pytest.mark.parametrize(("value", "kept"), [(True, True), ("No", False), (1, True), ("off", False)])
def test_yes_and_no_are_read_in_their_words(value: Any, kept: bool) -> None:
    assert answer(field("checkbox"), value) is kept


def test_a_branch_is_found_by_code_and_ifsc_and_never_guessed() -> None:
    question = field("select_dynamic", options_source="bank_branches")
    assert answer(question, "HTB_002") == "HTB_002"
    assert answer(question, "HTBK0000001") == "HTB_001"
    with pytest.raises(Unfit, match="may be any of HTB_001, HTB_002"):
        answer(question, "Lighthouse")


def test_a_file_is_the_one_that_comes_over() -> None:
    assert answer(field("file"), ObjectId("65a000000000000000000060")) == "65a000000000000000000099"
    with pytest.raises(Unfit):
        answer(field("file"), "elsewhere.pdf")


def test_text_loses_what_nothing_prints() -> None:
    assert answer(field("text"), "A\0 b\n c ") == "A b c"
    assert answer(field("textarea"), "A\r\nb") == "A\nb"
    assert answer(field("text"), 112) == "112"


@pytest.mark.parametrize("value", [True, {"a": 1}, Binary(b"x"), "x" * 20_001, "\0\1"])
def test_what_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(Unfit):
        answer(field("textarea"), value)


def test_not_applicable_is_an_answer_where_it_may_be_one() -> None:
    assert answer(field("number", not_applicable=True), "NA") == NOT_APPLICABLE
    with pytest.raises(Unfit):
        answer(field("number"), "NA")


@pytest.mark.parametrize("value", ["", "  ", None, [], {}, {"a": ""}])
def test_nothing_is_no_answer(value: Any) -> None:
    assert answer(field("currency"), value) is None


@pytest.mark.parametrize("value", ["never", 5, True, float("nan"), 10**400, -(10**18), {"a": 1}, None])
def test_what_is_no_moment_is_none(value: Any) -> None:
    assert moment_of(value) is None


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.decimals()
    | st.datetimes()
    | st.sampled_from(
        ["NA", "1e9", "²", "٣", "-0", "1,00,000", "0x10", "१२", Decimal128("sNaN"), Regex("(")]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("value unit id x".split()), inner)
    ),
    max_leaves=6,
)


@given(
    st.sampled_from(
        [one for one in FieldType if one not in (FieldType.GROUP, FieldType.TABLE, FieldType.DYNAMIC_TABLE)]
    ),
    anything,
)
def test_any_value_is_an_answer_that_can_be_stored_or_refused(kind: FieldType, value: Any) -> None:
    question = field(kind.value, options=OPTIONS, units=("sq_yd", "sq_m"))
    with suppress(Unfit):
        found = answer(question, value)
        # The calculation takes every figure that was kept.
        read_answer(question, found)
        assert found is None or isinstance(found, str | bool | list | dict)
