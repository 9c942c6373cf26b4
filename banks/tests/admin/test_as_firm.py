"""Staff see a bank as one firm sees it: its own values, their origin, what it hides; and change nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from banks import overrides
from banks.admin import as_firm
from banks.admin.as_firm import looking_at
from banks.models import Bank, BankOverride
from tenants.context import active_org_id, organization_active, shared_resources_writable
from tenants.errors import ClusterUnreachable, ReadOnly
from tenants.models import AuditEntry, Organization, User
from tenants.mongodb.monitoring import Command

Commands = Callable[[], AbstractContextManager[list[Command]]]
ClientFor = Callable[[User], Client]
BRANCH = "SBI_MUM_BKC"


@pytest.fixture
def office(staff: User, client_for: ClientFor) -> Client:
    return client_for(staff)


@pytest.fixture
def changed(firm: Organization, manager: User, formats: None) -> Organization:
    """Alpha Valuers, which changes the bank's name, one branch's phone, hides one, adds one, and a figure."""
    with organization_active(firm.placement):
        to: dict[str, Any] = {"bank_code": "SBI", "by": manager}
        made = overrides.change_bank(**to, values={"name": "State Bank, ours"}, base_version=0)
        phone = {"phone": "000 0000 0004"}
        made = overrides.change_branch(**to, branch_code=BRANCH, values=phone, base_version=made.version)
        made = overrides.set_branch_hidden(
            **to, branch_code="SBI_HYD_KOTI", hidden=True, base_version=made.version
        )
        own = {"name": "Our Own Branch", "ifsc": "SBIN0000099", "city": "Pune", "state": "Maharashtra"}
        made = overrides.add_own_branch(**to, branch_code="OURS", values=own, base_version=made.version)
        made = overrides.set_empanelment(**to, values={"number": "EMP-4"}, base_version=made.version)
        overrides.change_format(
            **to,
            format_name="general/flat",
            changes={"parameters": {"realizable_percent": "81"}},
            base_version=made.version,
        )
    return firm


def page_of(code: str = "SBI") -> str:
    return reverse("admin:banks_bank_as_firm", args=[Bank.objects.get(code=code).pk])


def seen(office: Client, firm: Organization, **more: str) -> str:
    response = office.get(page_of(), {"organization": firm.org_id, **more})
    assert response.status_code == 200
    return response.content.decode()


def rows(page: str) -> list[str]:
    """The rows of all tables, each as the text of its cells."""
    found = re.findall(r"<tr>(.*?)</tr>", page, re.S)
    return [
        " | ".join(re.sub(r"<[^>]+>", "", cell).strip() for cell in re.split(r"</t[hd]>", row))
        for row in found
    ]


def test_before_a_firm_is_chosen_it_asks(office: Client, changed: Organization) -> None:
    page = office.get(page_of()).content.decode()
    assert f'value="{changed.org_id}"' in page
    assert "State Bank, ours" not in page


def test_the_firm_s_values_are_told_from_the_bank_s(office: Client, changed: Organization) -> None:
    page = rows(seen(office, changed))
    assert "Name | State Bank, ours | the firm&#x27;s | State Bank of India | " in page
    assert "Type | Public sector | from the bank | the same | " in page


def test_another_firm_sees_what_all_share(office: Client, changed: Organization, rival: Organization) -> None:
    page = seen(office, rival)
    assert "State Bank, ours" not in page
    assert "The firm changes nothing of this bank." in page


def test_its_branches_are_marked(office: Client, changed: Organization) -> None:
    page = "\n".join(rows(seen(office, changed)))
    assert "000 0000 0004 | changed by the firm" in page
    assert "hidden by the firm" in page
    assert "Our Own Branch" in page
    assert "the firm&#x27;s own" in page


def test_a_branch_is_shown_with_the_origin_of_every_value(office: Client, changed: Organization) -> None:
    page = rows(seen(office, changed, branch=BRANCH))
    assert "Phone | 000 0000 0004 | the firm&#x27;s | – | " in page
    assert any(row.startswith("IFSC | SBIN0DEMO02 | from the bank") for row in page)


def test_empanelment_is_shown(office: Client, changed: Organization) -> None:
    assert "EMP-4" in seen(office, changed)


def test_a_format_is_shown_with_the_firm_s_figures_and_their_origin(
    office: Client, changed: Organization
) -> None:
    page = seen(office, changed, format="general/flat")
    assert any(row.startswith("realizable_percent | 81 | the firm&#x27;s") for row in rows(page))
    assert any("from the bank&#x27;s format" in row for row in rows(page))


def test_a_shared_value_that_changed_underneath_is_marked(office: Client, changed: Organization) -> None:
    with shared_resources_writable():
        Bank.objects.filter(code="SBI").update(name="State Bank of India Limited")
    page = seen(office, changed)
    assert "Changed underneath" in page
    assert "Name | State Bank, ours | State Bank of India | State Bank of India Limited | " in rows(page)


def test_that_staff_looked_is_in_the_audit_trail(office: Client, changed: Organization, staff: User) -> None:
    seen(office, changed, branch=BRANCH)
    entry = AuditEntry.objects.get(action="bank.viewed_as_firm")
    assert (entry.actor, entry.org_id, entry.target) == (staff.email, changed.org_id, "SBI")
    assert entry.details == {"branch": BRANCH, "format": ""}


def test_looking_changes_nothing_of_the_firm_s(
    office: Client, changed: Organization, commands: Commands
) -> None:
    with commands() as sent:
        seen(office, changed, format="general/flat")
    assert {one.name for one in sent if one.database == changed.org_id} <= {"find", "aggregate"}


def test_it_costs_so_many_commands(office: Client, changed: Organization, commands: Commands) -> None:
    """The session, the firms, the firm, 3 for the audit; the bank and the format; the firm's part twice."""
    seen(office, changed, format="general/flat")
    page, query = page_of(), {"organization": changed.org_id, "format": "general/flat"}
    with commands() as sent:
        office.get(page, query)
    asked = Counter(one.database for one in sent)
    assert asked == {"valuation_admin": 6, "shared_resources": 2, changed.org_id: 2}


def test_within_it_nothing_can_be_written(changed: Organization) -> None:
    with looking_at(changed):
        assert active_org_id() == changed.org_id
        with pytest.raises(ReadOnly):
            BankOverride.objects.create(bank_code="BOB")
    assert active_org_id() is None


def test_a_firm_that_there_is_not_is_said(office: Client, formats: None) -> None:
    response = office.get(page_of(), {"organization": "nobody"})
    assert (response.status_code, "There is no firm “nobody”" in response.content.decode()) == (404, True)


def test_a_cluster_that_does_not_answer_is_a_sentence(
    office: Client, changed: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def unreachable(organization: Organization) -> Iterator[None]:
        raise ClusterUnreachable(organization.address_setting)
        yield

    monkeypatch.setattr(as_firm, "looking_at", unreachable)
    response = office.get(page_of(), {"organization": changed.org_id})
    assert (response.status_code, "does not answer" in response.content.decode()) == (503, True)


def test_a_format_or_branch_that_there_is_not_is_said(office: Client, changed: Organization) -> None:
    page = seen(office, changed, format="general/nothing", branch="NOWHERE")
    assert "no format “general/nothing” in force" in page
    assert "no branch of this code" in page


def test_nobody_of_a_firm_gets_there(manager: User, client_for: ClientFor, formats: None) -> None:
    assert client_for(manager).get(page_of()).status_code in (302, 403)


# All banks at once --------------------------------------------------------------------------------------


def all_seen(office: Client, firm: Organization) -> list[str]:
    page = office.get(reverse("admin:banks_bank_all_as_firm"), {"organization": firm.org_id})
    assert page.status_code == 200
    return rows(page.content.decode())


def test_all_banks_are_listed_with_how_much_the_firm_changes(office: Client, changed: Organization) -> None:
    listed = all_seen(office, changed)
    assert "State Bank, ours | SBI | Yes | 1 | 2 | 1 | 1 | EMP-4 | " in listed
    assert any(row.startswith("Bank of Baroda | BOB | Yes | – | – | – | – | – ") for row in listed)


def test_a_bank_that_the_firm_hides_is_listed_as_hidden(
    office: Client, firm: Organization, manager: User, formats: None
) -> None:
    with organization_active(firm.placement):
        overrides.set_hidden(bank_code="BOB", hidden=True, by=manager, base_version=0)
    assert any(row.startswith("Bank of Baroda | BOB | Hidden by the firm") for row in all_seen(office, firm))
    page = office.get(page_of("BOB"), {"organization": firm.org_id}).content.decode()
    assert "its people are not offered it" in page


def test_the_list_of_all_costs_eight_commands(
    office: Client, changed: Organization, commands: Commands
) -> None:
    all_seen(office, changed)
    with commands() as sent:
        all_seen(office, changed)
    asked = Counter(one.database for one in sent)
    assert asked == {"valuation_admin": 6, "shared_resources": 1, changed.org_id: 1}


def test_before_a_firm_is_chosen_the_list_asks_too(office: Client, changed: Organization) -> None:
    page = office.get(reverse("admin:banks_bank_all_as_firm")).content.decode()
    assert "Lists the banks as the firm sees them" in page
    assert not AuditEntry.objects.filter(action="bank.viewed_as_firm").exists()
