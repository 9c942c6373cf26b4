"""A firm's branches, letterhead, empanelment and names of a bank, as a manager changes them."""

from __future__ import annotations

import pytest
from django.test import Client

from banks import overrides
from banks.models import Bank, BankOverride
from banks.pages.tests.asking import BRANCH, FORMAT, NAME, Does, Stored, drawn, send, text_of, url
from tenants.context import no_organization, organization_active, shared_resources_writable
from tenants.models import Organization
from tenants.shared_cache import begin_next_revision

pytestmark = pytest.mark.usefixtures("formats")


def test_a_branch_says_whose_each_value_is(browser: Client, does: Does) -> None:
    does(overrides.change_branch, branch_code="SBI_DEL_CP", values={"manager_name": "Applicant Four"})
    page = text_of(browser.get(url("branch", *BRANCH)))
    assert "Manager Applicant Four your firm's; the bank has nothing" in page
    assert "IFSC SBIN0DEMO01 from the bank" in page


def test_only_what_was_changed_of_a_branch_is_stored(browser: Client, stored: Stored) -> None:
    response = send(browser, url("branch-change", *BRANCH), phone="000 0000 0004")
    assert response["Location"] == url("branch", *BRANCH)
    assert stored().branches == {"SBI_DEL_CP": {"phone": "000 0000 0004"}}


def test_what_stands_wrong_in_a_branch_already_does_not_stop_a_change(
    browser: Client, does: Does, stored: Stored, firm: Organization
) -> None:
    does(overrides.change_branch, branch_code="SBI_DEL_CP", values={"phone": "000 0000 0004"})
    brought = {"SBI_DEL_CP": {"pin_code": "12"}}
    with organization_active(firm.placement):
        BankOverride.objects.filter(bank_code="SBI").update(branches=brought)
    send(browser, url("branch-change", *BRANCH), phone="000 0000 0005")
    assert stored().branches == {"SBI_DEL_CP": {"pin_code": "12", "phone": "000 0000 0005"}}


def test_back_to_the_banks_value_saves_what_else_was_typed(
    browser: Client, does: Does, stored: Stored
) -> None:
    does(overrides.change_branch, branch_code="SBI_DEL_CP", values={"phone": "000 0000 0004"})
    send(browser, url("branch-change", *BRANCH), manager_name="Applicant Four", reset="phone")
    assert stored().branches == {"SBI_DEL_CP": {"manager_name": "Applicant Four"}}


def test_a_wrong_ifsc_is_told_at_its_field_and_nothing_typed_is_lost(browser: Client, stored: Stored) -> None:
    response = send(browser, url("branch-change", *BRANCH), ifsc="SBIN1", phone="000 0000 0004")
    assert response.status_code == 422
    page = response.content.decode()
    assert "An IFSC has four letters, a zero" in page
    assert 'value="000 0000 0004"' in page
    assert stored().version == 0


def test_the_ifsc_of_another_branch_is_refused(browser: Client) -> None:
    response = send(browser, url("branch-change", *BRANCH), ifsc="SBIN0DEMO04")
    assert response.status_code == 422
    assert "has this IFSC already" in text_of(response)


def test_two_who_change_different_values_of_a_branch_both_succeed(
    browser: Client, does: Does, stored: Stored
) -> None:
    opened = drawn(browser, url("branch-change", *BRANCH))
    does(overrides.change_branch, branch_code="SBI_DEL_CP", values={"manager_name": "Applicant Four"})
    response = browser.post(url("branch-change", *BRANCH), {**opened, "phone": "000 0000 0004"})
    assert response.status_code == 302
    assert stored().branches["SBI_DEL_CP"] == {"manager_name": "Applicant Four", "phone": "000 0000 0004"}


def test_what_staff_change_while_a_form_is_open_is_not_pinned_to_what_it_was(
    browser: Client, stored: Stored
) -> None:
    opened = drawn(browser, url("branch-change", *BRANCH))
    with no_organization(), shared_resources_writable():
        bank = Bank.objects.get(code="SBI")
        next(one for one in bank.branches if one.code == BRANCH[1]).landmark = "Clock tower"
        bank.save()
        begin_next_revision()
    browser.post(url("branch-change", *BRANCH), {**opened, "phone": "000 0000 0004"})
    assert stored().branches == {BRANCH[1]: {"phone": "000 0000 0004"}}


def test_limits_that_another_saved_meanwhile_stay(browser: Client, does: Does, stored: Stored) -> None:
    owners = url("bank-format-field", *FORMAT, "general", "records", "owners")
    opened = drawn(browser, owners)
    changes = {"fields": {"general.records.owners": {"max_rows": 4}}}
    does(overrides.change_format, format_name=NAME, changes=changes)
    assert browser.post(owners, {**opened, "label": "Who owns it"}).status_code == 302
    assert stored().formats == {
        NAME: {"all": {"fields": {"general.records.owners": {"label": "Who owns it", "max_rows": 4}}}}
    }


def test_two_who_change_the_same_value_of_a_branch_are_told(
    browser: Client, does: Does, stored: Stored
) -> None:
    page = url("branch-change", *BRANCH)
    opened = drawn(browser, page)
    does(overrides.change_branch, branch_code="SBI_DEL_CP", values={"phone": "000 0000 0004"})
    response = browser.post(page, {**opened, "phone": "000 0000 0005"})
    assert response.status_code == 409
    assert "Keep yours 000 0000 0005 Take theirs 000 0000 0004" in text_of(response)
    again = {
        **opened,
        **response.context["form"].carried,
        "phone": "000 0000 0005",
        "phone__choose": "theirs",
    }
    assert browser.post(page, again).status_code == 302
    assert stored().branches["SBI_DEL_CP"]["phone"] == "000 0000 0004"


def test_a_branch_of_the_firms_own_is_added_changed_and_removed(browser: Client, stored: Stored) -> None:
    values = {"code": "EAST", "name": "East", "ifsc": "sbin0new001", "city": "Pune", "state": "Maharashtra"}
    response = send(browser, url("branch-add", "SBI"), **values)
    assert response["Location"] == url("branch", "SBI", "OWN_EAST")
    send(browser, url("branch-change", "SBI", "OWN_EAST"), phone="000 0000 0004")
    assert stored().branches["OWN_EAST"]["phone"] == "000 0000 0004"
    assert "Reports that name it keep" in text_of(browser.get(url("branch", "SBI", "OWN_EAST")))
    browser.post(url("branch-remove", "SBI", "OWN_EAST"), {"version": "2"})
    assert stored().branches == {}


def test_a_branch_without_a_code_is_called_by_its_ifsc(browser: Client, stored: Stored) -> None:
    values = {"name": "East", "ifsc": "SBIN0NEW001", "city": "Pune", "state": "Maharashtra"}
    send(browser, url("branch-add", "SBI"), **values)
    assert list(stored().branches) == ["OWN_SBIN0NEW001"]


def test_a_branch_of_the_banks_is_not_removed(browser: Client) -> None:
    response = browser.post(url("branch-remove", *BRANCH), {"version": "0"}, follow=True)
    assert "has no branch" in text_of(response)


def test_a_branch_is_hidden_and_shown_again(browser: Client, stored: Stored) -> None:
    browser.post(url("branch-hidden", *BRANCH), {"version": "0", "hidden": "yes"})
    assert "Your firm hides this branch" in text_of(browser.get(url("branch", *BRANCH)))
    browser.post(url("branch-hidden", *BRANCH), {"version": "1", "hidden": "no"})
    assert stored().branches == {}


# Letterhead, empanelment, the bank's names -----------------------------------------------------------


def test_the_letterhead_of_a_bank_has_only_the_lines_that_differ(browser: Client, stored: Stored) -> None:
    send(browser, url("bank-letterhead", "SBI"), tagline="Panel of the bank", address="1 Road\n\n Pune ")
    assert stored().letterhead == {"tagline": "Panel of the bank", "address": "1 Road\nPune"}
    send(browser, url("bank-letterhead", "SBI"), tagline="", address="")
    assert stored().letterhead is None


def test_an_empanelment_is_kept_with_its_days(browser: Client, stored: Stored) -> None:
    page = url("bank-empanelment", "SBI")
    send(browser, page, number="SBI/0042", since="2024-01-01", until="2026-12-31")
    assert stored().empanelment == {"number": "SBI/0042", "since": "2024-01-01", "until": "2026-12-31"}


def test_an_empanelment_without_its_number_is_refused(browser: Client) -> None:
    response = send(browser, url("bank-empanelment", "SBI"), category="A")
    assert response.status_code == 422
    assert "Give the number" in text_of(response)


def test_a_bank_is_named_as_the_firm_names_it(browser: Client, stored: Stored) -> None:
    send(browser, url("bank-change", "SBI"), short_name="SBI")
    assert stored().changes == {"short_name": "SBI"}


def test_a_bank_without_a_name_is_refused(browser: Client) -> None:
    assert send(browser, url("bank-change", "SBI"), name="").status_code == 422
