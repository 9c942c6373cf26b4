"""Who is removed or demoted, or whose firm is suspended, is refused on the next request; the sessions end."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from django.test import Client
from django.urls import reverse

from tenants.context import no_organization
from tenants.models import Organization, Session, User
from tenants.operations.people import change_person, deactivate_person, set_password
from tenants.operations.suspending import reactivate_organization, suspend_organization
from tenants.permissions import Role

ClientFor = Callable[[User], Client]
SIGN_IN = "/sign-in/?next=/reports/"


def page_of(browser: Client) -> tuple[int, str]:
    """Status and target of the list of reports, as the browser gets it next."""
    response = browser.get(reverse("reports:list"))
    return response.status_code, response.headers.get("Location", "")


def sessions_of(person: User) -> int:
    return Session.objects.filter(user_id=person.pk).count()


@pytest.fixture
def at_work(valuer: User, client_for: ClientFor) -> Client:
    """The valuer's browser, in which the last page was shown."""
    browser = client_for(valuer)
    assert page_of(browser) == (200, "")
    return browser


def test_a_person_who_is_removed_is_signed_out_on_the_next_request(
    at_work: Client, valuer: User, manager: User
) -> None:
    deactivate_person(valuer, by=manager)
    assert page_of(at_work) == (302, SIGN_IN)


def test_a_person_who_is_removed_has_no_session_left(
    at_work: Client, valuer: User, manager: User, client_for: ClientFor
) -> None:
    client_for(valuer)
    before = sessions_of(valuer)
    deactivate_person(valuer, by=manager)
    assert (before, sessions_of(valuer)) == (2, 0)


def test_a_person_who_was_switched_off_by_any_way_at_all_is_refused(at_work: Client, valuer: User) -> None:
    User.objects.filter(pk=valuer.pk).update(is_active=False)
    assert page_of(at_work) == (302, SIGN_IN)


def test_a_person_whose_record_is_gone_is_refused(at_work: Client, valuer: User) -> None:
    User.objects.filter(pk=valuer.pk).delete()
    assert page_of(at_work) == (302, SIGN_IN)


def test_a_demoted_person_is_signed_out_on_the_next_request(
    at_work: Client, valuer: User, manager: User
) -> None:
    valuer.role = Role.VIEWER
    change_person(valuer, before={"role": Role.VALUER}, by=manager)
    assert (page_of(at_work), sessions_of(valuer)) == ((302, SIGN_IN), 0)


def test_a_person_who_was_demoted_by_any_way_at_all_may_do_less_at_once(
    at_work: Client, valuer: User
) -> None:
    User.objects.filter(pk=valuer.pk).update(role=Role.VIEWER)
    assert at_work.get(reverse("reports:new")).status_code == 403


def test_a_new_name_signs_nobody_out(at_work: Client, valuer: User, manager: User) -> None:
    valuer.name = "Vikram Renamed"
    change_person(valuer, before={"name": "Vikram Valuer"}, by=manager)
    assert page_of(at_work) == (200, "")


def test_another_password_ends_the_session(at_work: Client, valuer: User, manager: User) -> None:
    set_password(valuer, "another-long-password", by=manager)
    assert page_of(at_work) == (302, SIGN_IN)


def test_a_suspended_firm_s_people_are_signed_out_on_the_next_request(
    at_work: Client, firm: Organization, valuer: User, manager: User, client_for: ClientFor
) -> None:
    of_manager = client_for(manager)
    suspend_organization(firm, reason="Unpaid", by=None)
    assert [page_of(at_work), page_of(of_manager)] == [(302, SIGN_IN)] * 2
    assert sessions_of(valuer) + sessions_of(manager) == 0


def test_a_firm_that_was_suspended_by_any_way_at_all_is_refused(at_work: Client, firm: Organization) -> None:
    Organization.objects.filter(pk=firm.pk).update(status="suspended")
    assert page_of(at_work) == (403, "")


def test_api_clients_of_a_suspended_firm_are_refused_on_the_next_request(
    at_work: Client, firm: Organization
) -> None:
    suspend_organization(firm, reason="Unpaid", by=None)
    assert at_work.get("/api/reports").status_code == 401


def test_the_rival_of_a_suspended_firm_works_on(
    at_work: Client, firm: Organization, rival_valuer: User, client_for: ClientFor
) -> None:
    of_rival = client_for(rival_valuer)
    suspend_organization(firm, reason="Unpaid", by=None)
    assert (page_of(of_rival), sessions_of(rival_valuer)) == ((200, ""), 1)


def test_an_ended_session_does_not_come_back_to_life_with_the_firm(
    at_work: Client, firm: Organization
) -> None:
    suspend_organization(firm, reason="Unpaid", by=None)
    reactivate_organization(firm, by=None)
    assert page_of(at_work) == (302, SIGN_IN)


def test_a_request_that_was_under_way_does_not_bring_an_ended_session_back(
    at_work: Client, valuer: User, manager: User
) -> None:
    session = at_work.session
    session["changed"] = "while the person was being removed"
    deactivate_person(valuer, by=manager)
    with pytest.raises(session_ended()):
        session.save()
    assert sessions_of(valuer) == 0


def session_ended() -> type[Exception]:
    from django.contrib.sessions.backends.base import UpdateError

    return UpdateError


def test_somebody_moved_to_another_firm_sees_the_new_one_only(
    at_work: Client, firm: Organization, rival: Organization, valuer: User
) -> None:
    User.objects.filter(pk=valuer.pk).update(organization=rival)
    assert at_work.get("/api/me").json()["organization"]["org_id"] == rival.org_id


def test_a_member_who_becomes_staff_leaves_the_firm_s_data(at_work: Client, valuer: User) -> None:
    User.objects.filter(pk=valuer.pk).update(organization=None, role="", is_staff=True)
    assert page_of(at_work) == (403, "")


def test_a_member_of_the_staff_who_still_has_a_firm_does_not_get_in(at_work: Client, valuer: User) -> None:
    User.objects.filter(pk=valuer.pk).update(is_staff=True)
    assert page_of(at_work) == (403, "")


def test_a_session_names_the_person_it_belongs_to(at_work: Client, valuer: User) -> None:
    with no_organization():
        owners: Iterable[object] = Session.objects.values_list("user_id", flat=True)
        assert list(owners) == [valuer.pk]


def test_a_session_of_one_person_with_the_id_of_another_in_it_is_nobody_s(
    at_work: Client, valuer: User, rival_valuer: User
) -> None:
    # What is signed inside says the valuer; the look-up would bring the rival.
    Session.objects.filter(user_id=valuer.pk).update(user_id=rival_valuer.pk)
    assert at_work.get("/api/me").json()["organization"]["org_id"] == "alpha_valuers"


def test_an_expired_session_is_none(at_work: Client, valuer: User) -> None:
    from datetime import timedelta

    from django.utils import timezone

    Session.objects.filter(user_id=valuer.pk).update(expire_date=timezone.now() - timedelta(seconds=1))
    assert page_of(at_work) == (302, SIGN_IN)


def test_the_server_itself_removes_expired_sessions(database: None) -> None:
    from django.db import connections

    indexes = connections["default"].get_collection("sessions").index_information()  # type: ignore[attr-defined]
    assert [one["key"] for one in indexes.values() if one.get("expireAfterSeconds") == 0] == [
        [("expire_date", 1)]
    ]
