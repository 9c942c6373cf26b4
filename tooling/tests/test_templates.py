"""What the template check finds, and what it leaves alone."""

from __future__ import annotations

import pytest

from tooling.templates import forbidden_in


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("<script>go()</script>", "an inline script"),
        ('<script type="module">go()</script>', "an inline script"),
        ("<style>p { color: red }</style>", "an inline style element"),
        ('<p class="a" style="color: red">', "a style attribute"),
        ('<button onclick="go()">', "a handler attribute"),
        ('<p hx-on:click="go()">', "an htmx handler or script value"),
        ("<a href='javascript:go()'>", "an htmx handler or script value"),
        ("{{ text|safe }}", "unescaped output"),
        ("{{ text | safe }}", "unescaped output"),
        ("{% autoescape off %}", "unescaped output"),
        ('<script src="https://cdn.example/x.js">', "an address on another server"),
        ('<link rel="stylesheet" href="//cdn.example/x.css">', "an address on another server"),
    ],
)
def test_it_finds(text: str, name: str) -> None:
    assert [found for _, found in forbidden_in(text)] == [name]


@pytest.mark.parametrize(
    "text",
    [
        '<script src="{% static "js/app.js" %}" type="module"></script>',
        '<script type="application/json">{}</script>',
        "{# <p style='x'> #}",
        "{% comment %}<script>{% endcomment %}",
        '<p data-style="x" data-onward="y">one = two</p>',
        '<a href="https://www.example.org/">elsewhere</a>',
        "{{ unsafe }}",
    ],
)
def test_it_leaves_alone(text: str) -> None:
    assert list(forbidden_in(text)) == []


def test_it_names_the_line() -> None:
    assert list(forbidden_in("<p>\n{# two\nlines #}\n<style>")) == [(4, "an inline style element")]
