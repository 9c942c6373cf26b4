"""Who decides about whom: managers of the own firm, and never so that nobody manages it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tenants.models import ApiToken, AuditEntry, Organization, Session, User
from tenants.operations.people import (
    CannotDeactivate,
    LastManager,
    NoLongerManager,
    change_person,
    deactivate_person,
)
from tenants.people import actions
from tenants.people.tests.asking import at_once, colleague
from tenants.permissions import Role

ClientFor = Callable[[User], Client]


@pytest.fixture
def boss(firm: Organization) -> User:
    return colleague(firm, "Bina Boss", Role.MANAGER)


@pytest.fixture
def deputy(firm: Organization) -> User:
    return colleague(firm, "Dina Deputy", Role.MANAGER)


def demote(person: User, by: User) -> None:
    actions.change_colleague(person, by=by, name=person.name, role=Role.VIEWER)


def managers(firm: Organization) -> list[str]:
    found = User.objects.filter(organization=firm.org_id, role=Role.MANAGER, is_active=True)
    return sorted(one.name for one in found)


def test_of_two_managers_who_demote_each_other_at_once_one_stays(
    firm: Organization, boss: User, deputy: User
) -> None:
    jobs = [
        partial(demote, User.objects.get(pk=one.pk), User.objects.get(pk=other.pk))
        for one, other in ((boss, deputy), (deputy, boss))
    ]
    done = at_once(jobs)
    assert (len(managers(firm)), [type(one) for one in done if one]) == (1, [NoLongerManager])


def test_of_two_managers_who_deactivate_each_other_at_once_one_stays(
    firm: Organization, boss: User, deputy: User
) -> None:
    jobs = [
        partial(actions.deactivate_colleague, User.objects.get(pk=one.pk), by=User.objects.get(pk=other.pk))
        for one, other in ((boss, deputy), (deputy, boss))
    ]
    at_once(jobs)
    assert len(managers(firm)) == 1


def test_of_two_managers_who_both_step_down_at_once_one_stays(
    firm: Organization, boss: User, deputy: User
) -> None:
    jobs = [partial(demote, User.objects.get(pk=one.pk), one) for one in (boss, deputy)]
    done = at_once(jobs)
    assert (len(managers(firm)), [type(one) for one in done if one]) == (1, [LastManager])


def test_the_only_manager_does_not_step_down(firm: Organization, boss: User, valuer: User) -> None:
    with pytest.raises(LastManager, match="Make somebody else a manager first"):
        demote(boss, boss)
    assert (boss.role, managers(firm)) == (Role.MANAGER, ["Bina Boss"])


def test_a_manager_who_never_followed_the_invitation_is_none_to_rely_on(
    firm: Organization, boss: User, manager: User
) -> None:
    with pytest.raises(LastManager):
        demote(boss, boss)


def test_a_manager_steps_down_beside_another(firm: Organization, boss: User, deputy: User) -> None:
    demote(boss, boss)
    assert managers(firm) == ["Dina Deputy"]


def test_nobody_deactivates_themselves(boss: User, deputy: User) -> None:
    with pytest.raises(CannotDeactivate, match="cannot deactivate yourself"):
        actions.deactivate_colleague(boss, by=boss)


def test_staff_shut_out_the_only_manager(firm: Organization, boss: User, staff: User) -> None:
    deactivate_person(boss, by=staff)
    assert managers(firm) == []


def test_who_was_demoted_meanwhile_decides_nothing(boss: User, valuer: User) -> None:
    User.objects.filter(pk=boss.pk).update(role=Role.VALUER)
    with pytest.raises(NoLongerManager):
        change_person(valuer, before={"role": Role.VIEWER}, by=boss)


@pytest.mark.parametrize("who", ["valuer", "assistant", "viewer", "rival_manager", "staff"])
def test_nobody_but_the_firms_managers_decides(
    boss: User, deputy: User, who: str, request: pytest.FixtureRequest
) -> None:
    by = request.getfixturevalue(who)
    with pytest.raises(PermissionDenied):
        actions.deactivate_colleague(deputy, by=by)


def test_a_role_that_the_provider_decides_is_not_changed_here(
    boss: User, deputy: User, settings: Settings
) -> None:
    settings.OIDC_ENABLED, settings.OIDC_ROLES = True, {"managers": "manager"}
    deputy.cognito_id = "subject"
    with pytest.raises(actions.RoleFromProvider):
        demote(deputy, boss)


def test_a_change_says_what_was_before(boss: User, valuer: User) -> None:
    actions.change_colleague(valuer, by=boss, name="Vikram V.", role=Role.VIEWER)
    entry = AuditEntry.objects.get(action="person.changed")
    assert (entry.org_id, entry.actor, entry.details["changes"]) == (
        "alpha_valuers",
        boss.email,
        {
            "name": {"from": "Vikram Valuer", "to": "Vikram V."},
            "role": {"from": "valuer", "to": "viewer"},
        },
    )


def token_of(user: User) -> ApiToken:
    return ApiToken.objects.create(
        key=f"k{user.pk}"[:24],
        digest="0" * 64,
        user_id=user.pk,
        org_id="alpha_valuers",
        name="script",
        expires_at=timezone.now() + timedelta(days=1),
    )


def test_deactivating_revokes_the_tokens(boss: User, valuer: User) -> None:
    token = token_of(valuer)
    actions.deactivate_colleague(valuer, by=boss)
    assert ApiToken.objects.get(pk=token.pk).revoked_at is not None


def test_revoking_leaves_the_tokens_of_others(boss: User, valuer: User) -> None:
    kept = token_of(boss)
    actions.revoke_tokens_of(valuer, by=boss)
    assert ApiToken.objects.get(pk=kept.pk).revoked_at is None


def test_signing_out_everywhere_ends_every_session_and_nobody_elses(
    boss: User, valuer: User, client_for: ClientFor
) -> None:
    for one in (valuer, valuer, boss):
        client_for(one)
    actions.sign_out_colleague(valuer, by=boss)
    assert [*Session.objects.values_list("user_id", flat=True)] == [boss.pk]
