"""Documents in the shape of the former system's, made up for the tests: no bank ever had this format.

``old_format()`` has every field type, kind of table, way of writing a formula and condition, and a good many
of the faults that such documents have.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from banks.legacy.converted import ConvertedFormat
from banks.legacy.formats import format_from
from reports.calculation.engine import check_formulas

_YES_NO = [{"value": "yes", "label": "Yes"}, {"value": "no", "label": "No"}]
DEED, SITE, WORTH, SUMMARY = "MILL_DEEDS_1", "MILL_SITE_1", "MILL_WORTH_1", "MILL_SUMMARY_1"


def field(name: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    """An old field; its label is made from its id."""
    label = name.replace("_", " ").capitalize()
    return {"fieldId": name, "uiDisplayName": label, "fieldType": kind, "isRequired": False, **more}


def group(name: str, *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return field(name, "group", subFields=list(parts), **more)


def section(name: str, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"sectionId": name, "sectionName": name.replace("_", " ").title(), "fields": list(fields), **more}


def small_format(*fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An old format of one tab and one section, for one question of a test; its last field is the total."""
    total = [field("grand_total", "currency")] if fields else []
    return {
        "_id": "65f000000000000000000001",
        "templateMetadata": {
            "templateId": "SMALL_1",
            "templateName": "Small format",
            "bankCode": "TST",
            "propertyType": "Shed",
            "version": "1",
            "tabs": [{"tabId": "one", "tabName": "One", "documentSource": "DOC", "hasSections": True}],
        },
        "documents": [{"templateId": "DOC", "sections": [section("part", *fields, *total)]}],
        **more,
    }


def converted(document: Any, common: Mapping[str, Any] | None = None, **more: Any) -> ConvertedFormat:
    """The format made of a document, its formulas judged by the calculation."""
    return format_from(document, common or small_common(), check=check_formulas, **more)


def small_common() -> dict[str, Any]:
    name = {"id": "applicant_name", "type": "text", "label": "Name of the applicant"}
    return {
        "version": 1,
        "label": "Report",
        "sections": [{"id": "details", "label": "Report", "fields": [name]}],
    }


def told(faults: list[Any], field_part: str) -> str:
    """Everything that is told of the fields whose place contains ``field_part``."""
    return " ".join(f"{one.problem} {one.done}" for one in faults if field_part in one.field)


def node(content: Any, path: str) -> dict[str, Any]:
    """The field of converted content at ``path``."""
    here = content
    for step in path.split("."):
        parts = [
            part
            for key in ("tabs", "sections", "fields", "columns", "row_fields")
            for part in (here.get(key) or (here.get("table") or {}).get(key) or [])
        ]
        here = next(part for part in parts if part["id"] == step)
    return dict(here)


def old_format() -> dict[str, Any]:
    """A fresh copy of the made-up format."""
    return copy.deepcopy(_FORMAT)


_DEEDS: dict[str, Any] = {
    "_id": "65f0000000000000000000a1",
    "templateId": DEED,
    "uiName": "Deeds",
    "isActive": True,
    "templateCategory": "deeds",
    "sections": [
        section(
            "papers",
            field(
                "papers_seen",
                "multiselect",
                options=["lease", "deed", "tax receipt"],
                sortOrder=2,
                defaultValue=["deed"],
            ),
            field(
                "ownerName",
                sortOrder=1,
                validation={"pattern": "/^[a-z ]+$/i", "maxLength": 80},
                placeholder="As on the deed",
                technicalName="owner_name",
                includeInCustomTemplate=True,
            ),
            field("owner_mail", "email", sortOrder=3),
            field("owner_phone", "tel", sortOrder=3, gridSize=4),
            field("scan", "file", sortOrder=4),
            field(
                "branch_asked",
                "select_dynamic",
                dataSource="banks_collection",
                sortOrder=5,
                dataSourceConfig={"collection": "banks", "nestedPath": "branches"},
            ),
            field("kind_of_paper", "select_dynamic", dataSource="weather_station", sortOrder=6),
            sortOrder=1,
        ),
        section(
            "edges",
            field(
                "edges_table",
                "table",
                columns=[
                    {"columnId": "side", "columnName": "Side", "fieldType": "text", "isReadonly": True},
                    {"columnId": "by_deed", "columnName": "By deed", "fieldType": "text"},
                    {"columnId": "measured", "columnName": "Measured", "fieldType": "number"},
                ],
                rows=[
                    {"side": "Front", "by_deed": "", "measured": ""},
                    {"side": "Back", "by_deed": "Mill race", "measured": ""},
                ],
            ),
            field(
                "finish_table",
                "dynamic_table",
                tableConfig={
                    "tableType": "column_dynamic",
                    "fixedColumns": [
                        {"columnId": "sr_no", "columnName": "No.", "fieldType": "text", "isReadonly": True},
                        {"columnId": "part", "columnName": "Part", "fieldType": "text", "isReadonly": True},
                    ],
                    "dynamicColumns": {
                        "columnType": "storey",
                        "defaultColumns": [
                            {
                                "columnId": "lowest",
                                "columnName": "Lowest storey",
                                "fieldType": "select",
                                "options": _YES_NO,
                            }
                        ],
                        "addColumnConfig": {"columnNamePattern": "Storey {n}", "maxColumns": 14},
                    },
                    "rows": [{"sr_no": "1.", "part": "Walls"}, {"sr_no": "2.", "part": "Roof"}],
                },
            ),
            sortOrder=2,
        ),
    ],
}

_SITE: dict[str, Any] = {
    "templateId": SITE,
    "isActive": True,
    "sections": [
        section(
            "ground",
            field("on_slope", "checkbox", defaultValue="no"),
            field(
                "soil",
                "radio",
                options=[{"value": 1, "label": "Clay"}, {"value": "Sandy soil", "label": "Sand"}],
            ),
            field(
                "visited",
                "date",
                defaultValue="today",
                validation={"maxDate": "today", "minDate": "2019-02-30"},
            ),
            field("remarks", "textarea", defaultValue="No trees were cut.", helpText="What else was seen."),
            field(
                "slope_remarks",
                "textarea",
                conditionalLogic={"field": "on_slope", "operator": "===", "value": True},
            ),
            field("clay_remarks", conditionalLogic={"field": "soil", "operator": "in", "value": ["Clay"]}),
            field(
                "gone_remarks", conditionalLogic={"field": "no_such_field", "operator": "==", "value": "x"}
            ),
            field("old_survey", isActive=False),
            field("wheel_speed", "spinner", suffix="rpm"),
            group(
                "place",
                field("north", "number", defaultValue="NA"),
                field("east", "number"),
                group("inside", field("north", "number"), isRequired=True),
            ),
        )
    ],
}

_WORTH: dict[str, Any] = {
    "templateId": WORTH,
    "isActive": True,
    "sections": [
        section(
            "land_part",
            group(
                "size",
                field("frontage", "number", suffix="ft"),
                field("depth", "number"),
                field(
                    "extent",
                    "number",
                    units=["sqyd", "sqm", "sqft", "acres"],
                    calculationMetadata={
                        "validationRules": {"min": 0.01, "max": 100000, "message": "Too big."}
                    },
                ),
            ),
            group(
                "price",
                field("rate", "currency", isRequired=True, validation={"min": 1}),
                field(
                    "land_worth",
                    "calculated",
                    formula="extent * rate",
                    displayFormat="currency",
                    isReadonly=True,
                    calculationMetadata={
                        "formula": "extent * rate",
                        "autoPopulate": {
                            "enabled": True,
                            "targetFields": [
                                {"fieldId": "land_total", "templateId": SUMMARY, "condition": "always"}
                            ],
                        },
                    },
                ),
            ),
        ),
        section(
            "house_part",
            field("has_house", "select", options=_YES_NO, isRequired=True, defaultValue="no"),
            group(
                "house",
                field("storeys", "number"),
                field("built_in", "number", units=["year"]),
                conditionalLogic={"field": "has_house", "operator": "==", "value": "yes"},
            ),
            field(
                "floor_table",
                "dynamic_table",
                tableConfig={
                    "tableType": "row_dynamic",
                    "fixedColumns": [
                        {"columnId": "sr_no", "columnName": "No.", "fieldType": "text", "isReadonly": True},
                        {"columnId": "storey", "columnName": "Storey", "fieldType": "text"},
                        {
                            "columnId": "plinth",
                            "columnName": "Plinth (in Sq.ft.)",
                            "fieldType": "number",
                            "units": ["sqft"],
                        },
                        {"columnId": "cost_rate", "columnName": "Rate per Sq.ft.", "fieldType": "currency"},
                        {
                            "columnId": "cost",
                            "columnName": "Cost",
                            "fieldType": "currency",
                            "formula": "Math.round(plinth * cost_rate)",
                        },
                        {"columnId": "wear", "columnName": "Wear", "fieldType": "currency"},
                        {
                            "columnId": "net_value",
                            "columnName": "Net",
                            "fieldType": "currency",
                            "calculatedField": {"type": "difference", "sourceFields": ["cost", "wear"]},
                        },
                    ],
                    "maxRows": 10,
                    "addRowConfig": {"buttonText": "Add"},
                    "rows": [{"sr_no": "1.", "storey": "", "plinth": ""}],
                },
            ),
            group(
                "additions", field("porch", "currency"), field("gate", "currency"), field("well", "currency")
            ),
            field("works", "currency", formula="porch + gate", isReadonly=False),
            field(
                "share",
                "number",
                calculatedField={"type": "custom", "customFormula": "(storeys || 0) > 2 ? rate * 10% : 0"},
            ),
            field("quirk", "number", formula="porch.map(x => x * 2)"),
        ),
    ],
}

_SUMMARY: dict[str, Any] = {
    "templateId": SUMMARY,
    "isActive": True,
    "fields": [
        field(
            "land_total",
            "currency",
            isReadonly=False,
            calculationMetadata={
                "autoPopulateSource": {
                    "sourceFieldId": "land_worth",
                    "sourceTemplateId": WORTH,
                    "allowManualOverride": True,
                }
            },
        ),
        field("building_total", "currency", isReadonly=True),
        field("additions_total", "currency", isReadonly=True),
        field("grand_total", "currency", isReadonly=True),
        field(
            "distress_value", "currency", calculatedField={"type": "percentage", "sourceFields": ["a", "b"]}
        ),
    ],
}

_FORMAT: dict[str, Any] = {
    "_id": {"$oid": "65f0000000000000000000ff"},
    "metadata": {"collection_name": "mill_details", "total_documents": 4},
    "templateMetadata": {
        "templateId": "MILL_FORMAT_1",
        "templateName": "Mill Bank: water mills",
        "bankCode": "MILL",
        "propertyType": "Water Mill",
        "version": "3.1",
        "tabs": [
            {
                "tabId": "worth",
                "tabName": "Worth",
                "documentSource": WORTH,
                "sortOrder": 3,
                "hasSections": True,
            },
            {
                "tabId": "deeds",
                "tabName": "Deeds",
                "documentSource": DEED,
                "sortOrder": 1,
                "hasSections": True,
                "sections": [
                    {
                        "sectionId": "papers",
                        "sectionName": "Papers",
                        "sortOrder": 1,
                        "description": "What was shown",
                    },
                    {"sectionId": "missing", "sectionName": "Missing", "sortOrder": 3},
                ],
            },
            {
                "tabId": "site",
                "tabName": "Site",
                "documentSource": SITE,
                "sortOrder": 2,
                "hasSections": False,
            },
            {
                "tabId": "summary",
                "tabName": "Summary",
                "documentSource": SUMMARY,
                "sortOrder": 4,
                "hasSections": False,
            },
            {"tabId": "lost", "tabName": "Lost", "documentSource": "NOWHERE", "sortOrder": 5},
        ],
    },
    "documents": [
        _DEEDS,
        _SITE,
        _WORTH,
        _SUMMARY,
        {"templateId": "UNNAMED_1", "uiName": "Unnamed", "fields": [field("stray", colour="blue")]},
    ],
    "isActive": True,
    "createdAt": "2025-01-02T03:04:05",
    "version": 1,
}


def old_bank() -> dict[str, Any]:
    """A fresh bank with three branches, of which the last two are faulty."""
    return {
        "_id": "65f0000000000000000000b1",
        "bankCode": "MILL",
        "bankName": "Mill Bank",
        "bankShortName": "Mill",
        "bankType": "public_sector",
        "isActive": True,
        "totalBranches": 3,
        "architecture": "reference_based",
        "headquarters": {"city": "Exampleton", "state": "Kerala", "pincode": "600001"},
        "branches": [
            {
                "branchId": "MILL_EX_001",
                "branchName": "Weir Lane",
                "branchCode": "MILL0000001",
                "ifscCode": "MILL0000001",
                "micrCode": "600001001",
                "address": {
                    "street": "1 Weir Lane",
                    "area": "Old Town",
                    "city": "Exampleton",
                    "district": "Example",
                    "state": "Kerala",
                    "pincode": "600001",
                    "landmark": "Weir",
                },
                "contact": {
                    "phone": "000 0000 0004",
                    "email": "weir@example.com",
                    "managerName": "Manager Four",
                    "managerContact": "000 0000 0005",
                },
                "coordinates": {"latitude": 10.5, "longitude": 76.25},
                "services": ["home_loans"],
                "workingHours": {"sunday": "Closed"},
                "isActive": True,
            },
            {
                "branchId": "MILL_EX_002",
                "branchName": "No code",
                "ifscCode": "12",
                "address": {"city": "Exampleton"},
            },
            {
                "branchId": "MILL_EX_003",
                "branchName": "Twin",
                "ifscCode": "MILL0000001",
                "address": {"city": "Exampleton", "state": "Kerala"},
            },
        ],
        "templates": [{"templateId": "MILL_REF", "aggregationPipeline": [{"$lookup": {"from": "fields"}}]}],
    }


def old_common_fields() -> dict[str, Any]:
    return {
        "_id": "common_fields",
        "collectionName": "common_form_fields",
        "version": "1.0",
        "isActive": True,
        "fields": [
            field(
                "report_reference_number", isReadonly=True, isAutoGenerated=True, isRequired=True, sortOrder=1
            ),
            field(
                "valuation_date",
                "date",
                isRequired=True,
                defaultValue="today",
                validation={"maxDate": "today"},
                sortOrder=2,
            ),
            field(
                "applicant_name",
                isRequired=True,
                sortOrder=3,
                validation={"minLength": 3, "maxLength": 100, "pattern": "^[a-zA-Z\\s\\.]+$"},
            ),
            field("valuation_purpose", "select", options=[{"value": "loan", "label": "Loan"}], sortOrder=4),
            field(
                "bank_branch",
                "select_dynamic",
                dataSource="banks_collection",
                sortOrder=5,
                dataSourceConfig={"collection": "banks", "nestedPath": "branches"},
            ),
        ],
    }
