"""Staff upload a file, look at what it would do, and confirm; or take one away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from banks.exchange.tables import MOST_BYTES, read_table
from banks.models import Bank, Branch
from tenants.context import shared_resources_writable
from tenants.models import User

ClientFor = Callable[[User], Client]
HEAD = "code,name,ifsc,city,state\n"
NEW = f"{HEAD}MAIN,Main Road,DEMO0000009,Pune,Maharashtra\n"
FAULTY = f"{NEW}BAD,<b>Bad</b>,X,Pune,Maharashtra\n"


@pytest.fixture
def office(staff: User, client_for: ClientFor) -> Client:
    return client_for(staff)


@pytest.fixture
def bank(database: None) -> Bank:
    branch = Branch(code="FORT", name="Fort", ifsc="DEMO0000002", city="Mumbai", state="Maharashtra")
    with shared_resources_writable():
        return Bank.objects.create(code="DEMO", name="Demo Bank", bank_type="public", branches=[branch])


def url(bank: Bank, page: str) -> str:
    return reverse(f"admin:banks_bank_{page}", args=[bank.pk])


def codes(bank: Bank) -> list[str]:
    return [branch.code for branch in Bank.objects.get(pk=bank.pk).branches]


def upload(office: Client, bank: Bank, text: str, **more: str) -> Any:
    file = SimpleUploadedFile("branches.csv", text.encode(), content_type="text/csv")
    return office.post(url(bank, "branches_import"), {"file": file, **more})


def confirm(office: Client, bank: Bank, shown: Any) -> Any:
    return office.post(url(bank, "branches_import"), {"ticket": shown.context_data["ticket"]})


def test_an_upload_shows_what_it_would_do_and_stores_nothing(office: Client, bank: Bank) -> None:
    shown = upload(office, bank, f"{NEW}FORT,Old Fort,DEMO0000002,Mumbai,Maharashtra\n")
    page = shown.content.decode()
    assert shown.status_code == 200
    assert "<del>Fort</del> → <ins>Old Fort</ins>" in page
    assert "Import 2 branches" in page
    assert codes(bank) == ["FORT"]


def test_confirming_stores_and_leads_back_with_the_counts(office: Client, bank: Bank) -> None:
    done = confirm(office, bank, upload(office, bank, NEW))
    assert done.headers["Location"] == url(bank, "change")
    assert codes(bank) == ["FORT", "MAIN"]
    assert "ranches.csv: 1 added." in office.get(url(bank, "change")).content.decode()


def test_a_file_is_confirmed_once(office: Client, bank: Bank) -> None:
    shown = upload(office, bank, NEW)
    confirm(office, bank, shown)
    again = confirm(office, bank, shown)
    assert (again.status_code, "Upload it again" in again.content.decode()) == (422, True)


def test_with_a_faulty_row_there_is_nothing_to_confirm(office: Client, bank: Bank) -> None:
    shown = upload(office, bank, FAULTY)
    page = shown.content.decode()
    assert "An IFSC has four letters" in page
    assert 'name="ticket"' not in page
    assert confirm(office, bank, shown).status_code == 422
    assert codes(bank) == ["FORT"]


def test_what_stands_in_a_file_is_shown_as_text(office: Client, bank: Bank) -> None:
    page = upload(office, bank, f"{HEAD}<b>,<script>x</script>,X,Pune,MH\n").content.decode()
    assert "<script>x" not in page


def test_the_faulty_rows_can_be_taken_away_and_mended(office: Client, bank: Bank) -> None:
    shown = upload(office, bank, FAULTY)
    file = office.get(url(bank, "branches_faults"), {"ticket": shown.context_data["ticket"]})
    table = read_table(file.content)
    assert table.headings[-2:] == ("row", "errors")
    assert table.rows[0].cells[0] == "BAD"
    mended = file.content.decode("utf-8-sig").replace(",X,", ",DEMO0000010,")
    assert upload(office, bank, mended).context_data["counts"]["new"] == 1


def test_the_faulty_rows_of_a_file_that_is_gone_are_asked_for_again(office: Client, bank: Bank) -> None:
    gone = office.get(url(bank, "branches_faults"), {"ticket": "made-up"})
    assert gone.headers["Location"] == url(bank, "branches_import")


def test_a_bank_that_was_changed_since_is_shown_anew(office: Client, bank: Bank) -> None:
    shown = upload(office, bank, NEW)
    with shared_resources_writable():
        changed = Bank.objects.get(pk=bank.pk)
        changed.branches[0].name = "Changed"
        changed.save()
    again = confirm(office, bank, shown)
    assert (again.status_code, "Somebody changed the list" in again.content.decode()) == (409, True)
    assert codes(bank) == ["FORT"]
    assert confirm(office, bank, again).status_code == 302
    assert codes(bank) == ["FORT", "MAIN"]


def test_a_ticket_for_another_bank_is_refused(office: Client, bank: Bank) -> None:
    with shared_resources_writable():
        other = Bank.objects.create(code="OTHER", name="Other", bank_type="public")
    assert confirm(office, other, upload(office, bank, NEW)).status_code == 422
    assert codes(other) == []


def test_branches_that_the_file_does_not_name_stay_active_by_default(office: Client, bank: Bank) -> None:
    confirm(office, bank, upload(office, bank, NEW))
    assert Bank.objects.get(pk=bank.pk).branches[0].is_active


def test_they_are_made_inactive_when_that_was_chosen(office: Client, bank: Bank) -> None:
    shown = upload(office, bank, NEW, deactivate_missing="on")
    assert "FORT" in shown.content.decode()
    confirm(office, bank, shown)
    assert [branch.is_active for branch in Bank.objects.get(pk=bank.pk).branches] == [False, True]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty."),
        (b"colour\nred\n", "not known: “colour”"),
        (b"x" * (MOST_BYTES + 1), "5 MB"),
    ],
    ids=["empty", "other headings", "too large"],
)
def test_a_file_that_cannot_be_used_says_why(office: Client, bank: Bank, content: bytes, said: str) -> None:
    file = SimpleUploadedFile("branches.csv", content)
    response = office.post(url(bank, "branches_import"), {"file": file})
    assert (response.status_code, said in response.content.decode()) == (422, True)


def test_no_file_says_so(office: Client, bank: Bank) -> None:
    assert "Choose a file." in office.post(url(bank, "branches_import"), {}).content.decode()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_can_be_imported_and_changes_nothing(office: Client, bank: Bank, kind: str) -> None:
    exported = office.get(url(bank, "branches_export"), {"as": kind})
    assert "branches-DEMO-" in exported.headers["Content-Disposition"]
    file = SimpleUploadedFile(f"branches.{kind}", exported.content)
    shown: Any = office.post(url(bank, "branches_import"), {"file": file})
    assert shown.context_data["counts"] == {"new": 0, "changed": 0, "unchanged": 1, "faulty": 0}
    assert "There is nothing to import" in shown.content.decode()


def test_banks_are_exported_and_imported_too(office: Client, bank: Bank) -> None:
    exported = office.get(reverse("admin:banks_bank_list_export"), {"as": "csv"}).content.decode("utf-8-sig")
    here = reverse("admin:banks_bank_list_import")
    text = exported.replace("Demo Bank", "Demonstration Bank") + "NEXT,Next Bank,,nbfc,,,yes\r\n"
    shown: Any = office.post(here, {"file": SimpleUploadedFile("banks.csv", text.encode())})
    assert office.post(here, {"ticket": shown.context_data["ticket"]}).status_code == 302
    assert [one.name for one in Bank.objects.all()] == ["Demonstration Bank", "Next Bank"]


def test_the_bank_s_and_the_list_s_pages_lead_there(office: Client, bank: Bank) -> None:
    assert url(bank, "branches_import") in office.get(url(bank, "change")).content.decode()
    listed = office.get(reverse("admin:banks_bank_changelist")).content.decode()
    assert reverse("admin:banks_bank_list_import") in listed


@pytest.mark.parametrize("page", ["branches_import", "branches_export", "branches_faults"])
def test_nobody_of_a_firm_gets_there(manager: User, client_for: ClientFor, bank: Bank, page: str) -> None:
    assert client_for(manager).get(url(bank, page)).status_code in (302, 403)
