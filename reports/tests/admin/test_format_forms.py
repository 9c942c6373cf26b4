"""The editor's forms: what nobody touched stays as it was, what was typed means what it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.http import QueryDict

from banks.formats.editing import Entry, node_and_kind, outline
from banks.formats.reading import load_json, to_content
from banks.formats.shipped import common_fields, format_files
from reports.admin.format_forms import DOCUMENT, FORMAT, PartsForm, parts_for

FILES = format_files()


def nodes(content: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """(path, node, kind) of everything that the outline has."""

    def within(entry: Entry) -> Iterator[Entry]:
        yield entry
        for inner in entry.entries:
            yield from within(inner)

    for tab in outline(content):
        for entry in within(tab):
            yield entry.path, *node_and_kind(content, entry.path)


def sent_as_shown(form: PartsForm, changes: Mapping[str, str] | None = None) -> QueryDict:
    """What a browser sends of a form: its values as they are shown, then the changes."""
    data = QueryDict(mutable=True)
    for bound in form:
        if getattr(bound.field.widget, "input_type", "") == "checkbox":
            if bound.value():
                data[bound.html_name] = "on"
        else:
            data[bound.html_name] = str(bound.value() or "")
    for name, value in (changes or {}).items():
        data[f"node-{name}"] = value
    return data


def saved(node: Mapping[str, Any], kind: str, changes: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The node after its form was sent with these changes."""
    parts = parts_for(node, kind)
    form = PartsForm(parts, node, sent_as_shown(PartsForm(parts, node, None, kind), changes), kind)
    assert form.is_valid(), form.errors
    return form.changed_node


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_saving_what_nobody_touched_changes_nothing(path: Any) -> None:
    content = to_content(load_json(path), common_fields())
    assert [at for at, node, kind in nodes(content) if saved(node, kind) != node] == []
    for parts in (FORMAT, DOCUMENT):
        form = PartsForm(parts, content, sent_as_shown(PartsForm(parts, content)))
        assert form.is_valid(), form.errors
        assert form.changed_node == content


FIELD = {"id": "rate", "type": "currency", "label": "Rate"}
CHOICE = {"id": "built", "type": "radio", "label": "Built", "options": [{"value": "yes", "label": "Yes"}]}


@pytest.mark.parametrize(
    ("node", "typed", "expected"),
    [
        (FIELD, {"label": "Adopted rate"}, {"label": "Adopted rate"}),
        (FIELD, {"required": "on"}, {"required": True}),
        (FIELD, {"maximum": "99"}, {"validation": {"maximum": "99"}}),
        (FIELD, {"width": "12"}, {"width": 12}),
        (FIELD, {"units": "sq_ft, sq_m"}, {"units": ["sq_ft", "sq_m"]}),
        (
            FIELD,
            {"rounding_to": "1000", "rounding_mode": "down"},
            {"rounding": {"to": "1000", "mode": "down"}},
        ),
        (
            FIELD,
            {"condition_field": "built", "condition_operator": "==", "condition_value": "yes"},
            {"condition": {"field": "built", "operator": "==", "value": "yes"}},
        ),
        (
            FIELD,
            {"condition_field": "built", "condition_operator": "in", "condition_value": "yes, no"},
            {"condition": {"field": "built", "operator": "in", "value": ["yes", "no"]}},
        ),
        (
            CHOICE,
            {"options": "yes = It is\nno = It is not"},
            {"options": [{"value": "yes", "label": "It is"}, {"value": "no", "label": "It is not"}]},
        ),
        (CHOICE, {"default": '["yes"]'}, {"default": ["yes"]}),
    ],
)
def test_what_is_typed_becomes_the_node(
    node: dict[str, Any], typed: dict[str, str], expected: dict[str, Any]
) -> None:
    assert saved(node, "field", typed) == {**node, **expected}


def test_what_is_emptied_is_taken_away_with_the_object_around_it() -> None:
    node = {**FIELD, "validation": {"maximum": "99"}, "help": "Help"}
    assert saved(node, "field", {"maximum": "", "help": ""}) == FIELD


def test_a_figure_that_was_a_number_stays_one() -> None:
    node = {**FIELD, "rounding": {"to": 1}}
    assert saved(node, "field", {"label": "Other"})["rounding"] == {"to": 1}


@pytest.mark.parametrize(
    ("typed", "where", "said"),
    [
        ({"options": "yes"}, "options", "name = value"),
        ({"width": "wide"}, "width", "no whole number"),
        ({"default": "[1"}, "default", "not JSON"),
        ({"default": "[NaN]"}, "default", "not JSON"),
        ({"id": "Rate 1"}, "id", "lower-case letter"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_place(typed: dict[str, str], where: str, said: str) -> None:
    parts = parts_for(CHOICE, "field")
    form = PartsForm(parts, CHOICE, sent_as_shown(PartsForm(parts, CHOICE, None, "field"), typed), "field")
    assert not form.is_valid()
    assert said in " ".join(map(str, form.errors[where]))
