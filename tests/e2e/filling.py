"""Filling a report's sections in the browser, as a person would, from answers in the storage shape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from playwright.sync_api import Locator, Page

from banks.formats.definition import Field, FieldType, FormatDefinition, Section, TableKind


def fill_section(page: Page, section: Section, answers: Mapping[str, Any]) -> int:
    """Type every answer of a section into the open page; returns how many controls were filled."""
    filled = 0
    for field in section.fields:
        answer = answers.get(field.id)
        if answer is None or field.type is FieldType.FILE:
            continue
        if field.type is FieldType.DYNAMIC_TABLE:
            _make_room(page, field, answer)
        for name, value, leaf in _typed(field, answer):
            if not leaf.read_only:
                _fill(page, name, value)
                filled += 1
    return filled


def _typed(field: Field, answer: Any, prefix: str = "") -> Iterator[tuple[str, Any, Field]]:
    """(control's name, value, field) for everything that a person types or chooses."""
    name = f"{prefix}{field.id}"
    if field.type is FieldType.GROUP:
        for inner in field.fields:
            if answer.get(inner.id) is not None:
                yield from _typed(inner, answer[inner.id], f"{name}__")
    elif field.type in (FieldType.TABLE, FieldType.DYNAMIC_TABLE):
        yield from _cells(field, answer, name)
    elif isinstance(answer, Mapping) and answer.get("not_applicable"):
        yield f"{name}__na", True, field
    elif field.type is FieldType.NUMBER_WITH_UNIT:
        yield name, answer["value"], field
        if len(field.units) > 1:
            yield f"{name}__unit", answer["unit"], field
    else:
        yield name, answer, field


def _cells(field: Field, answer: Any, name: str) -> Iterator[tuple[str, Any, Field]]:
    table = field.table
    assert table is not None
    if table.kind is TableKind.COLUMN_DYNAMIC:
        for number, label in enumerate(answer["columns"]):
            yield f"{name}__columns__{number}", label, field
        for row in table.row_fields:
            for number, value in enumerate(answer["cells"].get(row.id, [])):
                if value is not None:
                    yield f"{name}__{row.id}__{number}", value, row
        return
    rows = answer.items() if table.kind is TableKind.FIXED else enumerate(answer)
    for row_id, cells in rows:
        for column in table.columns:
            if cells.get(column.id) is not None and not column.formula:
                yield f"{name}__{row_id}__{column.id}", cells[column.id], column


def _make_room(page: Page, field: Field, answer: Any) -> None:
    """Press "add" until the table has the rows or columns that the answer needs."""
    table = field.table
    assert table is not None
    if table.kind is TableKind.COLUMN_DYNAMIC:
        wanted, action = len(answer["columns"]), "add_column"
        present = page.locator(f'[name^="{field.id}__columns__"]')
    else:
        wanted, action = len(answer), "add_row"
        first = next(column for column in table.columns if not column.formula and not column.read_only)
        present = page.locator(f'tbody [name$="__{first.id}"][name^="{field.id}__"]')
    while (count := present.count()) < wanted:
        page.locator(f'button[name="{action}"][value="{field.id}"]').click()
        present.nth(count).wait_for()


def _fill(page: Page, name: str, value: Any) -> None:
    control = page.locator(f'[name="{name}"]')
    control.first.wait_for(state="attached")
    kind = str(control.first.evaluate("e => e.tagName === 'INPUT' ? e.type : e.tagName.toLowerCase()"))
    if kind == "select":
        control.select_option(str(value))
    elif kind in ("radio", "checkbox"):
        _choose(control, value)
    else:
        control.fill(str(value))


def _choose(control: Locator, value: Any) -> None:
    """By keyboard, as every one of these must allow."""
    if isinstance(value, bool):
        wanted = [control] if control.is_checked() is not value else []
    else:
        values = value if isinstance(value, list) else [value]
        wanted = [control.locator(f'xpath=self::*[@value="{one}"]') for one in values]
        wanted = [one for one in wanted if not one.is_checked()]
    for one in wanted:
        one.press("Space")


def fill_report(page: Page, definition: FormatDefinition, answers: Mapping[str, Any]) -> int:
    """Go through the sections with "Save and continue"; returns how many controls were filled."""
    filled = 0
    while True:
        where = re.search(r"/edit/([a-z0-9_-]+)/([a-z0-9_-]+)/", page.url)
        assert where is not None, page.url
        section = definition.section(where[1], where[2])
        assert section is not None
        filled += fill_section(page, section, answers.get(section.tab_id, {}).get(section.id, {}))
        go_on = page.locator('button[name="then"][value="next"]')
        if go_on.count() == 0:
            page.get_by_role("button", name="Save", exact=True).click()
            page.wait_for_load_state()
            return filled
        go_on.click()
        page.wait_for_url(re.compile(rf"^(?!.*/edit/{where[1]}/{where[2]}/)"))
