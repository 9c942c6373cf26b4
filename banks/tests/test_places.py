"""The keys of places read back as the places they were made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banks.merging import BANK_FIELDS, BRANCH_FIELDS
from banks.places import FORMAT_ATTRIBUTES, Place, PlaceUnknown, label, parse

codes = st.text("ABZ019._/-@", min_size=1, max_size=12).filter(
    lambda code: code.rpartition(".")[2] not in BRANCH_FIELDS
)
paths = st.sampled_from(["land.value.rate", "common.details.own_zone", "realizable_percent"])
names = st.sampled_from(["general/flat", "home_loan/land_building"])
places = st.one_of(
    st.builds(Place, st.just("bank"), st.sampled_from([*BANK_FIELDS, "hidden"])),
    st.builds(Place, st.just("branch"), st.sampled_from(["", *BRANCH_FIELDS, "hidden"]), codes),
    st.builds(Place, st.sampled_from(["bank", "letterhead", "empanelment"])),
    st.builds(lambda name: Place("format", format_name=name), names),
    st.builds(lambda name, code: Place("format", branch=code, format_name=name), names, codes | st.just("")),
    st.builds(
        lambda attribute, code, name, path: Place("format", attribute, code, name, path),
        st.sampled_from(FORMAT_ATTRIBUTES),
        codes | st.just(""),
        names,
        paths,
    ),
)


@given(places)
def test_a_key_reads_back_as_its_place(place: Place) -> None:
    assert parse(str(place)) == place


@given(places)
def test_every_place_has_words_and_contains_itself(place: Place) -> None:
    assert place.label
    assert place.contains(place)


@pytest.mark.parametrize(
    ("outer", "inner", "contains"),
    [
        ("bank", "bank.name", True),
        ("bank.name", "bank.city", False),
        ("branch.A", "branch.A.phone", True),
        ("branch.A", "branch.B.phone", False),
        ("branch.A.phone", "branch.A", False),
        ("format.general/flat", "format.general/flat/@B1/label/land.value.rate", True),
        ("format.general/flat/@", "format.general/flat/@/label/land.value.rate", True),
        ("format.general/flat/@", "format.general/flat/@B1/label/land.value.rate", False),
        ("format.general/flat", "format.general/land/@/label/land.value.rate", False),
        ("letterhead", "empanelment", False),
    ],
)
def test_what_lies_within_what(outer: str, inner: str, *, contains: bool) -> None:
    assert parse(outer).contains(parse(inner)) is contains


@pytest.mark.parametrize(
    "key", ["", "bank.code", "branch", "branch.", "format.", "format.flat", "format.a/b/c", "letterhead.name"]
)
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(PlaceUnknown, match="no place of a bank"):
        parse(key)


def test_a_key_is_told_in_words() -> None:
    assert label("branch.B1.manager_phone") == "branch B1: manager's phone"
    assert label("format.general/flat/@B1/parameter/say_to") == (
        "format general/flat: figure say_to for branch B1"
    )
    assert label("moon") == "moon"
