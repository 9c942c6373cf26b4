"""``manage.py load_formats``: a wrong file is named and loads nothing; what is published never changes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import QuerySet

from banks.formats.packing import as_text, packed
from banks.formats.reading import load_json, to_content
from banks.formats.shipped import common_fields, sample
from banks.loading import DATA
from banks.models import Format, FormatStatus
from tenants.context import shared_resources_writable

pytestmark = pytest.mark.usefixtures("empty_shared_resources")

NAME = "sbi_flat_v1.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of our own with one shipped format."""
    shutil.copy(DATA / "formats" / NAME, tmp_path)
    return tmp_path


def load(folder: Path, **options: Any) -> str:
    output = StringIO()
    call_command("load_formats", folder=str(folder), stdout=output, **options)
    return output.getvalue()


def shipped_content() -> dict[str, Any]:
    """The self-contained content of the shipped format."""
    return to_content(load_json(DATA / "formats" / NAME), common_fields())


def change(path: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    raw = json.loads(path.read_text(encoding="utf-8"))
    edit(raw)
    path.write_text(json.dumps(raw), encoding="utf-8")


def test_it_publishes_every_file_of_the_folder(folder: Path) -> None:
    assert "1 added" in load(folder)
    stored = Format.objects.get()
    assert (stored.bank_code, stored.property_type, stored.status) == ("SBI", "flat", FormatStatus.PUBLISHED)


def test_loading_again_changes_nothing(folder: Path) -> None:
    load(folder)
    assert "1 there already" in load(folder)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{ not json", "is not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[]", "holds no JSON object"),
        (b"{}", "broken.json"),
    ],
)
def test_one_unreadable_file_is_named_and_nothing_is_loaded(folder: Path, content: bytes, said: str) -> None:
    (folder / "broken.json").write_bytes(content)
    with pytest.raises(CommandError) as refusal:
        load(folder)
    assert "broken.json" in str(refusal.value)
    assert said in str(refusal.value)
    assert not Format.objects.exists()


def test_a_formula_that_names_no_field_is_refused_by_its_place(folder: Path) -> None:
    def edit(raw: dict[str, Any]) -> None:
        raw["change"] = {"rate.rates.land_rate": {"formula": "no_such_field * 2"}}

    change(folder / NAME, edit)
    with pytest.raises(CommandError, match="no_such_field"):
        load(folder)
    assert not Format.objects.exists()


def test_a_published_format_never_changes(folder: Path) -> None:
    load(folder)
    before = Format.objects.get().checksum
    change(folder / NAME, lambda raw: raw.update(title="Another title"))
    with pytest.raises(CommandError, match="next version"):
        load(folder)
    assert Format.objects.get().checksum == before


def test_the_next_version_stands_beside_the_first(folder: Path) -> None:
    load(folder)
    change(folder / NAME, lambda raw: raw["format"].update(version=2))
    load(folder)
    assert sorted(Format.objects.values_list("version", flat=True)) == [1, 2]


def test_a_dry_run_only_checks(folder: Path) -> None:
    assert "well-formed" in load(folder, dry_run=True)
    assert not Format.objects.exists()


def test_an_empty_folder_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"holds no \*\.json"):
        load(tmp_path)


# Files ---------------------------------------------------------------------------------------------------


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.json")}


def test_a_sample_beside_the_formats_is_stored_with_its_format(tmp_path: Path) -> None:
    for kind in ("formats", "samples"):
        (tmp_path / kind).mkdir()
        shutil.copy(DATA / kind / NAME, tmp_path / kind)
    load(tmp_path / "formats")
    stored = Format.objects.get()
    assert stored.sample == sample("sbi_flat_v1")["answers"]


def test_exported_files_load_and_export_as_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    (folder / NAME).write_text(
        as_text(packed(shipped_content(), sample("sbi_flat_v1")["answers"], date(2026, 4, 1))),
        encoding="utf-8",
    )
    shutil.copy(DATA / "formats" / "sbi_land_building_v1.json", folder)
    load(folder)
    checksums = dict(Format.objects.values_list("title", "checksum"))
    call_command("export_formats", folder=str(tmp_path / "first"), stdout=StringIO())
    with shared_resources_writable():
        QuerySet.delete(Format.objects.all())

    load(tmp_path / "first")
    call_command("export_formats", folder=str(tmp_path / "second"), stdout=StringIO())

    assert written(tmp_path / "second") == written(tmp_path / "first")
    assert dict(Format.objects.values_list("title", "checksum")) == checksums
    assert Format.objects.get(property_type="flat").effective_from == date(2026, 4, 1)


def test_a_draft_is_not_exported(folder: Path, tmp_path: Path) -> None:
    load(folder)
    with shared_resources_writable():
        QuerySet.update(Format.objects.all(), status=FormatStatus.DRAFT)
    with pytest.raises(CommandError, match="no published format"):
        call_command("export_formats", folder=str(tmp_path / "out"), stdout=StringIO())


def test_a_file_never_takes_the_place_of_a_draft(folder: Path) -> None:
    load(folder)
    with shared_resources_writable():
        QuerySet.update(Format.objects.all(), status=FormatStatus.DRAFT)
    with pytest.raises(CommandError, match="is a draft that staff are writing"):
        load(folder)
