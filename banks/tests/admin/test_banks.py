"""Staff keep banks and their branches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from banks.admin.banks import BranchForm
from banks.branches import BranchProblem, BranchTaken, BranchUnknown, add_branch, change_branch
from banks.models import Bank, Branch
from tenants.context import shared_resources_writable
from tenants.models import AuditEntry, User

ClientFor = Callable[[User], Client]
BRANCH = {
    "code": "DB_MAIN",
    "name": "Main Road",
    "ifsc": "DEMO0000001",
    "city": "Pune",
    "state": "Maharashtra",
    "is_active": "on",
}


@pytest.fixture
def office(staff: User, client_for: ClientFor) -> Client:
    return client_for(staff)


@pytest.fixture
def bank(database: None) -> Bank:
    """A bank with two branches."""
    branches = [
        Branch(code="DB_FORT", name="Fort", ifsc="DEMO0000002", city="Mumbai", state="Maharashtra"),
        Branch(code="DB_CAMP", name="Camp", ifsc="DEMO0000003", city="Pune", state="Maharashtra"),
    ]
    with shared_resources_writable():
        return Bank.objects.create(code="DEMO", name="Demo Bank", bank_type="public", branches=branches)


def url(bank: Bank, page: str, *args: str) -> str:
    return reverse(f"admin:banks_bank_{page}", args=[bank.pk, *args])


def codes(bank: Bank) -> list[str]:
    return [branch.code for branch in Bank.objects.get(pk=bank.pk).branches]


def errors(response: Any) -> dict[str, list[str]]:
    return dict(response.context_data["adminform"].form.errors)


# Banks --------------------------------------------------------------------------------------------------

DEMO = {"name": "Demo Bank", "code": "DEMO", "bank_type": "public", "is_active": "on"}


def test_a_new_bank_is_audited(office: Client, staff: User) -> None:
    office.post(reverse("admin:banks_bank_add"), DEMO)
    entry = AuditEntry.objects.get(action="bank.added")
    assert (entry.actor, entry.target) == (staff.email, "Demo Bank")


def test_a_code_that_does_not_fit_is_refused(office: Client) -> None:
    response = office.post(reverse("admin:banks_bank_add"), {**DEMO, "code": "state bank"})
    assert "capital letters" in errors(response)["code"][0]


def test_a_code_that_is_taken_is_refused(office: Client, bank: Bank) -> None:
    assert "code" in errors(office.post(reverse("admin:banks_bank_add"), DEMO))


def test_a_changed_bank_is_audited_by_field(office: Client, bank: Bank) -> None:
    office.post(url(bank, "change"), {**DEMO, "name": "Demonstration Bank"})
    entry = AuditEntry.objects.get(action="bank.changed")
    assert entry.details == {"changes": {"name": {"from": "Demo Bank", "to": "Demonstration Bank"}}}


def test_the_code_cannot_be_changed(office: Client, bank: Bank) -> None:
    office.post(url(bank, "change"), {**DEMO, "code": "OTHER"})
    assert Bank.objects.get(pk=bank.pk).code == "DEMO"


def test_saving_the_bank_keeps_its_branches(office: Client, bank: Bank) -> None:
    office.post(url(bank, "change"), {**DEMO, "name": "Demonstration Bank"})
    assert codes(bank) == ["DB_FORT", "DB_CAMP"]


def test_a_bank_cannot_be_deleted(office: Client, bank: Bank) -> None:
    assert office.post(url(bank, "delete"), {"post": "yes"}).status_code == 403


def test_the_list_counts_branches_without_fetching_them(office: Client, bank: Bank) -> None:
    response: Any = office.get(reverse("admin:banks_bank_changelist"), {"q": "DEMO"})
    [listed] = response.context_data["cl"].result_list
    assert (listed.branch_number, listed.branches) == (2, [])


# Branches -----------------------------------------------------------------------------------------------


def test_the_bank_s_page_lists_its_branches(office: Client, bank: Bank) -> None:
    page = office.get(url(bank, "change")).content.decode()
    assert "DEMO0000002" in page
    assert "DEMO0000003" in page


def test_branches_are_searched(office: Client, bank: Bank) -> None:
    page = office.get(url(bank, "change"), {"branch": "pune camp"}).content.decode()
    assert ("DB_CAMP" in page, "DB_FORT" in page) == (True, False)


def test_a_thousand_branches_come_by_pages_of_fifty(office: Client, bank: Bank) -> None:
    many = [
        Branch(
            code=f"B{number:04}",
            name=f"Branch {number:04}",
            ifsc=f"DEMO000{number:04}",
            city="Pune",
            state="MH",
        )
        for number in range(1000)
    ]
    with shared_resources_writable():
        Bank.objects.filter(pk=bank.pk).update(branches=many)
    page = office.get(url(bank, "change"), {"page": "2"}).content.decode()
    assert page.count('class="remove"') == 50
    assert "B0050" in page


def test_a_branch_is_added_and_audited(office: Client, bank: Bank, staff: User) -> None:
    office.post(url(bank, "branch_add"), BRANCH)
    entry = AuditEntry.objects.get(action="branch.added")
    assert codes(bank) == ["DB_FORT", "DB_CAMP", "DB_MAIN"]
    assert (entry.actor, entry.target) == (staff.email, "DEMO/DB_MAIN")


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"ifsc": "nonsense"}, "ifsc", "An IFSC has four letters"),
        ({"ifsc": ""}, "ifsc", "required"),
        ({"pin_code": "012345"}, "pin_code", "does not begin with 0"),
        ({"email": "nonsense"}, "email", "valid email"),
        ({"city": ""}, "city", "required"),
        ({"latitude": "91", "longitude": "77"}, "latitude", "less than or equal to 90"),
        ({"latitude": "18.5"}, "longitude", "both latitude and longitude"),
    ],
)
def test_a_wrong_value_names_the_field_and_the_rule(values: dict[str, str], field: str, said: str) -> None:
    with shared_resources_writable():
        form = BranchForm({**BRANCH, **values})
        assert said in form.errors[field][0]


def test_a_well_filled_branch_is_taken() -> None:
    with shared_resources_writable():
        assert BranchForm(BRANCH).is_valid()


@pytest.mark.parametrize(("field", "value"), [("code", "DB_FORT"), ("ifsc", "demo0000002")])
def test_what_another_branch_has_is_refused_at_the_field(
    office: Client, bank: Bank, field: str, value: str
) -> None:
    response = office.post(url(bank, "branch_add"), {**BRANCH, field: value})
    assert "“Fort” (DB_FORT) has this" in errors(response)[field][0]
    assert codes(bank) == ["DB_FORT", "DB_CAMP"]


def test_a_refused_branch_s_page_names_bank_and_branch(office: Client, bank: Bank) -> None:
    page = office.post(url(bank, "branch_change", "DB_FORT"), {**BRANCH, "ifsc": "x"}).content.decode()
    assert "Demo Bank: Fort (DB_FORT)" in page


def test_a_branch_is_changed_in_its_place(office: Client, bank: Bank) -> None:
    office.post(url(bank, "branch_change", "DB_FORT"), {**BRANCH, "code": "DB_FORT", "name": "Old Fort"})
    changed = Bank.objects.get(pk=bank.pk).branches
    assert [branch.name for branch in changed] == ["Old Fort", "Camp"]


def test_a_changed_branch_is_audited_by_field(office: Client, bank: Bank) -> None:
    form = {**BRANCH, "code": "DB_FORT", "name": "Fort", "ifsc": "DEMO0000002", "city": "Navi Mumbai"}
    office.post(url(bank, "branch_change", "DB_FORT"), form)
    entry = AuditEntry.objects.get(action="branch.changed")
    assert entry.details == {"changes": {"city": {"from": "Mumbai", "to": "Navi Mumbai"}}}


def test_a_branch_is_removed_and_audited(office: Client, bank: Bank) -> None:
    office.post(url(bank, "branch_remove", "DB_FORT"))
    assert codes(bank) == ["DB_CAMP"]
    assert AuditEntry.objects.get(action="branch.removed").target == "DEMO/DB_FORT"


def test_opening_the_question_removes_nothing(office: Client, bank: Bank) -> None:
    office.get(url(bank, "branch_remove", "DB_FORT"))
    assert codes(bank) == ["DB_FORT", "DB_CAMP"]


def test_a_branch_that_is_gone_leads_back_with_a_message(office: Client, bank: Bank) -> None:
    page = office.get(url(bank, "branch_change", "DB_GONE"), follow=True).content.decode()
    assert "has no branch “DB_GONE”" in page


def test_a_branch_s_code_may_hold_a_slash(office: Client, bank: Bank, staff: User) -> None:
    add_branch(bank, Branch(code="A/1 b", name="Odd", ifsc="DEMO0000009", city="Pune", state="MH"), by=staff)
    page = office.get(url(bank, "change")).content.decode()
    link = next(part for part in page.split('"') if "branches/A_2F1" in part and "remove" not in part)
    assert office.get(link).status_code == 200


# The verbs ----------------------------------------------------------------------------------------------


def test_what_somebody_else_added_meanwhile_stays(
    bank: Bank, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Branch(code="DB_NEW", name="New", ifsc="DEMO0000008", city="Pune", state="MH")
    raced: list[bool] = []
    require_free = add_branch.__globals__["_require_free"]

    def race(*args: Any) -> None:
        if not raced:
            raced.append(True)
            add_branch(Bank.objects.get(pk=bank.pk), other, by=staff)
        require_free(*args)

    monkeypatch.setitem(add_branch.__globals__, "_require_free", race)
    change_branch(bank, "DB_FORT", Branch(**{**VALUES, "code": "DB_FORT"}), by=staff)
    assert codes(bank) == ["DB_FORT", "DB_CAMP", "DB_NEW"]


VALUES = {"name": "Main Road", "ifsc": "DEMO0000001", "city": "Pune", "state": "Maharashtra"}


def test_an_unknown_branch_is_not_changed(bank: Bank, staff: User) -> None:
    with pytest.raises(BranchUnknown, match="DB_GONE"):
        change_branch(bank, "DB_GONE", Branch(**{**VALUES, "code": "DB_GONE"}), by=staff)


def test_a_branch_cannot_take_another_s_code(bank: Bank, staff: User) -> None:
    with pytest.raises(BranchTaken, match="Camp"):
        change_branch(bank, "DB_FORT", Branch(**{**VALUES, "code": "DB_CAMP"}), by=staff)


def test_a_bank_that_is_gone_is_said(bank: Bank, staff: User) -> None:
    with shared_resources_writable():
        Bank.objects.filter(pk=bank.pk).delete()
    with pytest.raises(BranchProblem, match="does not exist any more"):
        add_branch(bank, Branch(**{**VALUES, "code": "DB_MAIN"}), by=staff)
