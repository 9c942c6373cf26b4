"""The person's own page and the firm's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from gridfs import GridFSBucket
from PIL import Image

from tenants.context import organization_active
from tenants.models import ActivityEntry, AuditEntry, FileKind, Organization, StoredFile, User, UserSettings
from tenants.mongodb.clients import clients
from tenants.mongodb.monitoring import Command

ClientFor = Callable[[User], Client]
Commands = Callable[[], AbstractContextManager[list[Command]]]

PROFILE = {
    "name": "Er. Vikram Valuer",
    "qualifications": "B.E. (Civil)",
    "label_0": "IBBI, land and building",
    "number_0": "IBBI/RV/00/0000/00000",
    "memberships": "Institution One\n\n  Institution Two ",
    "empanelment": "SBI, panel of 2025",
    "phone": "+91 98765 00000",
    "address": "1 Sample Road\nPune",
}
FIRM = {
    "letterhead_name": "Alpha Valuers LLP",
    "tagline": "Valuers of land and building",
    "address": "1 Sample Road\nPune 411045",
    "phone": "020 0000 0000",
    "email": "office@alpha.example",
    "website": "www.alpha.example",
    "registration": "Reg. 42",
    "initials": "AV",
    "reference_pattern": "{initials}/{seq:04}/{FY}",
    "accent": "plum",
}


def stored_firm() -> Organization:
    return Organization.objects.get(org_id="alpha_valuers")


def block_of(user: User, firm: Organization) -> dict[str, Any]:
    with organization_active(firm.placement):
        return dict(UserSettings.objects.get(user_id=str(user.pk)).valuer_block)


def logo(kind: str = "PNG", size: tuple[int, int] = (300, 100)) -> SimpleUploadedFile:
    written = BytesIO()
    Image.new("RGBA" if kind == "PNG" else "RGB", size).save(written, kind)
    return SimpleUploadedFile("logo.png", written.getvalue())


def save_firm(client: Client, **changes: Any) -> Any:
    return client.post(reverse("firm"), {**FIRM, **changes})


def bytes_in(firm: Organization) -> int:
    """How many files the firm's store holds."""
    bucket = GridFSBucket(clients.for_address("MONGODB_URI")[firm.org_id])
    return sum(1 for _ in bucket.find({}))


# The person ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["profile", "firm", "firm-example", "firm-logo"])
def test_signed_out_it_asks_to_sign_in(database: None, name: str) -> None:
    assert reverse("sign-in") in Client().get(reverse(name)).headers["Location"]


@pytest.mark.parametrize("name", ["profile", "firm"])
def test_staff_have_no_firm(staff: User, client_for: ClientFor, name: str) -> None:
    assert client_for(staff).get(reverse(name)).status_code == 403


def test_a_profile_begins_with_the_persons_name(valuer: User, client_for: ClientFor) -> None:
    assert 'value="Vikram Valuer"' in client_for(valuer).get(reverse("profile")).content.decode()


def test_it_stores_the_signature_block(firm: Organization, valuer: User, client_for: ClientFor) -> None:
    client_for(valuer).post(reverse("profile"), PROFILE)
    assert block_of(valuer, firm) == {
        "name": "Er. Vikram Valuer",
        "qualifications": "B.E. (Civil)",
        "registrations": [["IBBI, land and building", "IBBI/RV/00/0000/00000"]],
        "memberships": ["Institution One", "Institution Two"],
        "empanelment": "SBI, panel of 2025",
        "phone": "+91 98765 00000",
        "address": "1 Sample Road, Pune",
    }


def test_it_goes_back_to_the_page_after_saving(valuer: User, client_for: ClientFor) -> None:
    assert client_for(valuer).post(reverse("profile"), PROFILE).headers["Location"] == reverse("profile")


def test_it_stores_a_second_block_over_the_first(
    firm: Organization, valuer: User, client_for: ClientFor
) -> None:
    client = client_for(valuer)
    client.post(reverse("profile"), PROFILE)
    client.post(reverse("profile"), {**PROFILE, "name": "Vikram V."})
    assert block_of(valuer, firm)["name"] == "Vikram V."


def test_it_leaves_the_persons_other_settings_alone(
    firm: Organization, valuer: User, client_for: ClientFor
) -> None:
    with organization_active(firm.placement):
        UserSettings.objects.create(user_id=str(valuer.pk), theme="dark")
    client_for(valuer).post(reverse("profile"), PROFILE)
    with organization_active(firm.placement):
        assert UserSettings.objects.get(user_id=str(valuer.pk)).theme == "dark"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"number_0": ""}, "Give the number, or clear the name beside it."),
        ({"label_0": ""}, "Say with whom, or clear the number beside it."),
        ({"phone": "call me"}, "Use digits, spaces and + - ( ) / only."),
    ],
)
def test_a_wrong_profile_names_the_rule(
    changes: dict[str, str], words: str, valuer: User, client_for: ClientFor
) -> None:
    response = client_for(valuer).post(reverse("profile"), {**PROFILE, **changes})
    assert (response.status_code, words in response.content.decode()) == (422, True)


def test_a_wrong_profile_keeps_what_was_typed(valuer: User, client_for: ClientFor) -> None:
    response = client_for(valuer).post(reverse("profile"), {**PROFILE, "phone": "call me"})
    assert "B.E. (Civil)" in response.content.decode()


def test_a_profile_is_one_persons_own(
    firm: Organization, valuer: User, other_valuer: User, client_for: ClientFor
) -> None:
    client_for(valuer).post(reverse("profile"), PROFILE)
    assert "Er. Vikram" not in client_for(other_valuer).get(reverse("profile")).content.decode()


def test_a_change_of_the_profile_is_recorded(firm: Organization, valuer: User, client_for: ClientFor) -> None:
    client = client_for(valuer)
    for _ in range(2):
        client.post(reverse("profile"), PROFILE)
    with organization_active(firm.placement):
        # Saving the same again is no change.
        assert ActivityEntry.objects.filter(action="profile_changed").count() == 1


def test_the_profile_costs_one_command_of_its_own(
    valuer: User, client_for: ClientFor, commands: Commands
) -> None:
    client = client_for(valuer)
    with commands() as sent:
        client.get(reverse("profile"))
    assert len(sent) == 1 + 1


# The firm --------------------------------------------------------------------------------------------


def test_only_managers_open_the_firms_page(valuer: User, client_for: ClientFor) -> None:
    assert client_for(valuer).get(reverse("firm")).status_code == 403


@pytest.mark.parametrize("who", ["valuer", "assistant", "viewer"])
def test_only_managers_change_the_firm(
    who: str, client_for: ClientFor, request: pytest.FixtureRequest
) -> None:
    response = save_firm(client_for(request.getfixturevalue(who)))
    assert (response.status_code, stored_firm().accent) == (403, "teal")


def test_it_stores_the_letterhead(manager: User, client_for: ClientFor) -> None:
    save_firm(client_for(manager))
    assert stored_firm().letterhead == {
        "name": "Alpha Valuers LLP",
        "tagline": "Valuers of land and building",
        "address": ["1 Sample Road", "Pune 411045"],
        "phone": "020 0000 0000",
        "email": "office@alpha.example",
        "website": "www.alpha.example",
        "registration": "Reg. 42",
    }


def test_it_stores_how_the_firm_works(manager: User, client_for: ClientFor) -> None:
    save_firm(client_for(manager), valuers_may_review="true", initials="AX")
    firm = stored_firm()
    assert (firm.accent, firm.reference_pattern, firm.valuers_may_review, firm.initials) == (
        "plum",
        "{initials}/{seq:04}/{FY}",
        True,
        "AX",
    )


def test_a_rivals_firm_stays_as_it_is(rival: Organization, manager: User, client_for: ClientFor) -> None:
    save_firm(client_for(manager))
    assert Organization.objects.get(pk=rival.pk).accent == "teal"


def test_a_change_of_the_firm_is_audited_with_what_it_was(manager: User, client_for: ClientFor) -> None:
    save_firm(client_for(manager))
    entry = AuditEntry.objects.get(action="firm.changed")
    assert (entry.actor, entry.org_id, entry.details["changes"]["accent"]) == (
        manager.email,
        "alpha_valuers",
        {"from": "teal", "to": "plum"},
    )


def test_saving_what_is_stored_is_not_audited(manager: User, client_for: ClientFor) -> None:
    client = client_for(manager)
    for _ in range(2):
        save_firm(client)
    assert AuditEntry.objects.filter(action="firm.changed").count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"letterhead_name": ""}, "This field is required."),
        ({"initials": "av"}, "Use 1 to 6 capital letters or digits."),
        ({"reference_pattern": "{initials}"}, "needs the running number exactly once"),
        ({"reference_pattern": "{seq:04}/{owner}"}, "{owner} is not known"),
        ({"email": "office"}, "Enter a valid email address."),
        ({"website": "javascript:alert(1)"}, "Write it like www.example.com."),
        ({"accent": "gold"}, "gold is not one of the available choices."),
        ({"address": "1\n2\n3\n4\n5\n6"}, "At most 5 lines"),
    ],
)
def test_a_wrong_value_names_the_rule_and_changes_nothing(
    changes: dict[str, str], words: str, manager: User, client_for: ClientFor
) -> None:
    response = save_firm(client_for(manager), **changes)
    assert (response.status_code, words in response.content.decode()) == (422, True)
    assert stored_firm().accent == "teal"


def test_it_shows_an_example_of_the_pattern(manager: User, client_for: ClientFor) -> None:
    assert "AV/0042/" in client_for(manager).get(reverse("firm")).content.decode()


def test_the_example_follows_what_is_typed(manager: User, client_for: ClientFor) -> None:
    query = {"reference_pattern": "{bank}-{seq:06}", "initials": "AV"}
    text = client_for(manager).get(reverse("firm-example"), query).content.decode()
    assert "SBI-000042" in text


def test_the_example_says_what_is_wrong_with_a_pattern(manager: User, client_for: ClientFor) -> None:
    query = {"reference_pattern": "{nothing}", "initials": "AV"}
    text = client_for(manager).get(reverse("firm-example"), query).content.decode()
    assert "{nothing} is not known" in text


# The logo --------------------------------------------------------------------------------------------


def test_it_keeps_a_logo_and_gives_it_to_the_firms_people(
    manager: User, viewer: User, client_for: ClientFor
) -> None:
    save_firm(client_for(manager), logo=logo())
    response = client_for(viewer).get(reverse("firm-logo"))
    assert (response["Content-Type"], response.content[:4]) == ("image/png", b"\x89PNG")


def test_a_rival_never_gets_the_logo(manager: User, rival_valuer: User, client_for: ClientFor) -> None:
    save_firm(client_for(manager), logo=logo())
    assert client_for(rival_valuer).get(reverse("firm-logo")).status_code == 404


def test_without_a_logo_there_is_none(viewer: User, client_for: ClientFor) -> None:
    assert client_for(viewer).get(reverse("firm-logo")).status_code == 404


def test_saving_again_keeps_the_logo(manager: User, client_for: ClientFor) -> None:
    client = client_for(manager)
    save_firm(client, logo=logo())
    before = stored_firm().letterhead["logo"]
    save_firm(client, accent="blue")
    assert stored_firm().letterhead["logo"] == before


def test_another_logo_takes_the_place_of_the_first(
    firm: Organization, manager: User, client_for: ClientFor
) -> None:
    client = client_for(manager)
    save_firm(client, logo=logo())
    save_firm(client, logo=logo(size=(90, 90)))
    with organization_active(firm.placement):
        kept = StoredFile.objects.filter(kind=FileKind.LOGO).count()
    assert (kept, bytes_in(firm)) == (1, 1)


def test_a_logo_is_removed_with_its_bytes(firm: Organization, manager: User, client_for: ClientFor) -> None:
    client = client_for(manager)
    save_firm(client, logo=logo())
    save_firm(client, remove_logo="true")
    assert ("logo" in stored_firm().letterhead, bytes_in(firm)) == (False, 0)


def test_a_logo_that_is_no_image_changes_nothing_and_says_why(manager: User, client_for: ClientFor) -> None:
    response = save_firm(client_for(manager), logo=SimpleUploadedFile("logo.svg", b"<svg/>"))
    assert (response.status_code, "this is no JPEG" in response.content.decode()) == (422, True)
    assert stored_firm().accent == "teal"


def test_a_large_logo_is_made_smaller(firm: Organization, manager: User, client_for: ClientFor) -> None:
    save_firm(client_for(manager), logo=logo(size=(3000, 1000)))
    with organization_active(firm.placement):
        assert StoredFile.objects.get(kind=FileKind.LOGO).width == 720
