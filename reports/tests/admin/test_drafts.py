"""Staff write drafts: piece by piece or as JSON; two at once are told; every change is audited."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from banks.drafting import DraftChanged, DraftGone, new_version, remove_draft, save_draft, token_of
from banks.formats.editing import node_and_kind
from banks.models import Format, FormatStatus
from banks.tests.storing import SAMPLE, small_content, stored_format
from reports.admin.format_forms import PartsForm, parts_for
from reports.tests.admin.test_format_forms import sent_as_shown
from tenants.models import AuditEntry, User

ClientFor = Callable[[User], Client]
RATE = "land.value.rate"


@pytest.fixture
def office(staff: User, client_for: ClientFor) -> Client:
    return client_for(staff)


@pytest.fixture
def version(empty_shared_resources: None) -> Format:
    return stored_format()


@pytest.fixture
def draft(version: Format, staff: User) -> Format:
    return new_version(version, by=staff)


def url(version: Format, page: str, at: str = "") -> str:
    address = reverse(f"admin:banks_format_{page}", args=[version.pk])
    return f"{address}?at={at}" if at else address


def stored(draft: Format) -> Format:
    return Format.objects.get(pk=draft.pk)


def node(draft: Format, path: str) -> dict[str, Any]:
    return node_and_kind(stored(draft).content, path)[0]


def typed(draft: Format, path: str, **changes: str) -> dict[str, Any]:
    """The form of a node as a browser sends it, with these changes."""
    found, kind = node_and_kind(draft.content, path)
    data = sent_as_shown(PartsForm(parts_for(found, kind), found, None, kind), changes)
    return {**data.dict(), "token": token_of(draft), "do": "save"}


# Beginning -----------------------------------------------------------------------------------------------


def test_a_new_version_is_a_copy_with_the_next_number(version: Format, draft: Format) -> None:
    assert (draft.version, draft.status, draft.sample) == (2, FormatStatus.DRAFT, SAMPLE)
    assert draft.content == small_content(2)
    assert stored(version).checksum == version.checksum


def test_drafts_of_one_key_take_numbers_of_their_own(version: Format, staff: User) -> None:
    assert [new_version(version, by=staff).version for _ in range(2)] == [2, 3]


def test_the_button_leads_into_the_editor(office: Client, version: Format) -> None:
    answer: Any = office.post(url(version, "draft"))
    assert answer.url == url(Format.objects.get(version=2), "edit")


def test_asking_begins_nothing(office: Client, version: Format) -> None:
    office.get(url(version, "draft"))
    assert Format.objects.count() == 1


# Piece by piece ------------------------------------------------------------------------------------------


def test_a_field_is_changed_and_the_change_audited(office: Client, draft: Format) -> None:
    answer: Any = office.post(url(draft, "edit", RATE), typed(draft, RATE, label="Adopted rate"))
    assert answer.url == url(draft, "edit", RATE)
    assert node(draft, RATE)["label"] == "Adopted rate"
    changes = AuditEntry.objects.get(action="format.draft_changed").details["changes"]
    assert changes == {f"{RATE}: label changed": {"from": "Rate", "to": "Adopted rate"}}


def test_a_new_id_is_where_the_editor_goes_on(office: Client, draft: Format) -> None:
    answer: Any = office.post(url(draft, "edit", RATE), typed(draft, RATE, id="adopted_rate"))
    assert answer.url == url(draft, "edit", "land.value.adopted_rate")


def test_an_imperfect_draft_is_kept_and_its_faults_lead_to_their_place(office: Client, draft: Format) -> None:
    office.post(url(draft, "edit", RATE), typed(draft, RATE, type="calculated", formula="gone * 2"))
    page = office.get(url(draft, "edit")).content.decode()
    assert node(draft, RATE)["formula"] == "gone * 2"
    assert "to mend before it can be published" in page
    assert f"?at={RATE}" in page


@pytest.mark.parametrize(
    ("into", "new"),
    [
        ("", {"new-id": "added", "new-label": "Added"}),
        ("land", {"new-id": "added", "new-label": "Added"}),
        ("land.value", {"new-id": "added", "new-label": "Added", "new-type": "text"}),
        ("land.value.owners", {"new-id": "added", "new-label": "Added", "new-type": "decimal"}),
    ],
)
def test_tabs_sections_fields_and_columns_are_added(
    office: Client, draft: Format, into: str, new: Mapping[str, str]
) -> None:
    office.post(url(draft, "edit", into), {**new, "token": token_of(draft), "do": "add"})
    assert node(draft, f"{into}.added".lstrip("."))["label"] == "Added"


def test_a_field_is_moved_and_removed(office: Client, draft: Format) -> None:
    office.post(url(draft, "edit", RATE), {"token": token_of(draft), "do": "up"})
    assert [field["id"] for field in node(draft, "land.value")["fields"]][:3] == ["built", "rate", "extent"]
    office.post(url(draft, "edit", RATE), {"token": token_of(stored(draft)), "do": "remove"})
    assert "rate" not in [field["id"] for field in node(draft, "land.value")["fields"]]


def test_removing_is_asked_about_first(office: Client, draft: Format) -> None:
    page = office.get(f"{url(draft, 'edit', 'land.value')}&ask=remove").content.decode()
    assert "with the 7 parts in it" in page


@pytest.mark.parametrize(("at", "name"), [("", "title"), ("document", "methodology")])
def test_the_whole_and_the_document_have_forms(office: Client, draft: Format, at: str, name: str) -> None:
    page = office.get(url(draft, "edit", at)).content.decode()
    assert f'name="node-{name}"' in page


def test_a_wrong_form_keeps_what_was_typed(office: Client, draft: Format) -> None:
    answer = office.post(url(draft, "edit", RATE), typed(draft, RATE, width="wide", label="Typed"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="Typed"' in page
    assert "no whole number" in page
    assert stored(draft).checksum == draft.checksum


def test_an_id_that_is_taken_is_said(office: Client, draft: Format) -> None:
    answer = office.post(url(draft, "edit", RATE), typed(draft, RATE, id="extent"))
    assert answer.status_code == 422
    assert "extent is taken" in answer.content.decode()


def test_a_place_that_is_gone_leads_to_the_whole(office: Client, draft: Format) -> None:
    answer: Any = office.get(url(draft, "edit", "land.gone"))
    assert answer.url == url(draft, "edit")


# Two at once ---------------------------------------------------------------------------------------------


def test_the_second_of_two_is_told_and_nothing_is_lost(office: Client, draft: Format, staff: User) -> None:
    mine = typed(draft, RATE, label="Mine")
    office.post(url(draft, "edit", "land.value.extent"), typed(draft, "land.value.extent", label="Theirs"))

    refused = office.post(url(draft, "edit", RATE), mine)

    page = refused.content.decode()
    assert refused.status_code == 409
    assert f"{staff.name} changed this draft" in page
    assert 'value="Mine"' in page
    assert node(draft, RATE)["label"] == "Rate"
    office.post(url(draft, "edit", RATE), {**mine, "token": token_of(stored(draft))})
    assert node(draft, RATE)["label"] == "Mine"
    assert node(draft, "land.value.extent")["label"] == "Theirs"


def test_of_two_who_save_the_same_state_one_is_refused(draft: Format, staff: User) -> None:
    first, second, base = stored(draft), stored(draft), token_of(draft)
    save_draft(first, {**small_content(2), "title": "First"}, None, base=base, by=staff)
    with pytest.raises(DraftChanged):
        save_draft(second, {**small_content(2), "title": "Second"}, None, base=base, by=staff)
    assert stored(draft).title == "First"


def test_another_sample_is_a_change_too(draft: Format, staff: User) -> None:
    base, other = token_of(draft), stored(draft)
    save_draft(draft, small_content(2), None, base=base, by=staff)
    with pytest.raises(DraftChanged):
        save_draft(other, small_content(2), {"land": {}}, base=base, by=staff)


def test_a_draft_that_was_published_meanwhile_stays_as_published(
    office: Client, draft: Format, staff: User
) -> None:
    base, opened = token_of(draft), stored(draft)
    office.post(url(draft, "publish"))
    with pytest.raises(DraftGone):
        save_draft(opened, {**small_content(2), "title": "Late"}, None, base=base, by=staff)


@pytest.mark.parametrize("page", ["edit", "json", "remove"])
def test_what_is_published_is_not_written(office: Client, version: Format, page: str) -> None:
    for answer in (office.get(url(version, page)), office.post(url(version, page), {"do": "save"})):
        assert answer.status_code == 302
    assert stored(version).checksum == version.checksum


# As JSON -------------------------------------------------------------------------------------------------


def as_json(draft: Format, content: Any, sample: Any = "") -> dict[str, str]:
    text = content if isinstance(content, str) else json.dumps(content)
    return {"content": text, "sample": sample and json.dumps(sample), "token": token_of(draft)}


def test_the_whole_is_saved_with_its_sample(office: Client, draft: Format) -> None:
    answers = {"land": {"value": {"extent": "7"}}}
    office.post(url(draft, "json"), as_json(draft, {**small_content(2), "title": "Typed"}, answers))
    assert (stored(draft).title, stored(draft).sample) == ("Typed", answers)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{\n  "title": }', "Line 2, column 12 is not JSON"),
        ('{"title": "a", "title": "b"}', "title occurs twice"),
        ("[]", "holds no JSON object"),
        ('{"title": "x"}', "tabs is missing"),
        (json.dumps({**small_content(9)}), "keeps its key"),
    ],
)
def test_what_cannot_be_read_is_said_and_stays_typed(
    office: Client, draft: Format, content: str, said: str
) -> None:
    answer = office.post(url(draft, "json"), as_json(draft, content))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert stored(draft).checksum == draft.checksum


def test_a_later_json_is_compared_with_what_is_stored(office: Client, draft: Format) -> None:
    mine = as_json(draft, {**small_content(2), "title": "Mine"})
    office.post(url(draft, "edit", RATE), typed(draft, RATE, label="Theirs"))
    answer = office.post(url(draft, "json"), mine)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert all(text in page for text in ("changed this draft", "&quot;Mine&quot;", RATE))


# Removing ------------------------------------------------------------------------------------------------


def test_a_draft_is_removed_and_audited(office: Client, draft: Format) -> None:
    office.post(url(draft, "remove"))
    assert not Format.objects.filter(pk=draft.pk).exists()
    assert AuditEntry.objects.get(action="format.draft_removed").target == "TST/general/land/2"


def test_what_is_published_is_not_removed(version: Format, staff: User) -> None:
    with pytest.raises(DraftGone):
        remove_draft(version, by=staff)


def test_nobody_but_staff_sees_a_draft(draft: Format, manager: User, client_for: ClientFor) -> None:
    answers = [client_for(manager).get(url(draft, page)) for page in ("edit", "json", "preview", "download")]
    assert {answer.status_code for answer in answers} <= {302, 403}


def test_writing_costs_three_commands_to_show(office: Client, draft: Format, commands: Any) -> None:
    # The session, the draft, and kinds of documents for the preview's choices.
    office.get(url(draft, "edit", RATE))
    with commands() as sent:
        office.get(url(draft, "edit", RATE))
    assert len(sent) <= 3
