"""A format of a family is whole when it is read, and what is wrong names the file that it is wrong in."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from banks.formats import families
from banks.formats.families import composed, quoted_parameters, with_parameters
from banks.formats.paths import index_fields
from banks.formats.problems import FormatProblem
from banks.formats.reading import read_format, read_format_file, to_content
from banks.tests.formats.small import field_of, small_common, small_format


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of families with one, the small format without key and title."""
    monkeypatch.setattr(families, "FOLDER", tmp_path)
    small = {key: value for key, value in small_format().items() if key not in ("format", "title")}
    write(tmp_path, "small", small)
    return tmp_path


def write(folder: Path, name: str, family: dict[str, Any]) -> None:
    (folder / f"{name}.json").write_text(json.dumps(family), encoding="utf-8")


def child(**more: Any) -> dict[str, Any]:
    """A format of the small family that differs in nothing but what is given."""
    return {"format": small_format()["format"], "title": "Test bank: land", "family": "small", **more}


def refusal(raw: dict[str, Any]) -> str:
    with pytest.raises(FormatProblem) as caught:
        read_format(raw, small_common())
    return str(caught.value)


def test_a_format_that_differs_in_nothing_is_its_family(folder: Path) -> None:
    assert to_content(child(), small_common()) == to_content(small_format(), small_common())


def test_a_whole_format_needs_no_family() -> None:
    raw = small_format()

    assert composed(raw) is raw


def test_a_bank_changes_a_field_of_its_family(folder: Path) -> None:
    raw = child(change={"land.value.extent": {"label": "Area of the plot"}})

    assert index_fields(read_format(raw, small_common()))["land.value.extent"].label == "Area of the plot"


def test_a_bank_adds_and_removes_fields(folder: Path) -> None:
    phone = {"id": "phone", "type": "tel", "label": "Phone"}
    raw = child(
        remove=["land.value.built"],
        add=[{"into": "land.value.owners", "after": "name", "node": phone}],
    )

    index = index_fields(read_format(raw, small_common()))

    assert "land.value.built" not in index
    assert [column.id for column in index["land.value.owners"].table.columns] == ["name", "phone", "share"]  # type: ignore[union-attr]


def test_a_bank_has_its_own_parameters(folder: Path) -> None:
    definition = read_format(child(parameters={"realizable_percent": "85"}), small_common())

    assert definition.parameters == {"realizable_percent": 85}


def test_a_family_may_come_from_another(folder: Path) -> None:
    write(folder, "rounded", {"family": "small", "change": {"land.value.total": {"rounding": {"to": 1000}}}})

    index = index_fields(read_format(child(family="rounded"), small_common()))

    assert index["land.value.total"].rounding.to == 1000  # type: ignore[union-attr]


def test_nothing_of_a_family_is_changed_by_a_format(folder: Path) -> None:
    before = (folder / "small.json").read_bytes()
    raw = child(change={"land.value.extent": {"label": "Area"}})
    kept = copy.deepcopy(raw)

    to_content(raw, small_common())

    assert (raw, (folder / "small.json").read_bytes()) == (kept, before)


def test_option_sets_that_a_format_does_not_use_are_no_fault(folder: Path) -> None:
    raw = child(remove=["land.value.built"])

    assert read_format(raw, small_common()).title == "Test bank: land"


def test_it_refuses_a_family_that_is_not_there_and_lists_those_that_are(folder: Path) -> None:
    assert "there is no large; use one of small" in refusal(child(family="large"))


def test_it_refuses_a_family_with_a_name_that_leads_elsewhere(folder: Path) -> None:
    assert "family: " in refusal(child(family="../samples/sbi_flat_v1"))


def test_it_refuses_families_that_come_from_each_other(folder: Path) -> None:
    write(folder, "one", {"family": "two"})
    write(folder, "two", {"family": "one"})

    assert "one → two → one has no end" in refusal(child(family="one"))


def test_a_path_that_the_family_lacks_is_the_fault_of_the_format(folder: Path) -> None:
    said = refusal(child(remove=["land.value.colour"]))

    assert said == (
        "land.value.colour: there is no colour here; name a tab, section or field that the format has. "
        "The family is small."
    )


def test_tabs_are_no_part_of_a_format_of_a_family(folder: Path) -> None:
    assert "tabs not known here" in refusal(child(tabs=[]))


def test_a_family_of_the_wrong_shape_names_its_file(folder: Path) -> None:
    write(folder, "crooked", {"family": "small", "colour": "red"})

    assert refusal(child(family="crooked")).startswith("crooked.json: colour not known here")


def test_a_path_that_a_grandparent_lacks_names_the_family_between(folder: Path) -> None:
    write(folder, "between", {"family": "small", "remove": ["land.value.colour"]})

    assert refusal(child(family="between")).startswith("between.json: land.value.colour")


def test_a_fault_of_the_family_names_the_family_and_a_fault_of_the_format_does_not(folder: Path) -> None:
    family = {key: value for key, value in small_format().items() if key not in ("format", "title")}
    field_of(family, "extent")["condition"] = {"field": "nowhere", "operator": "filled"}
    write(folder, "faulty", family)
    raw = child(
        family="faulty", change={"land.value.rate": {"condition": {"field": "nothing", "operator": "filled"}}}
    )

    inherited, own = refusal(raw).splitlines()

    assert inherited.startswith("faulty.json: tab land > section value > field extent")
    assert own.startswith("tab land > section value > field rate")


def test_what_a_family_leaves_to_its_banks_is_the_fault_of_the_bank(folder: Path) -> None:
    write(
        folder,
        "rated",
        {"family": "small", "change": {"land.value.total": {"formula": "extent * parameter.rate"}}},
    )

    said = refusal(child(family="rated"))

    assert "add it to parameters" in said
    assert "rated.json" not in said


def test_both_files_are_named_when_a_file_is_read(folder: Path, tmp_path: Path) -> None:
    write(folder, "crooked", {"colour": "red"})
    path = tmp_path / "test_land_v1.json"
    path.write_text(json.dumps(child(family="crooked")), encoding="utf-8")

    with pytest.raises(FormatProblem, match=r"^test_land_v1\.json: crooked\.json: colour"):
        read_format_file(path, small_common())


def test_it_refuses_a_text_that_quotes_an_unknown_parameter() -> None:
    raw = small_format()
    raw["document"]["methodology"] = ["It is {parameter.distress_percent} % of it."]

    assert "quotes parameter.distress_percent; add it to parameters" in refusal(raw)


def test_it_finds_what_texts_quote_wherever_they_stand() -> None:
    document = {
        "title": "{parameter.a}",
        "abstract": {"lines": [{"label": "{parameter.b} and {parameter.c}"}]},
    }

    assert list(quoted_parameters(document)) == ["a", "b", "c"]


def test_a_quoted_parameter_is_put_into_its_text() -> None:
    assert with_parameters("{parameter.rate} % a year", {"rate": "1.38"}) == "1.38 % a year"


def test_braces_that_quote_nothing_stay() -> None:
    assert with_parameters("{bank}, {parameter.none}", {}) == "{bank}, {parameter.none}"
