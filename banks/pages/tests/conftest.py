"""A manager at the firm's pages of banks, and what stands in the database afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from banks import overrides
from banks.models import BankOverride
from banks.pages.tests.asking import ClientFor, Does, Stored
from tenants.context import organization_active
from tenants.models import Organization, User


@pytest.fixture
def browser(client_for: ClientFor, manager: User) -> Client:
    return client_for(manager)


@pytest.fixture
def stored(firm: Organization) -> Stored:
    """What the firm changes of SBI, as it is stored now."""

    def read() -> BankOverride:
        with organization_active(firm.placement):
            return overrides.override_of("SBI")

    return read


@pytest.fixture
def does(firm: Organization, manager: User) -> Does:
    """``does(action, …)``: a manager did something to SBI before the test looks."""

    def do(action: Callable[..., BankOverride], **given: Any) -> BankOverride:
        with organization_active(firm.placement):
            version = overrides.override_of("SBI").version
            return action(bank_code="SBI", by=manager, base_version=version, **given)

    return do


@pytest.fixture
def lay_under(firm: Organization) -> Callable[[dict[str, str]], None]:
    """``lay_under({place: value})``: that was the shared value when the firm made its change."""

    def lay(under: dict[str, str]) -> None:
        with organization_active(firm.placement):
            BankOverride.objects.filter(bank_code="SBI").update(under=under)

    return lay
