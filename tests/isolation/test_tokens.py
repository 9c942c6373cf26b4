"""A token opens one firm's reports, by whichever address another firm's are asked for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from reports.models import Report
from reports.tests.making import begin
from tenants.context import organization_active
from tenants.models import ApiToken, Organization, User
from tenants.mongodb.monitoring import Command
from tenants.tokens.personal import new_key, new_secret

CHANGE = {"sections": {"common.details": {"base_version": 0, "answers": {"applicant_name": "Another"}}}}
Commands = Callable[[], AbstractContextManager[list[Command]]]


def token_of(person: User) -> str:
    secret = new_secret(new_key())
    ApiToken(
        key=secret.key,
        digest=secret.digest,
        user_id=person.pk,
        org_id=str(person.organization_id),
        name="Nightly import",
        scopes=["read", "draft"],
        expires_at=timezone.now() + timedelta(days=1),
    ).save(force_insert=True)
    return secret.token


@pytest.fixture
def ours(firm: Organization, valuer: User, formats: None) -> Report:
    with organization_active(firm.placement):
        report = begin(firm, valuer, filled=False)
    return report


@pytest.mark.parametrize("method", ["get", "patch"])
def test_another_firm_s_report_is_not_there(
    ours: Report, rival_valuer: User, commands: Commands, method: str
) -> None:
    headers = {"Authorization": f"Bearer {token_of(rival_valuer)}"}
    body = {"data": CHANGE, "content_type": "application/json"} if method == "patch" else {}
    with commands() as sent:
        answer = getattr(Client(), method)(f"/api/reports/{ours.pk}", headers=headers, **body)

    assert (answer.status_code, "alpha_valuers" in {one.database for one in sent}) == (404, False)


def test_the_own_firm_s_report_is(ours: Report, valuer: User) -> None:
    headers = {"Authorization": f"Bearer {token_of(valuer)}"}
    assert Client().get(f"/api/reports/{ours.pk}", headers=headers).status_code == 200


def test_a_list_has_nothing_of_another_firm(ours: Report, rival_valuer: User) -> None:
    headers = {"Authorization": f"Bearer {token_of(rival_valuer)}"}
    assert Client().get("/api/reports", headers=headers).json()["count"] == 0
