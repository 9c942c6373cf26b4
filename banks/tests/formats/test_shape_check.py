"""The fast look at a shape says what ``jsonschema`` would say."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from banks.formats.shape import SCHEMA_FILE
from banks.formats.shape_check import SchemaWord, compiled_check
from banks.tests.formats.small import small_common, small_format

SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
PARTS = {"": small_format(), "common_fields": small_common()}


def schema_of(part: str) -> dict[str, Any]:
    return {"$defs": SCHEMA["$defs"], **SCHEMA["$defs"][part]} if part else SCHEMA


CHECKS = {part: compiled_check(schema_of(part)) for part in PARTS}
VALIDATORS = {part: Draft202012Validator(schema_of(part)) for part in PARTS}

_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 40),
    st.sampled_from([1.0, 2.5, 0.0, "", "x", "Rate 1", "in", "fixed", "9" * 300, [], [None], ["a"]]),
    st.dictionaries(st.sampled_from(["id", "label", "odd"]), st.sampled_from(["text", 3]), max_size=3),
)  # fmt: skip


def places(node: Any) -> list[tuple[Any, Any]]:
    """(container, key) of everything in a document."""
    found: list[tuple[Any, Any]] = []
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in keys:
        found += [(node, key), *places(node[key])]
    return found


@pytest.mark.parametrize("part", PARTS)
def test_a_sound_document_fits(part: str) -> None:
    assert CHECKS[part](PARTS[part])


@settings(deadline=None, derandomize=True, max_examples=250)
@given(st.sampled_from(sorted(PARTS)), st.data())
def test_a_spoilt_document_fits_exactly_when_jsonschema_says_so(part: str, data: st.DataObject) -> None:
    document = copy.deepcopy(PARTS[part])
    for _ in range(data.draw(st.integers(1, 2))):
        container, key = data.draw(st.sampled_from(places(document)))
        what = data.draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        if what == "replace":
            container[key] = data.draw(_ODD)
        elif what == "remove":
            del container[key]
        elif isinstance(container, dict):
            container[data.draw(st.sampled_from(["unit", "per", "odd", "condition"]))] = data.draw(_ODD)

    assert CHECKS[part](document) is VALIDATORS[part].is_valid(document)


@pytest.mark.parametrize(
    "schema", [{"oneOf": []}, {"type": ["string"]}, {"$ref": "other.json"}, {"enum": [True]}]
)
def test_a_schema_that_says_more_is_not_guessed_at(schema: dict[str, Any]) -> None:
    with pytest.raises(SchemaWord):
        compiled_check(schema)


def test_every_part_of_the_schema_is_understood() -> None:
    understood = [part for part in SCHEMA["$defs"] if callable(compiled_check(schema_of(part)))]

    assert understood == list(SCHEMA["$defs"])
