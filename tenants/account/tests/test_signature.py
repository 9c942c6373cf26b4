"""The picture of a person's signature: stored clean, shown to its owner alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from gridfs import GridFSBucket
from PIL import Image
from pymongo.errors import AutoReconnect

from tenants.account import signature
from tenants.context import organization_active
from tenants.models import ActivityEntry, FileKind, Organization, StoredFile, User, UserSettings
from tenants.mongodb.clients import clients
from tenants.mongodb.monitoring import Command
from tenants.operations.masking import Masker, mask_document

ClientFor = Callable[[User], Client]
Commands = Callable[[], AbstractContextManager[list[Command]]]


def ink(size: tuple[int, int] = (400, 120), kind: str = "PNG", name: str = "ink.png") -> SimpleUploadedFile:
    written = BytesIO()
    Image.new("RGBA" if kind == "PNG" else "RGB", size).save(written, kind)
    return SimpleUploadedFile(name, written.getvalue())


def store(client: Client, picture: SimpleUploadedFile | None = None) -> Any:
    return client.post(reverse("signature"), {"signature": picture or ink()})


def stored(firm: Organization) -> list[StoredFile]:
    with organization_active(firm.placement):
        return list(StoredFile.objects.filter(kind=FileKind.SIGNATURE))


def bytes_in(firm: Organization) -> int:
    bucket = GridFSBucket(clients.for_address("MONGODB_URI")[firm.org_id])
    return sum(1 for _ in bucket.find({}))


def test_it_keeps_the_picture(firm: Organization, valuer: User, client_for: ClientFor) -> None:
    store(client_for(valuer))
    with organization_active(firm.placement):
        named = UserSettings.objects.get(user_id=str(valuer.pk)).signature
    assert [str(one.pk) for one in stored(firm)] == [named]


def test_a_picture_that_was_named_stays_when_the_answer_is_lost(
    firm: Organization, valuer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def named_and_lost(by: User, file_id: str) -> None:
        UserSettings.objects.create(user_id=str(by.pk), signature=file_id)
        raise AutoReconnect("The connection was lost after the change was made.")

    monkeypatch.setattr(signature, "_name", named_and_lost)
    with organization_active(firm.placement), pytest.raises(AutoReconnect):
        signature.change_signature(by=valuer, name="ink.png", content=ink().read(), now=timezone.now())
    assert (len(stored(firm)), bytes_in(firm)) == (1, 1)


def test_a_large_one_is_made_smaller(firm: Organization, valuer: User, client_for: ClientFor) -> None:
    store(client_for(valuer), ink((3000, 900)))
    (one,) = stored(firm)
    assert (one.width, one.height) == (1200, 360)


def test_its_owner_sees_it(valuer: User, client_for: ClientFor) -> None:
    client = client_for(valuer)
    store(client)
    answer = client.get(reverse("signature"))
    assert (answer.headers["Content-Type"], Image.open(BytesIO(answer.content)).mode) == ("image/png", "RGBA")


def test_no_browser_keeps_it(valuer: User, client_for: ClientFor) -> None:
    client = client_for(valuer)
    store(client)
    assert "no-store" in client.get(reverse("signature")).headers["Cache-Control"]


def test_a_colleague_does_not_see_it(valuer: User, manager: User, client_for: ClientFor) -> None:
    store(client_for(valuer))
    assert client_for(manager).get(reverse("signature")).status_code == 404


def test_naming_somebody_elses_file_shows_nothing(
    firm: Organization, valuer: User, manager: User, client_for: ClientFor
) -> None:
    store(client_for(valuer))
    (one,) = stored(firm)
    with organization_active(firm.placement):
        UserSettings.objects.create(user_id=str(manager.pk), signature=str(one.pk))
    assert client_for(manager).get(reverse("signature")).status_code == 404


def test_another_one_takes_its_place(firm: Organization, valuer: User, client_for: ClientFor) -> None:
    client = client_for(valuer)
    store(client)
    store(client, ink((200, 50)))
    assert ([one.width for one in stored(firm)], bytes_in(firm)) == ([200], 1)


def test_removing_it_leaves_nothing(firm: Organization, valuer: User, client_for: ClientFor) -> None:
    client = client_for(valuer)
    store(client)
    client.post(reverse("signature"), {"remove": "1"})
    assert (stored(firm), bytes_in(firm)) == ([], 0)


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (SimpleUploadedFile("ink.png", b"no picture at all"), "this is no JPEG, PNG or WebP image"),
        (SimpleUploadedFile("ink.png", b"\x89PNG" + bytes(2 * 1024 * 1024)), "larger than 2 MB"),
    ],
)
def test_what_is_no_signature_is_refused_in_words(
    picture: SimpleUploadedFile, words: str, firm: Organization, valuer: User, client_for: ClientFor
) -> None:
    answer = store(client_for(valuer), picture)
    assert (answer.status_code, words in answer.content.decode(), stored(firm)) == (422, True, [])


def test_sending_nothing_says_what_to_do(valuer: User, client_for: ClientFor) -> None:
    answer = client_for(valuer).post(reverse("signature"))
    assert (answer.status_code, "Choose the picture" in answer.content.decode()) == (422, True)


def test_it_is_recorded_by_its_hash(firm: Organization, valuer: User, client_for: ClientFor) -> None:
    store(client_for(valuer))
    (one,) = stored(firm)
    with organization_active(firm.placement):
        entry = ActivityEntry.objects.get(action="signature_changed")
    assert entry.details["changes"]["signature"] == {"from": "", "to": one.sha256}


def test_a_masked_copy_has_a_placeholder_instead(
    firm: Organization, valuer: User, client_for: ClientFor
) -> None:
    store(client_for(valuer))
    (one,) = stored(firm)
    document = {
        name: getattr(one, name)
        for name in ("name", "stored_as", "sha256", "caption", "added_by", "added_by_name")
    }
    masked = mask_document("files_metadata", dict(document), Masker(b"key"))
    assert masked["sha256"] != document["sha256"]
    assert valuer.name not in str(masked)


def test_a_masked_copy_says_not_whose_it_was() -> None:
    entry = {
        "actor_id": "a" * 24,
        "actor_name": "Vikram Valuer",
        "action": "signature_changed",
        "target": "Vikram Valuer",
        "details": {"changes": {"signature": {"from": "", "to": "0" * 64}}},
    }
    assert "Vikram" not in str(mask_document("activity_logs", entry, Masker(b"key")))


def test_the_profile_costs_one_command_of_its_own(
    valuer: User, client_for: ClientFor, commands: Commands
) -> None:
    client = client_for(valuer)
    with commands() as sent:
        client.get(reverse("profile"))
    assert [(one.database, one.collection) for one in sent] == [
        ("valuation_admin", "sessions"),
        ("alpha_valuers", "users_settings"),
    ]


def test_staff_sign_nothing(staff: User, client_for: ClientFor) -> None:
    assert client_for(staff).get(reverse("signature")).status_code == 403
