"""What a browser would send: of drawn objects, and of a page's HTML."""

from __future__ import annotations

from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Any

from django.http import QueryDict

from reports.editing.questions import Group, Item, Question, Table


def sent_of(items: Iterable[Item], base: str = "") -> QueryDict:
    """The controls of drawn items with what they show."""
    sent = QueryDict(mutable=True)
    if base:
        sent["base"] = base
    for item in items:
        if isinstance(item, Group):
            for question in item.fields:
                _send(sent, question)
        elif isinstance(item, Table):
            for column in item.columns:
                if column.name:
                    sent[column.name] = column.label
            for row in item.rows:
                for cell in row.cells:
                    _send(sent, cell)
        else:
            _send(sent, item)
    return sent


def _send(sent: QueryDict, question: Question) -> None:
    if question.read_only or (question.type == "calculated" and not question.overridable):
        return
    if question.is_not_applicable:
        sent[question.not_applicable_name] = "true"
    if question.type == "checkbox":
        if question.value:
            sent[question.name] = "true"
    elif question.type in ("multiselect", "radio", "select", "select_dynamic"):
        chosen = [value for value, _, selected in question.choices if selected]
        if chosen or question.type.startswith("select"):
            sent.setlist(question.name, chosen or [""])
    elif question.type == "file":
        if question.file_id:
            sent[f"{question.name}__kept"] = question.file_id
    else:
        sent[question.name] = str(question.value or "")
    for value, _, selected in question.unit_choices:
        if selected:
            sent[question.unit_name] = value


class _Form(HTMLParser):
    """The successful controls of one form of a page."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id = form_id
        self.inside = self.found = False
        self.templates = 0
        self.sent: dict[str, list[str]] = {}
        self._select = self._area = ""
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = given.get("id") == self.form_id
            self.found = self.found or self.inside
        self.templates += tag == "template"
        if not self.inside or self.templates:
            return
        name = given.get("name", "")
        if tag == "input" and name and given.get("type") not in ("file", "submit"):
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                self.sent.setdefault(name, []).append(given.get("value", ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self.sent.setdefault(self._select, []).append(given["value"])
        elif tag == "textarea":
            self._area, self._text = name, ""

    def handle_endtag(self, tag: str) -> None:
        self.templates -= tag == "template"
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self._select = ""
        elif tag == "textarea" and self._area:
            self.sent.setdefault(self._area, []).append(self._text.removeprefix("\n"))
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self._text += data


def controls(html: str, form_id: str = "section-form") -> dict[str, Any]:
    """What the form of a page would send when nothing on it is touched."""
    parser = _Form(form_id)
    parser.feed(html)
    assert parser.found, f"There is no form {form_id} in the page."
    return dict(parser.sent)
