"""A firm changes a bank: checked, guarded by its version, recorded by place."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connections

from banks.managed import ManagedBank
from banks.merging import Origin
from banks.models import Bank, BankOverride
from banks.overrides import (
    BankUnknown,
    BranchUnknown,
    FormatUnknown,
    OverrideProblem,
    accept_shared_change,
    add_own_branch,
    change_bank,
    change_branch,
    change_format,
    override_of,
    remove_own_branch,
    reset,
    set_branch_hidden,
    set_empanelment,
    set_hidden,
    set_letterhead,
)
from banks.queries import (
    MergedFormat,
    bank_to_manage,
    branches_page,
    merged_format,
    visible_bank,
)
from tenants.context import no_organization, shared_resources_writable
from tenants.models import ActivityEntry, User
from tenants.mongodb.monitoring import Command

pytestmark = pytest.mark.usefixtures("formats", "in_firm")

Commands = Callable[[], AbstractContextManager[list[Command]]]
BRANCH = "SBI_BLR_MGR"
LAND = "general/land_building"
APPLICANT = "common.details.applicant_name"
CAMP = {"name": "Camp Counter", "ifsc": "SBIN0099999", "city": "Pune", "state": "Maharashtra"}
ZONE = {
    "section": "common.details",
    "after": "purpose",
    "field": {"id": "own_zone", "type": "text", "label": "Zone"},
}


def recorded() -> tuple[str, Any]:
    """The action and the changes of the newest entry."""
    entry = ActivityEntry.objects.order_by("-pk").first()
    assert entry is not None
    assert entry.target == "SBI"
    return entry.action, entry.details["changes"]


def managed() -> ManagedBank:
    found = bank_to_manage("SBI")
    assert found is not None
    return found


def the_format(branch: str = "") -> MergedFormat:
    found = merged_format("SBI", LAND, branch)
    assert found is not None
    return found


def shared(**values: Any) -> None:
    """Staff change the shared bank."""
    with no_organization(), shared_resources_writable():
        Bank.objects.filter(code="SBI").update(**values)


def problems_of(action: Callable[..., Any], **wanted: Any) -> dict[str, str]:
    with pytest.raises(OverrideProblem) as refused:
        action(bank_code="SBI", **wanted)
    return dict(refused.value.problems)


# Values of the bank ------------------------------------------------------------------------------------


def test_a_changed_value_is_seen_and_recorded(manager: User) -> None:
    new = change_bank(bank_code="SBI", values={"short_name": "SBI Blr"}, by=manager, base_version=0)

    bank = managed()
    assert (bank.values["short_name"], bank.origins["short_name"]) == ("SBI Blr", Origin.FIRM)
    assert (bank.shared["short_name"], bank.version, new.version) == ("State Bank of India", 1, 1)
    assert recorded() == (
        "override_changed",
        {"bank.short_name": {"from": "State Bank of India", "to": "SBI Blr"}},
    )


def test_a_value_like_the_shared_one_is_no_change(manager: User) -> None:
    change_bank(bank_code="SBI", values={"city": "Pune"}, by=manager, base_version=0)
    change_bank(bank_code="SBI", values={"city": "Mumbai"}, by=manager, base_version=1)

    assert (override_of("SBI").changes, override_of("SBI").under) == ({}, None)
    assert managed().changes == ()


def test_what_changes_nothing_writes_nothing(manager: User) -> None:
    new = change_bank(bank_code="SBI", values={"city": "Mumbai"}, by=manager, base_version=0)

    assert (new.version, BankOverride.objects.count(), ActivityEntry.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"name": ""}, "name", "cannot be empty"),
        ({"bank_type": "pawn"}, "bank_type", "not a valid choice"),
        ({"name": "x" * 121}, "name", "at most 120 characters"),
        ({"code": "QQ"}, "code", "is not known"),
        ({"city": "a\x00b"}, "city", "nobody can see"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(
    values: dict[str, Any], field: str, sentence: str, manager: User
) -> None:
    problems = problems_of(change_bank, values=values, by=manager, base_version=0)
    assert sentence in problems[field]
    assert BankOverride.objects.count() == 0


def test_a_bank_that_is_not_there_is_not_changed(manager: User) -> None:
    with pytest.raises(BankUnknown, match="no bank NONE"):
        change_bank(bank_code="NONE", values={"city": "Pune"}, by=manager, base_version=0)


def test_a_hidden_bank_is_managed_and_not_offered(manager: User) -> None:
    set_hidden(bank_code="SBI", hidden=True, by=manager, base_version=0)

    assert visible_bank("SBI") is None
    assert managed().hidden
    assert recorded()[1] == {"bank.hidden": {"from": False, "to": True}}


# Branches ----------------------------------------------------------------------------------------------


def test_a_changed_contact_of_a_branch(manager: User) -> None:
    change_branch(
        bank_code="SBI", branch_code=BRANCH, values={"phone": "000 0000 0004"}, by=manager, base_version=0
    )

    branch = managed().branch(BRANCH)
    assert branch is not None
    assert (branch.values["phone"], branch.origins["phone"], branch.own) == (
        "000 0000 0004",
        Origin.FIRM,
        False,
    )
    assert branch.origins["name"] is Origin.SHARED


def test_an_own_branch_comes_and_goes(manager: User) -> None:
    add_own_branch(bank_code="SBI", branch_code="camp", values=CAMP, by=manager, base_version=0)
    found, total = branches_page("SBI", "camp pune", 0, 10)
    remove_own_branch(bank_code="SBI", branch_code="OWN_CAMP", by=manager, base_version=1)

    assert ([(branch.code, branch.own) for branch in found], total) == ([("OWN_CAMP", True)], 1)
    assert branches_page("SBI", "camp pune", 0, 10) == ([], 0)
    assert recorded() == ("override_reset", {"branch.OWN_CAMP": {"from": CAMP, "to": None}})


def test_an_own_branch_is_changed_value_by_value(manager: User) -> None:
    add_own_branch(bank_code="SBI", branch_code="camp", values=CAMP, by=manager, base_version=0)
    change_branch(
        bank_code="SBI", branch_code="OWN_CAMP", values={"city": "Nashik"}, by=manager, base_version=1
    )

    bank = visible_bank("SBI")
    assert bank is not None
    branch = bank.branch("OWN_CAMP")
    assert branch is not None
    assert (branch.values["city"], branch.name, branch.own) == ("Nashik", "Camp Counter", True)


@pytest.mark.parametrize(
    ("code", "values", "field", "sentence"),
    [
        ("a b", {}, "code", "letters, digits"),
        ("", {}, "code", "letters, digits"),
        ("ok", {"name": ""}, "name", "cannot be empty"),
        ("ok", {"ifsc": "SBIN123"}, "ifsc", "four letters, a zero"),
        ("ok", {"ifsc": "SBIN0040001"}, "ifsc", "has this IFSC already"),
        ("ok", {"pin_code": "011111"}, "pin_code", "six digits"),
        ("ok", {"email": "nobody"}, "email", "valid email"),
        ("ok", {"latitude": 91.0, "longitude": 73.0}, "latitude", "90"),
        ("ok", {"latitude": 18.0}, "latitude", "or neither"),
    ],
)
def test_a_wrong_branch_is_refused_by_the_field(
    code: str, values: dict[str, Any], field: str, sentence: str, manager: User
) -> None:
    taken = Bank.objects.get(code="SBI").branches[0].ifsc
    given = {**CAMP, **values, **({"ifsc": taken} if values.get("ifsc") == "SBIN0040001" else {})}
    problems = problems_of(add_own_branch, branch_code=code, values=given, by=manager, base_version=0)
    assert sentence in problems[field]


def test_an_own_branch_has_a_code_of_its_own(manager: User) -> None:
    add_own_branch(bank_code="SBI", branch_code="OWN_CAMP", values=CAMP, by=manager, base_version=0)
    again = {**CAMP, "ifsc": "SBIN0099998"}
    problems = problems_of(add_own_branch, branch_code="camp", values=again, by=manager, base_version=1)
    assert "OWN_CAMP already" in problems["code"]


def test_a_hidden_branch_is_managed_and_not_offered(manager: User) -> None:
    set_branch_hidden(bank_code="SBI", branch_code=BRANCH, hidden=True, by=manager, base_version=0)
    bank = visible_bank("SBI")
    assert bank is not None
    assert bank.branch(BRANCH) is None
    assert BRANCH not in {branch.code for branch in bank.branches}
    shown, total = branches_page("SBI", "", 0, 50, include_hidden=True)
    assert BRANCH in {branch.code for branch in shown if branch.hidden}
    assert total == len(bank.branches) + 1

    set_branch_hidden(bank_code="SBI", branch_code=BRANCH, hidden=False, by=manager, base_version=1)
    assert override_of("SBI").branches == {}


@pytest.mark.parametrize("action", [change_branch, set_branch_hidden, remove_own_branch])
def test_a_branch_that_is_not_there_is_not_changed(action: Callable[..., Any], manager: User) -> None:
    wanted: dict[Any, Any] = {change_branch: {"values": {}}, set_branch_hidden: {"hidden": True}}
    with pytest.raises(BranchUnknown, match="SBI has no branch NOWHERE"):
        action(bank_code="SBI", branch_code="NOWHERE", by=manager, base_version=0, **wanted.get(action, {}))


def test_a_shared_branch_cannot_be_removed(manager: User) -> None:
    with pytest.raises(BranchUnknown):
        remove_own_branch(bank_code="SBI", branch_code=BRANCH, by=manager, base_version=0)


# Letterhead and empanelment ----------------------------------------------------------------------------


def test_the_letterhead_for_a_bank_is_set_and_taken_back(manager: User) -> None:
    set_letterhead(
        bank_code="SBI", values={"name": "Alpha for SBI", "phone": " "}, by=manager, base_version=0
    )
    assert managed().letterhead == {"name": "Alpha for SBI"}
    set_letterhead(bank_code="SBI", values=None, by=manager, base_version=1)
    assert managed().letterhead is None


def test_the_empanelment_is_set_and_reset(manager: User) -> None:
    values = {"number": "SBI/2024/17", "category": "A", "since": "2024-04-01"}
    set_empanelment(bank_code="SBI", values=values, by=manager, base_version=0)
    assert managed().empanelment == values
    reset(bank_code="SBI", place="empanelment", by=manager, base_version=1)
    assert managed().empanelment is None


@pytest.mark.parametrize(
    ("action", "values", "field"),
    [
        (set_letterhead, {"colour": "red"}, "colour"),
        (set_letterhead, {"email": "nobody"}, "email"),
        (set_letterhead, {"name": "x" * 121}, "name"),
        (set_empanelment, {"number": "1", "since": "soon"}, "since"),
        (set_empanelment, {"number": "1", "since": "2024-01-02", "until": "2024-01-01"}, "until"),
        (set_empanelment, {"category": "A"}, "number"),
    ],
)
def test_a_wrong_line_is_refused_by_its_name(
    action: Callable[..., Any], values: dict[str, str], field: str, manager: User
) -> None:
    assert field in problems_of(action, values=values, by=manager, base_version=0)


# Formats -----------------------------------------------------------------------------------------------


def test_a_changed_format_says_where_each_value_is_from(manager: User) -> None:
    change_format(
        bank_code="SBI",
        format_name=LAND,
        changes={
            "parameters": {"realizable_percent": "85"},
            "fields": {APPLICANT: {"label": "Borrower"}},
            "added": [ZONE],
        },
        by=manager,
        base_version=0,
    )
    change_format(
        bank_code="SBI",
        format_name=LAND,
        changes={"parameters": {"realizable_percent": "80"}},
        branch_code=BRANCH,
        by=manager,
        base_version=1,
    )

    found, of_branch = the_format(), the_format(BRANCH)
    assert found.origins[f"{APPLICANT}.label"] is Origin.FIRM
    assert found.origins[APPLICANT] is Origin.SHARED
    assert found.origins["common.details.own_zone"] is Origin.FIRM
    assert str(found.definition.parameters["realizable_percent"]) == "85"
    assert str(of_branch.definition.parameters["realizable_percent"]) == "80"
    assert of_branch.origins["parameters.realizable_percent"] is Origin.BRANCH
    assert managed().formats[[one.name for one in managed().formats].index(LAND)].branches == (BRANCH,)


def test_a_change_that_says_what_the_format_says_is_left_out(manager: User) -> None:
    same = {"fields": {APPLICANT: {"label": "Name of the applicant", "hidden": False, "required": True}}}
    new = change_format(bank_code="SBI", format_name=LAND, changes=same, by=manager, base_version=0)
    assert (new.version, new.formats) == (0, None)


def test_a_branch_may_go_back_to_what_the_bank_says(manager: User) -> None:
    firm = {"parameters": {"realizable_percent": "85"}}
    back = {"parameters": {"realizable_percent": "90"}}
    change_format(bank_code="SBI", format_name=LAND, changes=firm, by=manager, base_version=0)
    change_format(
        bank_code="SBI", format_name=LAND, changes=back, branch_code=BRANCH, by=manager, base_version=1
    )
    assert str(the_format(BRANCH).definition.parameters["realizable_percent"]) == "90"


@pytest.mark.parametrize(
    ("changes", "key", "sentence"),
    [
        (
            {"fields": {"land.valuation.adopted_rate": {"hidden": True}}},
            f"format.{LAND}/@/hidden/land.valuation.adopted_rate",
            "Others need this",
        ),
        (
            {"fields": {"common.details.branch": {"hidden": True}}},
            f"format.{LAND}/@/hidden/common.details.branch",
            "cannot be hidden",
        ),
        (
            {"parameters": {"realizable_percent": "140"}},
            f"format.{LAND}/@/parameter/realizable_percent",
            "0 to 100",
        ),
        (
            {
                "added": [
                    {
                        **ZONE,
                        "field": {
                            "id": "own_sum",
                            "type": "calculated",
                            "label": "S",
                            "formula": "nowhere * 2",
                        },
                    }
                ]
            },
            f"format.{LAND}/@/added/common.details.own_sum",
            "nowhere",
        ),
        ({"colours": {}}, f"format.{LAND}/@", "colours is not known"),
    ],
)
def test_a_change_that_breaks_the_format_is_refused_at_its_place(
    changes: dict[str, Any], key: str, sentence: str, manager: User
) -> None:
    problems = problems_of(change_format, format_name=LAND, changes=changes, by=manager, base_version=0)
    assert sentence in problems[key]


def test_a_format_that_is_not_in_force_is_not_changed(manager: User) -> None:
    with pytest.raises(FormatUnknown, match="no format general/castle"):
        change_format(bank_code="SBI", format_name="general/castle", changes={}, by=manager, base_version=0)
    assert merged_format("SBI", "general/castle") is None


def test_a_field_that_a_branch_changes_is_not_taken_back_under_it(manager: User) -> None:
    change_format(bank_code="SBI", format_name=LAND, changes={"added": [ZONE]}, by=manager, base_version=0)
    change_format(
        bank_code="SBI",
        format_name=LAND,
        changes={"fields": {"common.details.own_zone": {"label": "Ward"}}},
        branch_code=BRANCH,
        by=manager,
        base_version=1,
    )
    place = f"format.{LAND}/@/added/common.details.own_zone"
    reset(bank_code="SBI", place=place, by=manager, base_version=2)
    assert [one.problem for one in the_format(BRANCH).stale] != [""]
    assert "common.details.own_zone" not in the_format(BRANCH).origins


# Taking back, and what changed underneath --------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "left"),
    [
        ("bank.city", {"changes": {"name": "Ours"}}),
        ("bank", {"changes": {}}),
        (f"branch.{BRANCH}.phone", {"branches": {BRANCH: {"email": "a@example.com"}}}),
        (f"branch.{BRANCH}", {"branches": {}}),
        (f"format.{LAND}/@/label/{APPLICANT}", {"formats": {LAND: {"all": {"added": [ZONE]}}}}),
        (f"format.{LAND}", {"formats": None}),
    ],
)
def test_a_place_is_reset_with_all_within_it_and_nothing_else(
    place: str, left: dict[str, Any], manager: User
) -> None:
    values = {"phone": "000 0000 0004", "email": "a@example.com"}
    changes = {"fields": {APPLICANT: {"label": "Borrower"}}, "added": [ZONE]}
    change_bank(bank_code="SBI", values={"city": "Pune", "name": "Ours"}, by=manager, base_version=0)
    change_branch(bank_code="SBI", branch_code=BRANCH, values=values, by=manager, base_version=1)
    change_format(bank_code="SBI", format_name=LAND, changes=changes, by=manager, base_version=2)
    before = override_of("SBI")

    after = reset(bank_code="SBI", place=place, by=manager, base_version=3)

    stored = override_of("SBI")
    for name in ("changes", "branches", "formats"):
        assert getattr(stored, name) == left.get(name, getattr(before, name))
    assert not [key for key in stored.under or {} if key.startswith(place)]
    assert (after.version, recorded()[0]) == (4, "override_reset")


@pytest.mark.parametrize("place", ["", "bank.code", "branch", "format.flat", "format.a/b/c", "moon"])
def test_what_is_no_place_is_not_reset(place: str, manager: User) -> None:
    assert "no place" in problems_of(reset, place=place, by=manager, base_version=0)[place]


def test_a_shared_value_that_changed_underneath_is_told_until_it_is_accepted(manager: User) -> None:
    change_bank(bank_code="SBI", values={"city": "Pune"}, by=manager, base_version=0)
    assert managed().stale == ()
    shared(city="Navi Mumbai")

    (stale,) = managed().stale
    assert (stale.place, stale.ours, stale.was, stale.shared) == (
        "bank.city",
        "Pune",
        "Mumbai",
        "Navi Mumbai",
    )
    accept_shared_change(bank_code="SBI", place="bank.city", by=manager, base_version=1)

    assert managed().stale == ()
    assert managed().values["city"] == "Pune"
    assert recorded() == ("override_accepted", {"bank.city": {"from": "Mumbai", "to": "Navi Mumbai"}})


def test_a_change_of_a_branch_that_is_gone_is_told_and_shown_nowhere(manager: User) -> None:
    values = {"name": "Our name", "phone": "000 0000 0004"}
    change_branch(bank_code="SBI", branch_code=BRANCH, values=values, by=manager, base_version=0)
    shared(branches=[one for one in Bank.objects.get(code="SBI").branches if one.code != BRANCH])

    bank = visible_bank("SBI")
    assert bank is not None
    assert bank.branch(BRANCH) is None
    assert {one.place for one in managed().stale} == {f"branch.{BRANCH}.name", f"branch.{BRANCH}.phone"}
    reset(bank_code="SBI", place=f"branch.{BRANCH}", by=manager, base_version=1)
    assert managed().stale == ()


def test_a_question_is_not_taken_away_while_a_branch_s_own_stands_upon_it(manager: User) -> None:
    condition = {"field": "own_zone", "operator": "==", "value": "North"}
    upon = {
        **ZONE,
        "field": {"id": "own_north", "type": "text", "label": "Why north", "condition": condition},
    }
    given: dict[str, Any] = {"bank_code": "SBI", "format_name": LAND, "by": manager}
    change_format(**given, changes={"added": [ZONE]}, base_version=0)
    change_format(**given, changes={"added": [upon]}, branch_code=BRANCH, base_version=1)

    with pytest.raises(OverrideProblem, match="own_north"):
        change_format(**given, changes={}, base_version=2)


def test_a_branch_older_than_a_field_has_changed_no_more_than_one_whose_field_is_empty(
    manager: User,
) -> None:
    with no_organization(), shared_resources_writable():
        connections["shared"].get_collection("banks").update_one(  # type: ignore[attr-defined]
            {"code": "SBI", "branches.code": BRANCH}, {"$unset": {"branches.$.area": 1}}
        )
    change_branch(bank_code="SBI", branch_code=BRANCH, values={"area": "Fort"}, by=manager, base_version=0)

    assert managed().stale == ()
