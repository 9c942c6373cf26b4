"""A person's settings, and the new report that begins with them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from reports.favourites import MOST, name_of, rearranged
from reports.tests.pages.conftest import Within
from tenants.account.appearance import follow_settings
from tenants.account.preferences import preferences_of
from tenants.models import ActivityEntry, Organization, User, UserSettings
from tenants.mongodb.monitoring import Command

ClientFor = Callable[[User], Client]
Commands = Callable[[], AbstractContextManager[list[Command]]]
FORM: dict[str, Any] = {
    "theme": "dark",
    "density": "compact",
    "default_bank": "SBI",
    "letters": ["report_returned", "report_issued"],
}
FLAT, LAND = "SBI/general/flat", "SBI/general/land_building"


def save(client: Client, **changes: Any) -> Any:
    return client.post(reverse("settings"), {**FORM, **changes})


def wish(client: Client, text: str, **more: str) -> Any:
    return client.post(reverse("settings"), {"favourite": text, **more})


def prefer(within: Within, person: User, **chosen: Any) -> None:
    within(lambda: UserSettings.objects.create(user_id=str(person.pk), **chosen))


def of(within: Within, person: User) -> dict[str, Any]:
    found: dict[str, Any] = within(lambda: preferences_of(str(person.pk)))
    return found


# Favourites ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wished", "result"),
    [
        ("add:d", ["a", "b", "c", "d"]),
        ("add:a", ["a", "b", "c"]),
        ("add:unknown", ["a", "b", "c"]),
        ("up:b", ["b", "a", "c"]),
        ("up:a", ["a", "b", "c"]),
        ("down:b", ["a", "c", "b"]),
        ("down:c", ["a", "b", "c"]),
        ("remove:b", ["a", "c"]),
        ("remove:d", ["a", "b", "c"]),
        ("turn:b", ["a", "b", "c"]),
        ("", ["a", "b", "c"]),
    ],
)
def test_a_wish_rearranges_the_favourites(wished: str, result: list[str]) -> None:
    assert rearranged(["a", "b", "c"], wished, {"a", "b", "c", "d"}) == result


def test_there_are_no_more_favourites_than_can_be_kept() -> None:
    many = [str(number) for number in range(MOST)]
    assert rearranged(many, "add:x", {*many, "x"}) == many


# The page -----------------------------------------------------------------------------------------------


def test_it_stores_what_was_chosen(
    formats: None, valuer: User, client_for: ClientFor, within: Within
) -> None:
    save(client_for(valuer))
    stored = of(within, valuer)
    assert (stored["theme"], stored["density"], stored["default_bank"]) == ("dark", "compact", "SBI")


def test_letters_that_are_not_wanted_are_muted(
    formats: None, valuer: User, client_for: ClientFor, within: Within
) -> None:
    save(client_for(valuer))
    assert of(within, valuer)["muted"] == ["report_approved"]


def test_letters_of_another_role_stay_as_they_were(
    formats: None, valuer: User, client_for: ClientFor, within: Within
) -> None:
    prefer(within, valuer, muted=["plan"])
    save(client_for(valuer), letters=["report_returned", "report_approved", "report_issued"])
    assert of(within, valuer)["muted"] == ["plan"]


def test_this_browser_follows_at_once(formats: None, valuer: User, client_for: ClientFor) -> None:
    client = client_for(valuer)
    save(client)
    assert (client.cookies["theme"].value, client.cookies["density"].value) == ("dark", "compact")


@pytest.mark.parametrize(
    "wrong",
    [{"theme": "neon"}, {"density": ""}, {"default_bank": "NOBODY"}, {"letters": ["support"]}],
)
def test_what_is_not_offered_is_refused(
    wrong: dict[str, Any], formats: None, valuer: User, client_for: ClientFor, within: Within
) -> None:
    answer = save(client_for(valuer), **wrong)
    assert (answer.status_code, of(within, valuer)["theme"]) == (422, "system")


def test_it_records_what_changed(formats: None, valuer: User, client_for: ClientFor, within: Within) -> None:
    save(client_for(valuer))
    entry = within(lambda: ActivityEntry.objects.get(action="settings_changed"))
    assert entry.details["changes"]["theme"] == {"from": "system", "to": "dark"}


def test_saving_the_same_again_records_nothing(
    formats: None, valuer: User, client_for: ClientFor, within: Within
) -> None:
    client = client_for(valuer)
    save(client)
    save(client)
    assert within(lambda: ActivityEntry.objects.filter(action="settings_changed").count()) == 1


def test_settings_are_one_persons_own(
    formats: None, valuer: User, other_valuer: User, client_for: ClientFor, within: Within
) -> None:
    save(client_for(valuer))
    assert of(within, other_valuer)["theme"] == "system"


def test_a_favourite_is_added_from_the_list(
    formats: None, valuer: User, client_for: ClientFor, within: Within
) -> None:
    wish(client_for(valuer), "add", format=FLAT)
    assert of(within, valuer)["favourite_formats"] == [FLAT]


def test_a_format_that_is_offered_no_more_can_be_removed(
    formats: None, valuer: User, client_for: ClientFor, within: Within
) -> None:
    prefer(within, valuer, favourite_formats=["GONE/general/flat"])
    client = client_for(valuer)
    assert "Not offered at present" in client.get(reverse("settings")).content.decode()
    wish(client, "remove:GONE/general/flat")
    assert of(within, valuer)["favourite_formats"] == []


def test_it_costs_two_commands_of_its_own(
    formats: None, valuer: User, client_for: ClientFor, commands: Commands
) -> None:
    client = client_for(valuer)
    client.get(reverse("settings"))
    with commands() as sent:
        client.get(reverse("settings"))
    # Banks and formats are kept; the person's settings and what the firm changed of banks are asked.
    assert [one.collection for one in sent] == ["sessions", "users_settings", "bank_overrides"]


# What follows from it -------------------------------------------------------------------------------------


def follow(person: User) -> HttpResponse:
    response = HttpResponse()
    follow_settings(response, RequestFactory().get("/"), person)
    return response


def test_another_browser_follows_at_sign_in(firm: Organization, valuer: User, within: Within) -> None:
    prefer(within, valuer, theme="contrast", density="compact")
    assert follow(valuer).cookies["theme"].value == "contrast"


def test_without_settings_a_browser_stays_as_it_is(firm: Organization, valuer: User) -> None:
    assert dict(follow(valuer).cookies) == {}


def test_nobody_is_kept_from_signing_in_by_a_firm_that_is_suspended(
    firm: Organization, valuer: User, within: Within
) -> None:
    prefer(within, valuer, theme="contrast")
    firm.status = "suspended"
    valuer.organization = firm
    assert dict(follow(valuer).cookies) == {}


def test_staff_have_none_to_follow(staff: User) -> None:
    assert dict(follow(staff).cookies) == {}


def test_a_new_report_begins_with_the_default_bank(
    formats: None, valuer: User, client_for: ClientFor, within: Within
) -> None:
    prefer(within, valuer, default_bank="SBI")
    assert client_for(valuer).get(reverse("reports:new")).context["bank"].code == "SBI"


def test_another_bank_can_still_be_chosen(
    formats: None, valuer: User, client_for: ClientFor, within: Within
) -> None:
    prefer(within, valuer, default_bank="SBI")
    page = client_for(valuer).get(reverse("reports:new"), {"bank": "BOB"})
    assert page.context["bank"].code == "BOB"


def test_a_default_bank_that_is_gone_asks_for_the_bank_without_blame(
    formats: None, valuer: User, client_for: ClientFor, within: Within
) -> None:
    prefer(within, valuer, default_bank="GONE")
    page = client_for(valuer).get(reverse("reports:new")).content.decode()
    assert "That bank is not offered" not in page


def test_the_favourite_format_is_chosen_and_stands_first(
    formats: None, valuer: User, client_for: ClientFor, within: Within
) -> None:
    client = client_for(valuer)
    usual = client.get(reverse("reports:new"), {"bank": "SBI"}).context["formats"]
    prefer(within, valuer, favourite_formats=[name_of(usual[-1])])
    page = client.get(reverse("reports:new"), {"bank": "SBI"})
    assert page.context["formats"][0] == usual[-1]
    assert page.content.decode().count("checked") == 1
