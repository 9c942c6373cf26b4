"""A small stored format with a group, a table and a percentage, and changes of a firm's to lay over it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from banks.formats.reading import to_content
from banks.tests.formats.small import first_section, small_common, small_format

NAME = "general/land"
SECTION = "land.value"


def adaptable() -> dict[str, Any]:
    """Content as ``system_templates`` has it."""
    raw = small_format()
    first_section(raw)["fields"] += [
        {
            "id": "plot",
            "type": "group",
            "label": "Plot",
            "fields": [
                {"id": "north", "type": "text", "label": "North", "help": "By deed"},
                {"id": "south", "type": "text", "label": "South", "validation": {"max_length": 40}},
            ],
        },
        {"id": "remarks", "type": "textarea", "label": "Remarks", "required": True},
        {
            "id": "reason",
            "type": "text",
            "label": "Reason",
            "condition": {"field": "built", "operator": "==", "value": "yes"},
        },
        {"id": "bought", "type": "date", "label": "Bought on"},
        {
            "id": "sold",
            "type": "date",
            "label": "Sold on",
            "validation": {"max_date": "today", "message": "Nothing is sold tomorrow."},
        },
    ]
    content: dict[str, Any] = to_content(raw, small_common())
    return content


CONTENT = adaptable()
# A shared field, a figure, a text and a member of a group: few, so that two layers meet in one.
CHANGED = (
    "common.details.applicant_name",
    "land.value.rate",
    "land.value.remarks",
    "land.value.plot.south",
    "land.value.sold",
)

words = st.text("abc xyz", min_size=1, max_size=8)
attributes = st.fixed_dictionaries(
    {},
    optional={
        "label": words,
        "help": words | st.none(),
        "default": words | st.none(),
        "required": st.booleans(),
        "minimum": st.integers(0, 99).map(str) | st.none(),
        "maximum": st.integers(100, 199).map(str) | st.none(),
        "max_length": st.integers(1, 99) | st.none(),
        "min_date": st.sampled_from(["2026-04-01", "today", "land.value.bought"]) | st.none(),
        "max_date": st.sampled_from(["2026-05-01", "today"]) | st.none(),
    },
)
hiding = st.fixed_dictionaries({"hidden": st.booleans()})


def _added(name: str) -> dict[str, Any]:
    return {"section": SECTION, "after": "rate", "field": {"id": name, "type": "text", "label": name}}


additions = st.lists(st.sampled_from(["own_a", "own_b", "own_c"]), unique=True, max_size=3).map(
    lambda names: [_added(name) for name in names]
)
changes = st.fixed_dictionaries(
    {},
    optional={
        "parameters": st.dictionaries(st.just("realizable_percent"), st.integers(0, 100).map(str)),
        "fields": st.dictionaries(st.sampled_from(CHANGED), attributes | hiding, max_size=6),
        "added": additions,
    },
)
shown_changes = st.fixed_dictionaries(
    {}, optional={"fields": st.dictionaries(st.sampled_from(CHANGED), attributes, max_size=6)}
)
