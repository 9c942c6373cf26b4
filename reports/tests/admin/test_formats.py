"""Staff read, publish and retire formats; what a version holds never changes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse

from banks.models import Format, FormatStatus
from banks.publishing import FormatState, publish_format, retire_format
from banks.queries import published_formats
from banks.tests.storing import SAMPLE, small_content, stored_common_fields, stored_format
from reports.documents.render import RenderingFailed
from reports.format_checks import problems_of
from tenants.context import shared_resources_writable
from tenants.models import AuditEntry, User

ClientFor = Callable[[User], Client]


@pytest.fixture
def office(staff: User, client_for: ClientFor) -> Client:
    return client_for(staff)


@pytest.fixture
def version(empty_shared_resources: None) -> Format:
    """A published version."""
    return stored_format()


def url(version: Format, page: str) -> str:
    return reverse(f"admin:banks_format_{page}", args=[version.pk])


def listed(office: Client, query: dict[str, str]) -> list[Any]:
    """The versions on a page of the list."""
    response: Any = office.get(reverse("admin:banks_format_changelist"), query)
    return list(response.context_data["cl"].result_list)


def status(version: Format) -> str:
    return Format.objects.get(pk=version.pk).status


def test_a_retired_version_is_offered_to_nobody(office: Client, version: Format) -> None:
    office.post(url(version, "retire"))
    assert str(version.pk) not in [offered.id for offered in published_formats()]


def test_a_retired_version_can_be_published_again(office: Client, version: Format) -> None:
    office.post(url(version, "retire"))
    office.post(url(version, "publish"))
    assert status(version) == FormatStatus.PUBLISHED


def test_a_draft_is_published(office: Client, version: Format) -> None:
    with shared_resources_writable():
        QuerySet.update(Format.objects.filter(pk=version.pk), status=FormatStatus.DRAFT)
    office.post(url(version, "publish"))
    assert status(version) == FormatStatus.PUBLISHED


def test_retiring_is_audited_by_the_format_s_key(office: Client, version: Format, staff: User) -> None:
    office.post(url(version, "retire"))
    entry = AuditEntry.objects.get(action="format.retired")
    assert (entry.actor, entry.target) == (staff.email, "TST/general/land/1")


def test_opening_the_question_retires_nothing(office: Client, version: Format) -> None:
    office.get(url(version, "retire"))
    assert status(version) == FormatStatus.PUBLISHED


def test_a_published_version_is_not_published_twice(version: Format, staff: User) -> None:
    with pytest.raises(FormatState, match="not draft or retired"):
        publish_format(version, by=staff, check=problems_of)


def test_a_draft_is_not_retired(version: Format, staff: User) -> None:
    with shared_resources_writable():
        QuerySet.update(Format.objects.filter(pk=version.pk), status=FormatStatus.DRAFT)
    with pytest.raises(FormatState, match="not published"):
        retire_format(version, by=staff)


@pytest.mark.parametrize("page", ["change", "delete"])
def test_a_version_can_be_neither_edited_nor_deleted(office: Client, version: Format, page: str) -> None:
    form = {"title": "Other", "content": "{}", "post": "yes"}
    assert office.post(url(version, page), form).status_code == 403


def test_publishing_and_retiring_leave_the_content_alone(office: Client, version: Format) -> None:
    office.post(url(version, "retire"))
    office.post(url(version, "publish"))
    assert Format.objects.get(pk=version.pk).content == version.content


def test_the_page_outlines_tabs_sections_and_fields(office: Client, version: Format) -> None:
    page = office.get(url(version, "change")).content.decode()
    tab = version.content["tabs"][-1]
    section = tab["sections"][0]
    assert all(one["id"] in page for one in (section, *section["fields"]))


def test_a_damaged_version_is_said_and_not_fatal(office: Client, version: Format) -> None:
    with shared_resources_writable():
        connections["shared"].get_collection("system_templates").update_one(  # type: ignore[attr-defined]
            {"_id": version.pk}, {"$set": {"content": {"tabs": 3}}}
        )
    assert "checksum differs" in office.get(url(version, "change")).content.decode()


def test_the_list_does_not_fetch_content(office: Client, version: Format) -> None:
    assert {one.content for one in listed(office, {})} == {None}


@pytest.mark.parametrize(
    "query", [{"bank_code": "TST"}, {"status__exact": "published"}, {"q": "TST"}, {"effect": "now"}]
)
def test_the_list_is_filtered_and_searched(office: Client, version: Format, query: dict[str, str]) -> None:
    assert version.pk in [one.pk for one in listed(office, query)]


# Publishing ----------------------------------------------------------------------------------------------


def drafted(version: int = 2, **values: Any) -> Format:
    return stored_format(FormatStatus.DRAFT, version=version, **values)


def test_an_effective_day_is_kept_and_audited(office: Client, version: Format) -> None:
    draft = drafted()
    office.post(url(draft, "publish"), {"effective_from": "2031-04-01"})
    stored = Format.objects.get(pk=draft.pk)
    assert (stored.status, stored.effective_from) == (FormatStatus.PUBLISHED, date(2031, 4, 1))
    assert AuditEntry.objects.get(action="format.published").details["effective_from"] == "2031-04-01"


def test_the_older_version_stays_published(office: Client, version: Format) -> None:
    office.post(url(drafted(), "publish"))
    assert status(version) == FormatStatus.PUBLISHED


def test_an_earlier_day_than_the_newest_has_is_asked_about(office: Client, version: Format) -> None:
    stored_format(version=2, effective_from=date(2031, 4, 1))
    draft = drafted(3)
    page = office.post(url(draft, "publish"), {"effective_from": "2031-03-31"})
    assert "Version 2 is published and takes effect on 01-04-2031" in page.content.decode()
    assert status(draft) == FormatStatus.DRAFT
    office.post(url(draft, "publish"), {"effective_from": "2031-03-31", "confirmed": "on"})
    assert status(draft) == FormatStatus.PUBLISHED


def test_a_version_below_one_in_effect_is_said_to_be_offered_to_nobody(
    office: Client, version: Format
) -> None:
    stored_format(version=3)
    draft = drafted()
    said = "Version 3 is published and in effect; as it is the higher one, firms would never be offered"

    assert said in office.get(url(draft, "publish")).content.decode()
    assert said in office.post(url(draft, "publish")).content.decode()
    assert status(draft) == FormatStatus.DRAFT

    done = office.post(url(draft, "publish"), {"confirmed": "on"}, follow=True).content.decode()
    assert status(draft) == FormatStatus.PUBLISHED
    assert said in done
    assert "firms can begin reports with it" not in done


@pytest.mark.parametrize(
    ("other", "day", "said"),
    [
        ((3, date(2031, 4, 1)), "2031-04-01", "in effect from 01-04-2031; as it is the higher one"),
        ((3, date(2031, 4, 1)), "2031-03-31", "version 2 would be offered only until then"),
        ((1, date(2031, 4, 1)), "", "it would never be offered, because version 2 is the higher one"),
    ],
)
def test_a_day_that_keeps_a_version_from_being_offered_is_said_before_it_is_published(
    office: Client, empty_shared_resources: None, other: tuple[int, date], day: str, said: str
) -> None:
    stored_format(version=other[0], effective_from=other[1])
    draft = drafted()
    assert said in office.post(url(draft, "publish"), {"effective_from": day}).content.decode()
    assert status(draft) == FormatStatus.DRAFT


def test_the_usual_publication_asks_nothing_further(office: Client, version: Format) -> None:
    draft = drafted()
    assert "offered version" not in office.get(url(draft, "publish")).content.decode()
    office.post(url(draft, "publish"), {"effective_from": "2031-04-01"})
    assert status(draft) == FormatStatus.PUBLISHED


def test_before_a_version_is_retired_it_is_said_which_one_is_offered_instead(
    office: Client, version: Format
) -> None:
    newer = stored_format(version=2)
    assert "will be offered version 1." in office.get(url(newer, "retire")).content.decode()
    assert "are now offered version 1." in office.post(url(newer, "retire"), follow=True).content.decode()
    assert "no version of this format" in office.get(url(version, "retire")).content.decode()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda content: content["tabs"][1]["sections"][0]["fields"][2].update(type="money"), "money"),
        (lambda content: content["headline"].update(fair_market_value="land.value.gone"), "land.value.gone"),
        (lambda content: content["tabs"][1]["sections"][0]["fields"][3].update(formula="gone * 2"), "gone"),
    ],
)
def test_what_is_not_sound_is_not_published(office: Client, version: Format, spoil: Any, said: str) -> None:
    content = small_content(2)
    spoil(content)
    draft = drafted(content=content)
    page = office.post(url(draft, "publish")).content.decode()
    assert "is not sound yet" in page
    assert said in page
    assert status(draft) == FormatStatus.DRAFT


def test_a_sample_that_does_not_fit_stops_the_publication(office: Client, version: Format) -> None:
    draft = drafted(sample={"land": {"value": {"extent": "many"}}})
    assert "Sample answers" in office.post(url(draft, "publish")).content.decode()


def test_a_draft_that_changed_meanwhile_is_not_published(version: Format, staff: User) -> None:
    draft = drafted()
    with shared_resources_writable():
        Format.objects.filter(pk=draft.pk).update(checksum="0" * 64)
    with pytest.raises(FormatState, match="changed it meanwhile"):
        publish_format(draft, by=staff, check=problems_of)


# Looking at it, files ------------------------------------------------------------------------------------


def test_the_preview_shows_a_section_with_the_sample_s_answers(office: Client, version: Format) -> None:
    page = office.get(url(version, "preview"), {"at": "land.value"}).content.decode()
    assert "5,000" in page
    assert "answers are those of the version" in page


def test_without_a_sample_the_answers_are_made_up(office: Client, version: Format) -> None:
    page = office.get(url(drafted(sample=None), "preview"), {"at": "land.value"}).content.decode()
    assert "answers are made up" in page


def test_a_wrong_formula_leaves_the_questions_to_be_seen(office: Client, version: Format) -> None:
    content = small_content(2)
    content["tabs"][1]["sections"][0]["fields"][3]["formula"] = "gone * 2"
    page = office.get(url(drafted(content=content), "preview"), {"at": "land.value"}).content.decode()
    assert "figures cannot be worked out yet" in page
    assert "Is it built on?" in page


def test_a_format_that_cannot_be_built_has_no_preview_but_a_sentence(office: Client, version: Format) -> None:
    draft = drafted(content={**small_content(2), "tabs": [{"id": "land"}]})
    for page in ("preview", "pages"):
        response = office.get(url(draft, page))
        assert response.status_code == 200
        assert "mend the faults" in response.content.decode()


def test_the_pages_are_pictures_that_are_laid_out_once(
    office: Client, version: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def render(document: Any, images: Any, width: int) -> list[bytes]:
        asked.append(document)
        return [b"first", b"second"]

    monkeypatch.setattr("reports.admin.format_preview.render_pages", render)
    page = office.get(url(version, "pages"), {"part": "1"}).content.decode()
    addresses = re.findall(r'img src="([^"]+)"', page)
    assert [office.get(address.replace("&amp;", "&")).content for address in addresses] == [
        b"first",
        b"second",
    ]
    assert len(asked) == 1


def test_a_failure_of_the_renderer_is_a_sentence(
    office: Client, version: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    def render(*_: Any) -> list[bytes]:
        raise RenderingFailed("The document took too long to lay out and was stopped.")

    monkeypatch.setattr("reports.admin.format_preview.render_pages", render)
    draft = drafted(content={**small_content(2), "title": "Never laid out"})
    assert "took too long" in office.get(url(draft, "pages")).content.decode()


def test_a_page_that_is_not_there_is_missing(
    office: Client, version: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.admin.format_preview.render_pages", lambda *_: [b"first"])
    address = reverse("admin:banks_format_page", args=[version.pk, 9])
    assert office.get(address).status_code == 404


def test_two_versions_are_compared_by_section(office: Client, version: Format) -> None:
    content = small_content(2)
    content["tabs"][1]["sections"][0]["fields"][2]["label"] = "Adopted rate"
    page = office.get(url(drafted(content=content), "compare")).content.decode()
    assert all(text in page for text in ("Land: Value", "Adopted rate", "1 changed"))


def test_a_lonely_version_has_nothing_to_be_compared_with(office: Client, version: Format) -> None:
    assert "only version" in office.get(url(version, "compare")).content.decode()


def test_a_downloaded_file_comes_back_as_the_next_draft(office: Client, version: Format) -> None:
    stored_common_fields()
    file = office.get(url(version, "download"))
    upload = SimpleUploadedFile("land.json", file.content)
    looked = office.post(reverse("admin:banks_format_upload"), {"file": upload})
    assert "is sound" in looked.content.decode()
    assert Format.objects.count() == 1
    office.post(
        reverse("admin:banks_format_upload"), {"text": file.content.decode(), "name": "land.json", "add": "1"}
    )
    draft = Format.objects.get(version=2)
    assert (draft.status, draft.sample) == (FormatStatus.DRAFT, SAMPLE)
    assert {**draft.content, "format": version.content["format"]} == version.content
    assert Format.objects.get(version=1).checksum == version.checksum


def test_a_file_brings_the_day_of_its_effect_along_to_be_published(office: Client, version: Format) -> None:
    stored_common_fields()
    upload = SimpleUploadedFile("land.json", office.get(url(version, "download")).content)
    raw = {**json.loads(upload.read()), "effective_from": "2027-04-01"}
    office.post(reverse("admin:banks_format_upload"), {"text": json.dumps(raw), "name": "x", "add": "1"})
    draft = Format.objects.get(version=2)

    assert draft.effective_from == date(2027, 4, 1)
    assert 'value="2027-04-01"' in office.get(url(draft, "publish")).content.decode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{", "is not JSON"),
        (b"[]", "holds no JSON object"),
        (b'{"self_contained": true, "title": "x"}', "missing"),
        (b"{}", "missing"),
    ],
)
def test_a_file_that_is_wrong_says_why_and_adds_nothing(
    office: Client, version: Format, data: bytes, said: str
) -> None:
    stored_common_fields()
    upload = SimpleUploadedFile("land.json", data)
    page = office.post(reverse("admin:banks_format_upload"), {"file": upload, "add": "1"})
    assert page.status_code == 422
    assert said in page.content.decode()
    assert Format.objects.count() == 1


# Cost ----------------------------------------------------------------------------------------------------

# The session with its person first. The list: count, rows, and the values of its three filters.
BUDGETS = {"changelist": 6, "change": 3, "preview": 3, "compare": 4, "download": 2, "publish": 3}


@pytest.mark.parametrize("page", BUDGETS)
def test_a_page_costs_no_more_commands_than_it_should(
    office: Client, version: Format, page: str, commands: Any
) -> None:
    draft = drafted()
    address = reverse("admin:banks_format_changelist") if page == "changelist" else url(draft, page)
    # The content types of the admin are asked for once, and then kept.
    office.get(address)
    with commands() as sent:
        assert office.get(address).status_code == 200
    assert len(sent) <= BUDGETS[page], [(one.collection, one.name) for one in sent]
