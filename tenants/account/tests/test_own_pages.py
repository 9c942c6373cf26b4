"""The pages about the own account: each leads to the others, and offers nothing that would be refused."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from tenants.models import Organization, User

ClientFor = Callable[[User], Client]
OF_MEMBERS = ("profile", "settings", "account", "password-change", "sessions", "tokens")
OF_STAFF = ("account", "password-change", "sessions")


def offered(client: Client, page: str) -> list[tuple[str, bool]]:
    """The addresses of the own pages on one of them, and whether each is marked as that one."""
    html = client.get(reverse(page)).content.decode()
    found = re.search(r'<nav aria-label="Your own pages">(.*?)</nav>', html, re.DOTALL)
    assert found is not None
    links = re.findall(r'href="([^"]+)"( aria-current="page")?', found.group(1))
    return [(address, bool(here)) for address, here in links]


@pytest.mark.parametrize("page", OF_MEMBERS)
def test_each_own_page_leads_to_all_of_them(
    formats: None, valuer: User, client_for: ClientFor, page: str
) -> None:
    assert offered(client_for(valuer), page) == [(reverse(one), one == page) for one in OF_MEMBERS]


def test_staff_are_led_to_what_they_have(staff: User, client_for: ClientFor) -> None:
    assert [address for address, _ in offered(client_for(staff), "account")] == [*map(reverse, OF_STAFF)]


def test_single_sign_on_is_among_them_where_it_is_set_up(
    valuer: User, client_for: ClientFor, settings: Settings
) -> None:
    settings.OIDC_ENABLED = True
    assert (reverse("openid"), False) in offered(client_for(valuer), "account")


@pytest.fixture
def over(firm: Organization) -> Organization:
    """The firm, whose subscription and grace are over."""
    Organization.objects.filter(pk=firm.pk).update(read_only_from=timezone.localdate())
    return firm


@pytest.mark.parametrize("page", ["profile", "settings"])
def test_a_firm_that_can_only_be_read_offers_no_saving(
    over: Organization, formats: None, valuer: User, client_for: ClientFor, page: str
) -> None:
    html = client_for(valuer).get(reverse(page)).content.decode()
    assert ("<fieldset" in html, ">Save</button>" in html) == (True, False)


def test_it_does_not_say_that_a_valuer_signs_nothing_while_the_firm_can_only_be_read(
    over: Organization, valuer: User, client_for: ClientFor
) -> None:
    assert b"does not sign" not in client_for(valuer).get(reverse("profile")).content


def test_a_page_that_would_change_something_leads_to_what_can_be_read(
    over: Organization, valuer: User, client_for: ClientFor
) -> None:
    response = client_for(valuer).get(reverse("reports:new"))
    assert f'href="{reverse("reports:list")}">See the reports' in response.content.decode()
