"""A format of 145 fields read and checked, a firm's changes laid over one, one changed answer worked out."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from banks.formats.overriding import merged
from banks.formats.reading import from_content, read_format, to_content
from bench._timing import medians_ms
from reports.calculation.engine import calculate, check_formulas
from reports.calculation.formula import compile_formula
from reports.calculation.recalculating import recalculate

FIELDS, MERGED_FIELDS, OVERRIDES, CALCULATED_FIELDS = 145, 250, 40, 280
PER_SECTION = 12
COMMON: dict[str, Any] = {
    "version": 1,
    "label": "Report",
    "sections": [
        {"id": "details", "label": "Details", "fields": [{"id": "on", "type": "date", "label": "Date"}]}
    ],
}


def main() -> None:
    text = json.dumps(raw_format(FIELDS))
    content = to_content(raw_format(MERGED_FIELDS), COMMON)
    firm, branch = firms_changes(OVERRIDES)
    definition = from_content(to_content(raw_format(CALCULATED_FIELDS), COMMON))
    before_answers = answers_of(CALCULATED_FIELDS, "1200")
    after_answers = {**before_answers, "part_3": answers_of(CALCULATED_FIELDS, "1300")["part_3"]}
    before = calculate(definition, before_answers)
    after = recalculate(definition, before, before_answers, after_answers)
    if after != calculate(definition, after_answers) or after == before:
        raise SystemExit("Working out the change does not come to what working out everything comes to.")
    times = medians_ms(
        {
            "json": partial(json.loads, text),
            "load": partial(load, text),
            "copy": partial(json.dumps, content),
            "merge": partial(merged, content, firm, branch),
            "calculate": partial(calculate, definition, after_answers),
            "recalculate": partial(recalculate, definition, before, before_answers, after_answers),
        },
        rounds=30,
        warm_up=3,
    )
    result = {
        "load_ms": times["load"],
        "merge_us": round(times["merge"] * 1000),
        "recalc_us": round(times["recalculate"] * 1000),
        "fields": {"load": FIELDS, "merge": MERGED_FIELDS, "recalc": CALCULATED_FIELDS},
        "overrides": OVERRIDES,
        "bytes": len(text),
        "load_vs_json_loads": round(times["load"] / times["json"], 1),
        "merge_vs_json_dumps": round(times["merge"] / times["copy"], 2),
        "recalc_vs_calculate": round(times["recalculate"] / times["calculate"], 3),
        "calculate_us": round(times["calculate"] * 1000),
    }
    print(json.dumps(result))


def load(text: str) -> None:
    """From text to a format that can be worked out, nothing kept from the time before."""
    compile_formula.cache_clear()
    definition = read_format(json.loads(text), COMMON)
    if problems := check_formulas(definition):
        raise SystemExit(problems[0])


def raw_format(count: int) -> dict[str, Any]:
    """``count`` fields in sections of twelve: texts, choices, amounts, areas, and a sum of products each."""
    tabs: list[dict[str, Any]] = []
    for at in range(0, count, PER_SECTION):
        number = at // PER_SECTION
        fields = _fields(number, min(PER_SECTION, count - at))
        section: dict[str, Any] = {"id": "items", "label": f"Items {number}", "fields": fields}
        tabs.append({"id": f"part_{number}", "label": f"Part {number}", "sections": [section]})
    totals = [f"part_{n}.items.value" for n in range(count // PER_SECTION)]
    tabs[-1]["sections"][0]["fields"][-1] = {
        "id": "total", "type": "calculated", "label": "Total", "display": "currency",
        "formula": f"sum({', '.join(totals)})",
    }  # fmt: skip
    return {
        "format": {"bank_code": "BENCH", "scheme": "general", "property_type": "land", "version": 1},
        "title": "Bench: land",
        "parameters": {"share_percent": "90", "say_to": "1000"},
        "headline": {"fair_market_value": f"{tabs[-1]['id']}.items.total"},
        "tabs": tabs,
        "document": {"title": "Report"},
    }


def _fields(number: int, count: int) -> list[dict[str, Any]]:
    choices = [{"value": "yes", "label": "Yes"}, {"value": "no", "label": "No"}]
    fields: list[dict[str, Any]] = [
        {"id": "built", "type": "radio", "label": "Built", "options": choices, "required": True},
        {"id": "area", "type": "decimal", "label": "Area", "unit": "sq_ft", "validation": {"minimum": "0"}},
        {"id": "rate", "type": "currency", "label": "Rate", "per": "sq_ft"},
        {"id": "value", "type": "calculated", "label": "Value", "display": "currency",
         "formula": "area * rate", "rounding": {"to": 1}},
        {"id": "age", "type": "number", "label": "Age", "unit": "years", "help": "From the year of building"},
        {"id": "worn", "type": "calculated", "label": "Worn", "display": "percent",
         "formula": "straight_line_percent(age, 60, 10)", "rounding": {"to": "0.01"}},
        {"id": "left", "type": "calculated", "label": "Left", "display": "currency",
         "formula": "value - percent(value, worn)"},
        {"id": "note", "type": "textarea", "label": "Note", "width": 12,
         "condition": {"field": "built", "operator": "==", "value": "no"}},
        {"id": "share", "type": "calculated", "label": "Share", "display": "currency",
         "formula": "percent(left, parameter.share_percent) if built == 'yes' else 0"},
        {"id": "seen", "type": "date", "label": "Seen on", "validation": {"max_date": "today"}},
        {"id": "owner", "type": "text", "label": "Owner", "validation": {"max_length": 120}},
        {"id": "contact", "type": "tel", "label": "Telephone", "placeholder": f"Of part {number}"},
    ]  # fmt: skip
    return fields[:count]


def answers_of(count: int, area: str) -> dict[str, Any]:
    section = {"built": "yes", "area": area, "rate": "1650", "age": "20", "owner": "Applicant Four"}
    return {f"part_{number}": {"items": dict(section)} for number in range(-(-count // PER_SECTION))}


def firms_changes(count: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Changes of ``count`` fields: three quarters for all branches, the rest for one."""
    names = [(f"part_{number}.items", field) for number in range(20) for field in ("note", "owner")]
    fields = {f"{place}.{field}": {"label": "Ours", "help": "As we ask it"} for place, field in names[:count]}
    edge = count * 3 // 4
    firm = dict(list(fields.items())[:edge])
    return {"fields": firm, "parameters": {"share_percent": "85"}}, {
        "fields": dict(list(fields.items())[edge:])
    }


if __name__ == "__main__":
    main()
