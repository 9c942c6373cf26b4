"""Seats: whoever comes in takes one, never more come in than there are, and who leaves gives it back."""

from __future__ import annotations

from functools import partial

import pytest

from tenants.models import AuditEntry, Organization, User
from tenants.operations.invitations import (
    InvitationRefused,
    invite_manager,
    invite_member,
    resend_invitation,
    withdraw_invitation,
)
from tenants.operations.people import add_member, deactivate_person, reactivate_person
from tenants.people.tests.asking import at_once, colleague, invited_ago, with_seats
from tenants.permissions import Role
from tenants.plans.limits import LimitReached, seats_taken


@pytest.fixture
def boss(firm: Organization) -> User:
    return colleague(firm, "Bina Boss", Role.MANAGER)


def invite(firm: Organization, by: User, name: str = "nora") -> User:
    return invite_member(
        firm, email=f"{name}@alpha-valuers.example", name=name.title(), role=Role.VALUER, by=by
    )


def test_of_twenty_invitations_at_once_for_three_seats_three_are_made(firm: Organization, boss: User) -> None:
    with_seats(firm, 4)
    done = at_once([partial(invite, firm, boss, f"guest{number}") for number in range(20)])
    assert [type(one) for one in done].count(LimitReached) == 17
    assert (sum(isinstance(one, User) for one in done), seats_taken(firm)) == (3, 4)


def test_of_two_who_invite_one_address_at_once_one_does(firm: Organization, boss: User) -> None:
    done = at_once([partial(invite, firm, boss)] * 2)
    assert sorted(type(one).__name__ for one in done) == ["InvitationRefused", "User"]


def test_a_refused_invitation_leaves_nothing_behind(firm: Organization, boss: User) -> None:
    with_seats(firm, 1)
    with pytest.raises(LimitReached):
        invite(firm, boss)
    assert (User.objects.count(), AuditEntry.objects.filter(action="person.added").count()) == (1, 0)


def test_the_refusal_says_the_way_out(firm: Organization, boss: User) -> None:
    with pytest.raises(LimitReached, match="Deactivate somebody who has left"):
        invite(with_seats(firm, 1), boss)


def test_an_invited_person_holds_a_seat(firm: Organization, boss: User) -> None:
    invite(firm, boss)
    assert seats_taken(firm) == 2


def test_an_invitation_that_expired_gives_its_seat_back(firm: Organization, boss: User) -> None:
    invited_ago(invite(firm, boss), days=7)
    assert seats_taken(firm) == 1


def test_a_withdrawn_invitation_gives_its_seat_back(firm: Organization, boss: User) -> None:
    withdraw_invitation(invite(firm, boss), by=boss)
    assert seats_taken(firm) == 1


def test_sending_an_open_invitation_again_takes_no_other_seat(firm: Organization, boss: User) -> None:
    with_seats(firm, 2)
    resend_invitation(invite(firm, boss), by=boss)
    assert seats_taken(firm) == 2


def test_an_expired_invitation_takes_a_seat_anew(firm: Organization, boss: User) -> None:
    with_seats(firm, 2)
    expired = invited_ago(invite(firm, boss), days=7)
    invite(firm, boss, "other")
    with pytest.raises(LimitReached):
        resend_invitation(expired, by=boss)


def test_reactivating_takes_a_seat(firm: Organization, boss: User) -> None:
    gone = colleague(firm)
    deactivate_person(gone, by=boss)
    with_seats(firm, 1)
    with pytest.raises(LimitReached):
        reactivate_person(gone, by=boss)
    assert not User.objects.get(pk=gone.pk).is_active


def test_staff_do_not_go_over_a_plan_either(firm: Organization, boss: User, staff: User) -> None:
    with pytest.raises(LimitReached):
        add_member(
            organization=with_seats(firm, 1),
            email="more@alpha-valuers.example",
            name="More",
            role=Role.VALUER,
            password="a-password-for-tests-only",
            by=staff,
        )


def test_a_first_manager_without_a_seat_is_refused_as_an_invitation(firm: Organization) -> None:
    with pytest.raises(InvitationRefused, match="seats of the plan"):
        invite_manager(with_seats(firm, 0), email="first@alpha-valuers.example", name="", by=None)
