"""Staff keep banks and their branches."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from banks.admin.banks import BranchForm
from banks.branches import (
    BranchProblem,
    BranchTaken,
    BranchUnknown,
    add_branch,
    change_branch,
    remove_branch,
)
from banks.models import Bank, Branch
from tenants.context import no_organization, shared_resources_writable
from tenants.models import AuditEntry, User
from tenants.mongodb.monitoring import Command

Commands = Callable[[], AbstractContextManager[list[Command]]]
ClientFor = Callable[[User], Client]
BRANCH = {
    "code": "DB_MAIN",
    "name": "Main Road",
    "ifsc": "DEMO0000001",
    "city": "Pune",
    "state": "Maharashtra",
    "is_active": "on",
}

FORT = {"code": "DB_FORT", "name": "Fort", "ifsc": "DEMO0000002", "city": "Mumbai", "state": "Maharashtra"}


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
        ({"micr": "12345678"}, "micr", "nine digits"),
        ({"phone": "call us"}, "phone", "at least six digits"),
        ({"manager_phone": "12"}, "manager_phone", "at least six digits"),
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


def test_a_search_for_what_no_keyboard_has_finds_no_branch(office: Client, bank: Bank) -> None:
    assert office.get(url(bank, "change"), {"branch": "a\x00[("}).status_code == 200


@pytest.mark.parametrize("code", ["..", "OWN_FORT"])
def test_a_code_that_no_address_or_a_firms_own_branch_would_have_is_refused(
    office: Client, bank: Bank, code: str
) -> None:
    response: Any = office.post(url(bank, "branch_add"), {**BRANCH, "code": code})
    assert "code" in response.context["errors"]
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


def test_of_two_staff_who_change_a_branch_the_second_is_told(office: Client, bank: Bank, staff: User) -> None:
    page = url(bank, "branch_change", "DB_FORT")
    base = office.get(page).context["base"]
    change_branch(bank, "DB_FORT", Branch(**(FORT | {"phone": "000 0000 0004"})), by=staff)
    typed = {**FORT, "is_active": "on", "email": "fort@example.com"}

    answer = office.post(page, {**typed, "base": base})
    kept = Bank.objects.get(pk=bank.pk).branches[0]
    office.post(page, {**typed, "base": answer.context["base"]})

    assert "changed this branch since you opened it" in answer.content.decode()
    assert (kept.phone, kept.email) == ("000 0000 0004", "")
    assert Bank.objects.get(pk=bank.pk).branches[0].email == "fort@example.com"


def test_two_staff_who_save_a_branch_at_once_do_not_undo_each_other(
    office: Client, bank: Bank, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = url(bank, "branch_change", "DB_FORT")
    typed = {**BRANCH, **FORT, "email": "fort@example.com", "base": office.get(page).context["base"]}

    def another_saves_first(*_: Any, **__: Any) -> str:
        """After the page looked at the branch, before it writes."""
        change_branch(bank, "DB_FORT", Branch(**(FORT | {"phone": "000 0000 0004"})), by=staff)
        return ""

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("banks.admin.banks.unusual_ifsc", another_saves_first)
        answer = office.post(page, typed)
    kept = Bank.objects.get(pk=bank.pk).branches[0]
    assert (kept.phone, kept.email) == ("000 0000 0004", "")
    assert "changed this branch since you opened it" in answer.content.decode()
    office.post(page, {**typed, "base": answer.context["base"]})
    assert Bank.objects.get(pk=bank.pk).branches[0].email == "fort@example.com"


def test_a_branch_older_than_some_fields_is_changed(office: Client, bank: Bank, staff: User) -> None:
    with no_organization(), shared_resources_writable():
        connection: Any = connections["shared"]
        connection.get_collection("banks").update_one(
            {"_id": bank.pk}, {"$unset": {"branches.0.landmark": 1, "branches.0.is_active": 1}}
        )
    office.post(url(bank, "branch_change", "DB_FORT"), {**BRANCH, **FORT, "landmark": "Clock tower"})
    assert Bank.objects.get(pk=bank.pk).branches[0].landmark == "Clock tower"


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


def test_what_somebody_else_added_since_the_page_was_opened_stays(bank: Bank, staff: User) -> None:
    opened = Bank.objects.get(pk=bank.pk)
    add_branch(bank, Branch(code="DB_NEW", name="New", ifsc="DEMO0000008", city="Pune", state="MH"), by=staff)
    change_branch(opened, "DB_FORT", Branch(**{**VALUES, "code": "DB_FORT"}), by=staff)
    assert codes(bank) == ["DB_FORT", "DB_CAMP", "DB_NEW"]


def test_of_two_who_take_the_same_code_at_once_one_is_refused(bank: Bank, staff: User) -> None:
    def add(number: int) -> bool:
        branch = Branch(**{**VALUES, "code": "DB_MAIN", "ifsc": f"DEMO000100{number}"})
        try:
            with no_organization():
                add_branch(bank, branch, by=staff)
        except BranchTaken:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(add, range(4))) == [False, False, False, True]
    assert codes(bank).count("DB_MAIN") == 1


def test_changing_a_branch_sends_that_branch_and_no_other(
    bank: Bank, staff: User, commands: Commands
) -> None:
    with commands() as sent:
        change_branch(bank, "DB_FORT", Branch(**{**VALUES, "code": "DB_FORT"}), by=staff)
    assert [one.name for one in sent if one.collection == "banks"] == ["findAndModify"]


def test_what_no_form_has_stays_with_the_branch(office: Client, bank: Bank) -> None:
    with shared_resources_writable():
        kept = Bank.objects.get(pk=bank.pk)
        kept.branches[0].legacy = {"id": "old"}
        kept.save()
    office.post(url(bank, "branch_change", "DB_FORT"), {**BRANCH, "code": "DB_FORT", "ifsc": "DEMO0000002"})
    [changed, _] = Bank.objects.get(pk=bank.pk).branches
    assert (changed.name, changed.legacy) == ("Main Road", {"id": "old"})


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


# Ten thousand branches ----------------------------------------------------------------------------------


@pytest.fixture
def large(bank: Bank) -> Bank:
    """A bank of 3,000 branches, as the server has them."""
    connection: Any = connections["shared"]
    branches = [
        {
            "code": f"B{number:05}",
            "name": f"Branch {number:05}",
            "ifsc": f"DEMO0{number:06}",
            "city": "Pune",
            "state": "Maharashtra",
            "is_active": True,
        }
        for number in range(3_000)
    ]
    with shared_resources_writable():
        connection.get_collection("banks").update_one({"_id": bank.pk}, {"$set": {"branches": branches}})
    return bank


def objects_made(monkeypatch: pytest.MonkeyPatch) -> list[Branch]:
    """Every Branch that is made from now on."""
    made: list[Branch] = []
    init = Branch.__init__

    def count(self: Branch, *args: Any, **kwargs: Any) -> None:
        made.append(self)
        init(self, *args, **kwargs)

    monkeypatch.setattr(Branch, "__init__", count)
    return made


@pytest.mark.parametrize("query", [{}, {"branch": "branch 0299"}, {"page": "60"}], ids=str)
def test_a_bank_s_page_costs_three_commands_and_makes_the_branches_it_shows(
    office: Client, large: Bank, commands: Commands, monkeypatch: pytest.MonkeyPatch, query: dict[str, str]
) -> None:
    # The content type of banks is asked for once, and then kept.
    office.get(url(large, "change"))
    made = objects_made(monkeypatch)
    with commands() as sent:
        page = office.get(url(large, "change"), query).content.decode()
    assert page.count('class="remove"') == len(made) <= 50
    assert [one.collection for one in sent] == ["sessions", "banks", "banks"]


def test_a_page_beyond_the_last_is_the_last(office: Client, large: Bank) -> None:
    page = office.get(url(large, "change"), {"page": "999"}).content.decode()
    assert "B02999" in page
    assert "Page 60 of 60" in page


def test_the_words_of_a_search_are_text(office: Client, bank: Bank) -> None:
    page = office.get(url(bank, "change"), {"branch": ".*"}).content.decode()
    assert "No branch has “.*”" in page


@pytest.mark.parametrize("query", ["demo0000003", "camp", "pune", "DB_CAMP", "demo bank"])
def test_a_bank_is_found_by_what_its_branches_have(
    office: Client, bank: Bank, commands: Commands, query: str
) -> None:
    office.get(reverse("admin:banks_bank_changelist"))
    with commands() as sent:
        response: Any = office.get(reverse("admin:banks_bank_changelist"), {"q": query})
    assert [one.code for one in response.context_data["cl"].result_list] == ["DEMO"]
    assert len(sent) <= 5


@pytest.mark.parametrize("query", ["nowhere", ".*", "DEMO0000002 camp"])
def test_words_must_be_one_branch_s_and_are_no_expression(office: Client, bank: Bank, query: str) -> None:
    response: Any = office.get(reverse("admin:banks_bank_changelist"), {"q": query})
    assert list(response.context_data["cl"].result_list) == []


# An IFSC of other letters -------------------------------------------------------------------------------

ODD = {**BRANCH, "ifsc": "HDFC0000001"}


def test_an_ifsc_unlike_the_bank_s_others_is_asked_about(office: Client, bank: Bank) -> None:
    response: Any = office.post(url(bank, "branch_add"), ODD)
    assert "begin with DEMO" in errors(response)["ifsc"][0]
    assert 'name="ifsc_confirmed"' in response.content.decode()
    assert codes(bank) == ["DB_FORT", "DB_CAMP"]


def test_it_is_taken_once_somebody_says_that_it_is_right(office: Client, bank: Bank) -> None:
    office.post(url(bank, "branch_add"), {**ODD, "ifsc_confirmed": "on"})
    assert codes(bank) == ["DB_FORT", "DB_CAMP", "DB_MAIN"]


def test_a_bank_s_only_branch_is_compared_with_none(office: Client, bank: Bank, staff: User) -> None:
    remove_branch(bank, "DB_CAMP", by=staff)
    office.post(url(bank, "branch_change", "DB_FORT"), {**ODD, "code": "DB_FORT"})
    assert [branch.ifsc for branch in Bank.objects.get(pk=bank.pk).branches] == ["HDFC0000001"]


def test_the_question_is_not_there_before_it_is_asked(office: Client, bank: Bank) -> None:
    assert "ifsc_confirmed" not in office.get(url(bank, "branch_add")).content.decode()


# A branch that is older than some of the fields -----------------------------------------------------------


@pytest.fixture
def older(bank: Bank) -> Bank:
    """With one branch, stored before there was an area, a landmark or a manager."""
    branch = {"code": "OLD", "name": "Old", "ifsc": "DEMO0000004", "city": "Pune", "state": "Maharashtra"}
    connection: Any = connections["shared"]
    with shared_resources_writable():
        connection.get_collection("banks").update_one({"_id": bank.pk}, {"$set": {"branches": [branch]}})
    return bank


def test_an_older_branch_is_listed_and_opened(office: Client, older: Bank) -> None:
    assert "DEMO0000004" in office.get(url(older, "change")).content.decode()
    assert office.get(url(older, "branch_change", "OLD")).status_code == 200


def test_an_older_branch_is_changed(office: Client, older: Bank) -> None:
    form = {**BRANCH, "code": "OLD", "ifsc": "DEMO0000004", "area": "Camp"}
    office.post(url(older, "branch_change", "OLD"), form)
    [branch] = Bank.objects.get(pk=older.pk).branches
    assert (branch.name, branch.area, branch.manager_name) == ("Main Road", "Camp", "")
