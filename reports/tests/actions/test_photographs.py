"""Photographs and attached files: kept with their bytes, in order, and removed with them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from pymongo.errors import AutoReconnect

from reports import actions
from reports.actions import attachments as attaching
from reports.actions import photographs as keeping
from reports.actions.changing import change_report
from reports.models import Report
from reports.queries import count_photographs, photographs_of
from reports.tests.making import NOW, begin, in_review
from tenants.context import organization_active
from tenants.models import ActivityEntry, FileKind, Organization, StoredFile, User

pytestmark = pytest.mark.usefixtures("formats")


def picture(name: str = "front.jpg", size: tuple[int, int] = (40, 30)) -> SimpleUploadedFile:
    content = io.BytesIO()
    Image.new("RGB", size, "#bcd4e6").save(content, "JPEG")
    return SimpleUploadedFile(name, content.getvalue(), "image/jpeg")


def add(report: Report, by: User, name: str = "front.jpg", **more: Any) -> StoredFile:
    return actions.add_photograph(report_id=report.pk, upload=picture(name), by=by, now=NOW, **more)


def names(report: Report) -> list[str]:
    return [file.name for file in photographs_of(report.pk)]


def test_a_photograph_is_kept_with_bytes_and_thumbnail(in_firm: Organization, valuer: User) -> None:
    file = add(begin(in_firm, valuer), valuer, caption="  Front   elevation ")

    assert (file.kind, file.caption, file.width) == (FileKind.PHOTOGRAPH, "Front elevation", 40)
    assert default_storage.exists(file.stored_as)
    assert default_storage.exists(file.thumbnail_as)


def test_photographs_stand_in_the_order_in_which_they_came(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer)
    for name in ("one.jpg", "two.jpg", "three.jpg"):
        add(report, valuer, name)

    assert names(report) == ["one.jpg", "two.jpg", "three.jpg"]


def test_what_is_no_image_is_refused_and_leaves_nothing(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer)

    with pytest.raises(actions.FileRefused):
        actions.add_photograph(
            report_id=report.pk, upload=SimpleUploadedFile("x.jpg", b"not an image"), by=valuer, now=NOW
        )

    assert count_photographs(report.pk) == 0


def test_a_photograph_too_many_is_refused(
    in_firm: Organization, valuer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = begin(in_firm, valuer)
    add(report, valuer)
    monkeypatch.setattr(keeping, "MOST_PHOTOGRAPHS", 1)

    with pytest.raises(actions.FileRefused, match="the most it may have"):
        add(report, valuer)


def test_a_failure_in_the_middle_leaves_no_bytes(
    in_firm: Organization, valuer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = begin(in_firm, valuer)
    monkeypatch.setattr(keeping, "new_name", lambda ending: f"half-made{ending}")

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr("reports.actions.changing.record_activity", fail)
    with pytest.raises(RuntimeError):
        add(report, valuer)

    assert (count_photographs(report.pk), default_storage.exists("half-made.jpg")) == (0, False)


def test_a_caption_is_changed_and_recorded(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer)
    file = add(report, valuer, caption="Front")

    actions.caption_photograph(report_id=report.pk, file_id=file.pk, caption="Rear", by=valuer, now=NOW)

    assert photographs_of(report.pk)[0].caption == "Rear"
    entry = ActivityEntry.objects.get(action="photograph_captioned")
    assert entry.details["changes"] == {"caption": {"from": "Front", "to": "Rear"}}


@pytest.mark.parametrize(
    ("move", "order"),
    [
        ({"direction": "up"}, "132"),
        ({"direction": "down"}, "123"),
        ({"place": 0}, "312"),
        ({"place": 99}, "123"),
    ],
)
def test_the_last_of_three_is_moved(
    in_firm: Organization, valuer: User, move: dict[str, Any], order: str
) -> None:
    report = begin(in_firm, valuer)
    last = [add(report, valuer, f"{number}.jpg") for number in (1, 2, 3)][-1]

    actions.move_photograph(report_id=report.pk, file_id=last.pk, by=valuer, now=NOW, **move)

    assert "".join(name[0] for name in names(report)) == order


def test_a_removed_photograph_takes_its_bytes_along(in_firm: Organization, valuer: User) -> None:
    report = begin(in_firm, valuer)
    file = add(report, valuer)

    actions.remove_photograph(report_id=report.pk, file_id=file.pk, by=valuer, now=NOW)

    assert (count_photographs(report.pk), default_storage.exists(file.stored_as)) == (0, False)


def test_a_report_in_review_takes_no_photograph(in_firm: Organization, valuer: User) -> None:
    report = in_review(in_firm, valuer)

    with pytest.raises(actions.ReportFrozen):
        add(report, valuer)


def test_a_viewer_adds_no_photograph(in_firm: Organization, valuer: User, viewer: User) -> None:
    report = begin(in_firm, valuer)

    with pytest.raises(actions.NotAllowed):
        add(report, viewer)


def test_a_photograph_of_another_report_is_not_touched(in_firm: Organization, valuer: User) -> None:
    file = add(begin(in_firm, valuer), valuer)
    other = begin(in_firm, valuer)

    with pytest.raises(StoredFile.DoesNotExist):
        actions.remove_photograph(report_id=other.pk, file_id=file.pk, by=valuer, now=NOW)


def test_a_rival_firm_knows_no_such_report(
    in_firm: Organization, valuer: User, rival: Organization, rival_valuer: User
) -> None:
    report = begin(in_firm, valuer)

    with organization_active(rival.placement), pytest.raises(Report.DoesNotExist):
        add(report, rival_valuer)


# Attached files -----------------------------------------------------------------------------------------


def attach(report: Report, by: User, upload: SimpleUploadedFile) -> StoredFile:
    return actions.attach_file(report_id=report.pk, upload=upload, by=by, now=NOW)


def test_a_pdf_is_attached_as_it_came(in_firm: Organization, valuer: User) -> None:
    file = attach(begin(in_firm, valuer), valuer, SimpleUploadedFile("deed.pdf", b"%PDF-1.4 deed"))

    with default_storage.open(file.stored_as) as stored:
        assert (file.content_type, stored.read()) == ("application/pdf", b"%PDF-1.4 deed")


def test_an_image_is_attached_encoded_anew(in_firm: Organization, valuer: User) -> None:
    file = attach(begin(in_firm, valuer), valuer, picture("deed.jpg"))

    assert (file.kind, file.content_type) == (FileKind.ATTACHMENT, "image/jpeg")


def test_anything_else_is_refused_by_name(in_firm: Organization, valuer: User) -> None:
    with pytest.raises(actions.FileRefused, match=r"deed\.exe: attach a PDF or an image"):
        attach(begin(in_firm, valuer), valuer, SimpleUploadedFile("deed.exe", b"MZ\x90\x00 program"))


def test_a_file_that_is_too_large_is_refused_with_the_limit(
    in_firm: Organization, valuer: User, settings: Any
) -> None:
    settings.MAX_UPLOAD_BYTES = 1024 * 1024

    with pytest.raises(actions.FileRefused, match="larger than 1 MB"):
        attach(begin(in_firm, valuer), valuer, SimpleUploadedFile("d.pdf", b"%PDF-" + b"x" * 1024 * 1024))


def test_a_file_too_many_is_refused(
    in_firm: Organization, valuer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = begin(in_firm, valuer)
    attach(report, valuer, picture())
    monkeypatch.setattr(attaching, "MOST_ATTACHMENTS", 1)

    with pytest.raises(actions.FileRefused, match="the most it may have"):
        attach(report, valuer, picture())


def test_a_lost_answer_takes_no_bytes_from_an_entry_that_was_made(
    in_firm: Organization, valuer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = begin(in_firm, valuer)

    def made_but_unknown(*args: Any, **kwargs: Any) -> None:
        change_report(*args, **kwargs)
        raise AutoReconnect("the answer was lost")

    monkeypatch.setattr(keeping, "change_report", made_but_unknown)
    monkeypatch.setattr(attaching, "change_report", made_but_unknown)
    with pytest.raises(AutoReconnect):
        add(report, valuer)
    with pytest.raises(AutoReconnect):
        actions.attach_file(report_id=report.pk, upload=picture("deed.jpg"), by=valuer, now=NOW)

    kept = StoredFile.objects.filter(report_id=str(report.pk))
    stored = [name for file in kept for name in (file.stored_as, file.thumbnail_as) if name]
    assert len(stored) == 3
    assert [name for name in stored if not default_storage.exists(name)] == []
