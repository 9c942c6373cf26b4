"""A format as small as one can be, for tests that spoil one thing in it."""

from __future__ import annotations

from typing import Any


def small_format() -> dict[str, Any]:
    """A raw format of one tab with a choice, an amount, owners and a total."""
    return {
        "format": {"bank_code": "TST", "scheme": "general", "property_type": "land", "version": 1},
        "title": "Test bank: land",
        "parameters": {"realizable_percent": "90"},
        "option_sets": {"yes_no": [{"value": "yes", "label": "Yes"}, {"value": "no", "label": "No"}]},
        "headline": {"fair_market_value": "land.value.total"},
        "tabs": [
            {
                "id": "land",
                "label": "Land",
                "numeral": "I",
                "sections": [
                    {
                        "id": "value",
                        "label": "Value",
                        "fields": [
                            {"id": "built", "type": "radio", "label": "Is it built on?", "options": "yes_no"},
                            {"id": "extent", "type": "decimal", "label": "Extent", "unit": "sq_ft"},
                            {"id": "rate", "type": "currency", "label": "Rate"},
                            {
                                "id": "total",
                                "type": "calculated",
                                "label": "Total",
                                "formula": "extent * rate",
                                "rounding": {"to": 1},
                            },
                            {
                                "id": "owners",
                                "type": "dynamic_table",
                                "label": "Owners",
                                "table": {
                                    "kind": "row_dynamic",
                                    "columns": [
                                        {"id": "name", "type": "text", "label": "Name"},
                                        {"id": "share", "type": "decimal", "label": "Share", "total": True},
                                    ],
                                },
                            },
                        ],
                    }
                ],
            }
        ],
        "document": {"title": "Valuation report"},
    }


def small_common() -> dict[str, Any]:
    """Common fields of one date and one name."""
    return {
        "version": 1,
        "label": "Report",
        "sections": [
            {
                "id": "details",
                "label": "Details",
                "fields": [
                    {"id": "valuation_date", "type": "date", "label": "Date of valuation"},
                    {"id": "applicant_name", "type": "text", "label": "Applicant"},
                ],
            }
        ],
    }


def first_section(raw: dict[str, Any]) -> dict[str, Any]:
    """The only section of ``small_format``."""
    section: dict[str, Any] = raw["tabs"][0]["sections"][0]
    return section


def field_of(raw: dict[str, Any], field_id: str) -> dict[str, Any]:
    """A field of ``small_format`` by id."""
    fields: list[dict[str, Any]] = first_section(raw)["fields"]
    return next(item for item in fields if item["id"] == field_id)
