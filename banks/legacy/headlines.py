"""Which figures of an imported format are its headline, and what its document adds around the answers."""

from __future__ import annotations

from typing import Any

from banks.legacy.faults import Severity
from banks.legacy.questions import Gathered, Question
from banks.legacy.suggesting import WHOLE, total_of

# Ids that say a headline figure plainly, the surest first.
_IDS = {
    "fair_market_value": ("fair_market_value", "fmv", "market_value", "grand_total", "total_value",
                          "total_property_value", "total_valuation", "total_market_value"),
    "realizable_value": ("realizable_value", "realisable_value", "realizable_total"),
    "distress_value": ("distress_value", "distress_sale_value", "forced_sale_value", "distressed_value"),
    "guideline_value": ("guideline_value", "circle_rate_value", "government_value", "total_guideline_value"),
    "insurable_value": ("insurable_value", "insurance_value"),
    "land_value": ("land_total", "land_value", "total_land_value", "estimated_land_value"),
    "building_value": ("building_total", "building_value", "total_building_value"),
}  # fmt: skip
_WORDS = {
    "fair_market_value": "Fair market value",
    "realizable_value": "Realizable value",
    "distress_value": "Distress value",
    "guideline_value": "Guideline value",
    "insurable_value": "Insurable value",
    "land_value": "Land",
    "building_value": "Building",
}
_ABSTRACT = ("land_value", "building_value", "fair_market_value", "realizable_value", "distress_value",
             "guideline_value", "insurable_value")  # fmt: skip
_MONEY = ("currency", "calculated")
_COLUMN = "value"


def headline_of(gathered: Gathered) -> dict[str, str]:
    """Name of the figure → path, only where an id or a label says it plainly; each is told."""
    headline: dict[str, str] = {}
    for name, ids in _IDS.items():
        found = _plainly(gathered, name, ids)
        if found is None:
            continue
        headline[name] = found.path
        old = found.old[0] if found.old else found.node["id"]
        gathered.log.tell(
            found.raw.place, f"{old} is taken as the headline figure {name}.",
            "It is shown and printed as such; its name says so.", Severity.NOTE,
        )  # fmt: skip
    if "fair_market_value" not in headline:
        gathered.log.tell(
            "", "No field is plainly the fair market value.",
            "Lists of reports show no value for this format; name the field in the format's headline.",
        )  # fmt: skip
    return headline


def _plainly(gathered: Gathered, name: str, ids: tuple[str, ...]) -> Question | None:
    """The one question of money with the surest of the ids, or with the very words as its label."""
    money = [one for one in gathered.questions.values() if one.type in _MONEY and not one.table]
    for wanted in ids:
        found = [one for one in money if one.node["id"] == wanted]
        if found:
            return found[0] if len(found) == 1 else None
    words = _WORDS[name].lower()
    labelled = [one for one in money if " " in words and words in one.node["label"].lower()]
    return labelled[0] if len(labelled) == 1 else None


def _beside(gathered: Gathered, path: str) -> list[Question]:
    """The totals that stand beside the grand one: the lines that it is the sum of, for all one can see."""
    place = path.rpartition(".")[0]
    found = [
        one
        for one in gathered.questions.values()
        if one.path.rpartition(".")[0] == place and one.path != path and one.type in _MONEY
        and (base := total_of(str(one.node["id"]))) is not None and base not in WHOLE
    ]  # fmt: skip
    return found[:50] if len(found) > 1 else []


def document_of(gathered: Gathered, title: str, headline: dict[str, str]) -> dict[str, Any]:
    """The layout: the tabs themselves print every answer; the headline makes the abstract and the words."""
    document: dict[str, Any] = {"title": title[:200]}
    beside = _beside(gathered, headline.get("fair_market_value", ""))
    lines: list[dict[str, Any]] = [
        {"label": one.node["label"], "paths": {_COLUMN: one.path}} for one in beside
    ]
    told = {one.path for one in beside}
    lines += [
        {"label": _WORDS[name], "paths": {_COLUMN: headline[name]}, "emphasis": name == "fair_market_value"}
        for name in _ABSTRACT
        if name in headline and headline[name] not in told
    ]
    if lines:
        document["abstract"] = {"columns": [{"id": _COLUMN, "label": "Value, ₹"}], "lines": lines}
    if path := headline.get("fair_market_value"):
        document["words"] = {"path": path, "label": "Fair market value in words"}
    return document
