"""The published schema is a schema, says what everything means, and takes every shipped format."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from banks.formats.packing import as_text, content_problems, packed, unpacked
from banks.formats.problems import FormatProblem
from banks.formats.reading import load_json, to_content
from banks.formats.shape import SCHEMA_FILE
from banks.formats.shipped import common_fields, format_files, sample

FILES = format_files()
SCHEMA: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


def whole(path: Any) -> dict[str, Any]:
    """A shipped format as it is downloaded."""
    content = to_content(load_json(path), common_fields())
    return packed(content, sample(path.stem)["answers"], None)


def test_it_is_a_valid_schema_of_2020_12() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_definition_has_a_title() -> None:
    assert [name for name, one in SCHEMA["$defs"].items() if "title" not in one] == []


@pytest.mark.parametrize(
    "part", ["", "field", "validation", "condition", "rounding", "table", "section", "tab", "document"]
)
def test_every_property_says_what_it_means(part: str) -> None:
    described = SCHEMA["$defs"][part] if part else SCHEMA
    silent = [name for name, one in described["properties"].items() if "description" not in one]
    assert silent == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_shipped_format_validates_as_a_file(path: Any) -> None:
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(whole(path))] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_packing_and_unpacking_is_a_round_trip(path: Any) -> None:
    raw = whole(path)
    file = unpacked(json.loads(as_text(raw)))
    assert content_problems(file.content) == []
    assert as_text(packed(file.content, file.sample, file.effective_from)) == as_text(raw)


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        ({"sample": []}, "sample: it should be an object"),
        ({"effective_from": "soon"}, "'soon' is no date"),
        ({"effective_from": 3}, "3 is no date"),
        ({"self_contained": "yes"}, "should be true or false"),
    ],
)
def test_what_stands_beside_a_format_is_checked(beside: dict[str, Any], said: str) -> None:
    with pytest.raises(FormatProblem, match=said):
        unpacked({"format": {}, **beside})
