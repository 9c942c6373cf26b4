"""However wrong a draft is that can be kept at all: its pages say what is wrong, and none of them fails."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from banks.formats.comparing import differences
from banks.formats.editing import Entry, node_and_kind, outline, unreadable
from banks.models import Format, FormatStatus
from banks.tests.storing import SAMPLE, small_content
from reports.admin.format_differences import grouped
from reports.admin.format_forms import DOCUMENT, FORMAT, PartsForm, parts_for
from reports.admin.format_preview import NoPreview, figures_of, preview_of, section_of
from reports.format_checks import faults_of

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, 3, -1.5, "", "x", "land.value.rate"),
        *([], [1], ["a"], [{}], {}, {"id": "a"}, {"value": 1}, {"a": {}}),
    ]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value inside."""
    found = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in found:
        yield (*path, key)
        yield from places(inner, (*path, key))


PLACES = list(places(small_content()))


def spoilt(changes: list[tuple[tuple[Any, ...], Any]]) -> dict[str, Any]:
    """The small format with odd values in these places, as far as they are still there."""
    content = copy.deepcopy(small_content())
    for path, odd in changes:
        here: Any = content
        try:
            for key in path[:-1]:
                here = here[key]
            here[path[-1]] = copy.deepcopy(odd)
        except (KeyError, IndexError, TypeError):
            continue
    return content


def all_entries(entries: list[Entry]) -> Iterator[Entry]:
    for entry in entries:
        yield entry
        yield from all_entries(entry.entries)


_OWNERS = ("tabs", 1, "sections", 0, "fields", 4)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(PLACES), ODD), min_size=1, max_size=3))
@example([(_OWNERS, {"id": "a"}), ((*_OWNERS, "table"), True)])
@example([(_OWNERS, {"id": "a", "fields": 5})])
def test_every_page_has_an_answer(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    content = spoilt(changes)
    if unreadable(content):
        return
    for entry in all_entries(outline(content)):
        node, kind = node_and_kind(content, entry.path)
        assert list(PartsForm(parts_for(node, kind), node, None, kind).groups())
    for parts in (FORMAT, DOCUMENT):
        list(PartsForm(parts, content).groups())
    for one, other in ((small_content(), content), (content, small_content())):
        grouped(one, other, differences(one, other))
    faults_of(content, SAMPLE)
    draft = Format(content=content, sample=SAMPLE, status=FormatStatus.DRAFT, bank_code="TST")
    try:
        preview = preview_of(draft)
    except NoPreview:
        # Said on the page in words.
        return
    section_of(preview, "land.value")
    figures_of(preview)
