"""The components draw every state of their sample without a database, and name only what exists."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils.dateparse import parse_datetime

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"
COMPONENTS = sorted((TEMPLATES / "components").glob("*.html"))
VOID = frozenset(
    ["area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
FIELD_TYPES = [
    *["text", "textarea", "number", "decimal", "currency", "date", "select", "select_dynamic", "multiselect"],
    *["checkbox", "radio", "email", "tel", "file", "number_with_unit", "calculated"],
]
HOSTILE = '"><script>alert(1)</script>'


class Page(HTMLParser):
    """Elements with their attributes, but those of a template, and the tags closed out of turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.unbalanced: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.unbalanced += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self._open.append(tag)
        if "template" not in self._open:
            self.elements.append((tag, dict(attrs)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.unbalanced.append(tag)

    def values(self, attribute: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(attribute))]


def _with_datetimes(thing: dict[str, Any]) -> dict[str, Any]:
    return {**thing, "at": parse_datetime(thing["at"])} if isinstance(thing.get("at"), str) else thing


def samples() -> dict[str, Any]:
    text = (TEMPLATES / "components" / "samples.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text, object_hook=_with_datetimes)
    return found


def draw_field(**attributes: Any) -> Page:
    base = {"id": "f", "name": "a.b", "type": "text", "label": "Question", "value": "", "width": 6}
    return Page(render_to_string("components/field.html", {"f": base | attributes}))


@pytest.fixture(scope="module")
def gallery() -> Page:
    return Page(render_to_string("components/index.html", samples()))


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: str(path.name))
def test_a_component_says_at_its_top_what_it_takes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("{% comment %}") or path.name == "index.html"


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    drawn = set(
        re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons" / "sprite.svg").read_text(encoding="utf-8"))
    )
    naming = re.compile(r'(?:icon\.html" with name|\{% icon name|with icon|\bicon)="([^"]+)"')
    named = {
        (str(path.relative_to(TEMPLATES)), name)
        for path in TEMPLATES.rglob("*.html")
        for name in naming.findall(path.read_text(encoding="utf-8"))
    }
    assert sorted((path, name) for path, name in named if name not in drawn) == []


def test_every_static_file_that_a_template_names_exists() -> None:
    named = {
        name
        for path in TEMPLATES.rglob("*.html")
        for name in re.findall(r"\{% static '([^']+)' %\}", path.read_text(encoding="utf-8"))
    }
    ours = {name for name in named if not name.startswith(("admin/", "drf_spectacular_sidecar/"))}
    assert sorted(name for name in ours if not (STATIC / name).is_file()) == []


def test_every_font_that_the_tokens_name_exists() -> None:
    named = re.findall(r'url\("\.\./([^"]+)"\)', (STATIC / "css" / "tokens.css").read_text(encoding="utf-8"))
    assert named != []
    assert [name for name in named if not (STATIC / name).is_file()] == []


def test_the_fonts_stay_under_500_kilobytes() -> None:
    assert sum(path.stat().st_size for path in (STATIC / "fonts").glob("*.woff2")) <= 500 * 1024


def test_vendored_code_stands_beside_its_licence() -> None:
    for path in (STATIC / "vendor").glob("*.js"):
        assert (STATIC / "vendor" / f"{path.name.split('-')[0]}-LICENSE.txt").is_file()


def test_the_gallery_closes_every_tag_in_turn(gallery: Page) -> None:
    assert gallery.unbalanced == []


def test_the_gallery_uses_each_id_once(gallery: Page) -> None:
    assert [name for name, times in Counter(gallery.values("id")).items() if times > 1] == []


def test_every_label_and_description_points_at_something(gallery: Page) -> None:
    ids = set(gallery.values("id"))
    pointers = gallery.values("for") + gallery.values("popovertarget")
    for attribute in ("aria-describedby", "aria-labelledby"):
        pointers += [name for value in gallery.values(attribute) for name in value.split()]
    assert sorted({name for name in pointers if name not in ids}) == []


def test_nothing_in_the_gallery_is_inline_script_or_style(gallery: Page) -> None:
    inline = [
        (tag, name)
        for tag, attributes in gallery.elements
        for name in attributes
        if name == "style" or name.startswith("on") or (tag == "script" and "src" not in attributes)
    ]
    assert inline == []


@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_a_field_of_each_type_carries_its_name(kind: str) -> None:
    page = draw_field(type=kind, choices=[("x", "X", True)], overridable=True)
    assert "a.b" in page.values("name")


@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_a_read_only_field_of_each_type_sends_nothing(kind: str) -> None:
    page = draw_field(type=kind, choices=[("x", "X", True)], overridable=True, read_only=True)
    assert page.values("name") == []


@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_a_field_of_each_type_escapes_what_people_typed(kind: str) -> None:
    attributes = dict.fromkeys(["label", "value", "help", "error", "prefix", "unit", "computed_how"], HOSTILE)
    page = draw_field(type=kind, choices=[(HOSTILE, HOSTILE, True)], computed_text=HOSTILE, **attributes)
    assert [tag for tag, _ in page.elements if tag == "script"] == []


def test_a_wrong_answer_is_tied_to_its_error() -> None:
    page = draw_field(error="At most today.", help="As on the deed.")
    control = next(attributes for tag, attributes in page.elements if tag == "input")
    assert (control["aria-invalid"], control["aria-describedby"]) == ("true", "f-help f-error")


def test_an_overridden_figure_stands_in_its_box() -> None:
    page = draw_field(type="calculated", overridable=True, is_overridden=True, value="12", computed_text="10")
    assert page.values("value") == ["12"]


@pytest.mark.parametrize("status", [400, 403, 404, 500, 503])
def test_an_error_page_needs_no_request(status: int) -> None:
    page = Page(render_to_string(f"errors/{status}.html", {}))
    assert page.unbalanced == []


def test_a_read_only_overridden_figure_is_text() -> None:
    page = draw_field(type="calculated", overridable=True, is_overridden=True, value="12", read_only=True)
    assert page.values("name") == []
