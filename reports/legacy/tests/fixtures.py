"""The made-up dump of a former system: three databases of a bank, a firm and reports that never were."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from banks.formats.reading import from_content
from banks.legacy.common_fields import common_fields_from
from banks.legacy.formats import format_from
from reports.calculation.engine import check_formulas
from reports.legacy.converting import KnownFormat
from reports.legacy.originals import from_text

DUMP = Path(__file__).resolve().parent / "dump"


def documents(name: str) -> list[dict[str, Any]]:
    """Those of one file of the dump, as a database would give them."""
    text = (DUMP / name).read_text(encoding="utf-8")
    if text.startswith("["):
        return list(from_text(text))
    return [from_text(line) for line in text.splitlines()]


@cache
def known_format() -> KnownFormat:
    """The dump's format, made with its own common fields."""
    (common,) = documents("valuation_admin/common_form_fields.json")
    (old,) = documents("valuation_admin/htb_land_property_details.json")
    shared = common_fields_from(common)
    converted = format_from(old, shared.values, check=check_formulas)
    definition = from_content(converted.content)
    return KnownFormat(definition.key, converted.title, definition, converted, shared.answer_paths)


def as_lines(found: list[Any]) -> str:
    return "".join(f"{json.dumps(one)}\n" for one in found)
