"""Beginning a report by its page."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from banks.models import Bank, BankOverride, Format
from reports.models import Report
from reports.tests.pages.conftest import Within
from tenants.context import shared_resources_writable
from tenants.models import User
from tenants.mongodb.monitoring import Command

ClientFor = Callable[[User], Client]
Commands = Callable[[], AbstractContextManager[list[Command]]]
URL = "/reports/new/"


def post(client: Client, flat: Format, **changes: str) -> Any:
    return client.post(URL, {"bank": "SBI", "branch": "SBI_MUM_BKC", "format": str(flat.pk), **changes})


def test_it_offers_banks_that_have_a_format(formats: None, valuer: User, client_for: ClientFor) -> None:
    with shared_resources_writable():
        Bank.objects.create(code="NONE", name="Formless Bank", bank_type="private")
    text = client_for(valuer).get(URL).content.decode()
    assert ("Bank of Baroda" in text, "Formless Bank" in text) == (True, False)


def test_it_offers_branches_and_formats_of_the_chosen_bank(
    flat_format: Format, valuer: User, client_for: ClientFor
) -> None:
    text = client_for(valuer).get(URL, {"bank": "SBI"}).content.decode()
    assert ("Bandra Kurla Complex" in text, flat_format.title in text) == (True, True)


def test_it_begins_a_report_and_goes_to_its_first_section(
    flat_format: Format, valuer: User, client_for: ClientFor, within: Within
) -> None:
    response = post(client_for(valuer), flat_format)
    report = within(Report.objects.get)
    assert response.headers["Location"] == reverse("reports:section", args=[report.pk, "common", "details"])


def test_it_numbers_the_report_by_the_firms_pattern(
    flat_format: Format, valuer: User, client_for: ClientFor, within: Within
) -> None:
    post(client_for(valuer), flat_format)
    assert within(Report.objects.get).reference.startswith("AV/0001/")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"branch": "SBI_NOWHERE"}, "has no such branch"),
        ({"branch": ""}, "Choose the branch."),
        ({"format": "f" * 24}, "This format is not offered"),
        ({"format": "not an id"}, "This format is not offered"),
        ({"bank": "BOB"}, "has no such branch"),
        ({"bank": "QQQ"}, "That bank is not offered"),
    ],
)
def test_it_says_what_is_wrong_and_begins_nothing(
    changes: dict[str, str],
    words: str,
    flat_format: Format,
    valuer: User,
    client_for: ClientFor,
    within: Within,
) -> None:
    response = post(client_for(valuer), flat_format, **changes)
    assert (response.status_code, words in response.content.decode()) == (422, True)
    assert within(Report.objects.count) == 0


def test_it_keeps_what_was_chosen_when_something_is_wrong(
    flat_format: Format, valuer: User, client_for: ClientFor
) -> None:
    response = post(client_for(valuer), flat_format, format="")
    assert 'value="SBI_MUM_BKC" required checked' in response.content.decode()


def test_a_retired_format_is_not_offered(
    flat_format: Format, valuer: User, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.views.pages.published_formats", list)
    assert "No bank has a format yet" in client_for(valuer).get(URL).content.decode()


def test_a_bank_that_the_firm_hides_is_not_offered(
    formats: None, valuer: User, client_for: ClientFor, within: Within
) -> None:
    within(lambda: BankOverride.objects.create(bank_code="SBI", hidden=True))
    assert "State Bank of India" not in client_for(valuer).get(URL).content.decode()


def test_a_branch_that_the_firm_added_is_offered(
    formats: None, valuer: User, client_for: ClientFor, within: Within
) -> None:
    own = {"OWN1": {"name": "Extension Counter Hadapsar", "city": "Pune"}}
    within(lambda: BankOverride.objects.create(bank_code="SBI", branches=own))
    assert "Extension Counter Hadapsar" in client_for(valuer).get(URL, {"bank": "SBI"}).content.decode()


def test_another_firms_branch_is_not_offered(
    formats: None, rival_valuer: User, client_for: ClientFor, within: Within
) -> None:
    own = {"OWN1": {"name": "Extension Counter Hadapsar", "city": "Pune"}}
    within(lambda: BankOverride.objects.create(bank_code="SBI", branches=own))
    text = client_for(rival_valuer).get(URL, {"bank": "SBI"}).content.decode()
    assert "Extension Counter Hadapsar" not in text


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_viewer_begins_nothing(method: str, viewer: User, client_for: ClientFor) -> None:
    assert getattr(client_for(viewer), method)(URL).status_code == 403


def test_signed_out_it_asks_to_sign_in(database: None) -> None:
    assert reverse("sign-in") in Client().get(URL).headers["Location"]


def test_it_costs_five_commands_of_its_own(
    formats: None, valuer: User, client_for: ClientFor, commands: Commands
) -> None:
    client = client_for(valuer)
    with commands() as sent:
        client.get(URL, {"bank": "SBI"})
    # The person's settings, what the firm changed of banks, and what is not kept of the shared resources.
    assert len(sent) == 1 + 5
