"""Formulas that a total without one is likely to mean. They take effect only when staff say so."""

from __future__ import annotations

from banks.legacy.converted import Suggestion
from banks.legacy.ids import clean_id
from banks.legacy.naming import Names
from banks.legacy.questions import Gathered, Question

WHOLE = frozenset(
    {"grand", "overall", "property", "valuation", "final", "net", "gross", "market", "fair_market", "all", ""}
)
_WHOLE_IDS = frozenset({"total", "total_value", "fair_market_value", "market_value"})
_COLUMNS = ("net_value", "net_amount", "depreciated_value", "total_value", "total", "amount", "value", "cost")
_BUILDING = ("floor", "building", "structure")


def suggestion_for(question: Question, gathered: Gathered, names: Names, longest: int) -> Suggestion | None:
    """The likeliest formula for a read-only total, or None."""
    base = total_of(str(question.node["id"]))
    if base is None:
        return None
    found = _of_siblings(question, gathered, names) if base in WHOLE else None
    found = found or _of_group(base, question, gathered, names) or _of_column(base, question, gathered, names)
    return found if found is not None and len(found.formula) <= longest else None


def total_of(name: str) -> str | None:
    """What it is the total of: ``extra_items_total``, ``total_extra_items`` → ``extra_items``."""
    if name in _WHOLE_IDS:
        return ""
    if name.endswith("_total"):
        return name.removesuffix("_total")
    return name.removeprefix("total_") if name.startswith("total_") else None


def _of_siblings(question: Question, gathered: Gathered, names: Names) -> Suggestion | None:
    """The other totals of the same section or group."""
    place = question.path.rpartition(".")[0]
    parts = [
        one
        for one in gathered.questions.values()
        if one.path.rpartition(".")[0] == place and one is not question and one.is_numeric
        and (base := total_of(str(one.node["id"]))) is not None and base not in WHOLE
    ]  # fmt: skip
    if len(parts) < 2:
        return None
    formula = f"sum({', '.join(names.shortest(one, question) for one in parts)})"
    return Suggestion(formula, f"The sum of the {len(parts)} other totals beside it.")


def _of_group(base: str, question: Question, gathered: Gathered, names: Names) -> Suggestion | None:
    """The amounts of the group that bears the same name."""
    paths = [
        path for path, old in gathered.containers.items() if base and base in {clean_id(one) for one in old}
    ]
    if len(paths) != 1 or paths[0] in gathered.tables:
        return None
    parts = [
        one
        for one in names.members(paths[0])
        if one.type == "currency" or one.node.get("display") == "currency"
    ]
    if not parts:
        return None
    formula = f"sum({', '.join(names.shortest(one, question) for one in parts)})"
    return Suggestion(formula, f"The sum of the {len(parts)} amounts in the group {paths[0]}.")


def _of_column(base: str, question: Question, gathered: Gathered, names: Names) -> Suggestion | None:
    """The column of values of the one table that is about the same."""
    words = (*_BUILDING, base) if base == "building" else (base,)
    found: list[Question] = []
    for path in gathered.tables:
        own = [one for one in gathered.questions.values() if one.table == path and one.is_numeric]
        column = next((one for wanted in _COLUMNS for one in own if one.node["id"] == wanted), None)
        if column is not None and base and any(word in path.rpartition(".")[2] for word in words):
            found.append(column)
    if len(found) != 1:
        return None
    table = found[0].table
    return Suggestion(
        f"sum({found[0].path})", f"The total of the column {found[0].node['label']} of {table}."
    )
