"""Formulas that a total without one is likely to mean. They take effect only when staff say so."""

from __future__ import annotations

import re

from banks.legacy.converted import Suggestion
from banks.legacy.ids import clean_id
from banks.legacy.naming import Names
from banks.legacy.questions import Gathered, Question
from banks.legacy.units import unit_named_in

WHOLE = frozenset(
    {"grand", "overall", "property", "valuation", "final", "net", "gross", "market", "fair_market", "all", ""}
)
_WHOLE_IDS = frozenset({"total", "total_value", "fair_market_value", "market_value"})
_COLUMNS = ("net_value", "net_amount", "depreciated_value", "total_value", "total", "amount", "value", "cost")
_BUILDING = ("floor", "building", "structure")
# Words in the id of an amount that is none of the parts of a total: what is multiplied, or a bound.
_NO_PARTS = frozenset({"rate", "rates", "per", "min", "max", "minimum", "maximum", "unit"})
# Words in the id of a total that is reckoned another way than the market's.
_OTHER_RECKONINGS = frozenset(
    {"guideline", "circle", "government", "registrar", "realizable", "realisable", "distress", "distressed",
     "forced", "insurable", "insurance", "depreciation"}
)  # fmt: skip
_TOTAL_ROW = re.compile(r"\b(grand |sub[ -]?)?total\b", re.IGNORECASE)


def suggestion_for(question: Question, gathered: Gathered, names: Names, longest: int) -> Suggestion | None:
    """The likeliest formula for a read-only total, or None."""
    base = total_of(str(question.node["id"]))
    if base is None:
        return None
    found = _of_siblings(question, gathered, names) if base in WHOLE else None
    found = found or _of_group(base, question, gathered, names) or _of_column(base, question, gathered, names)
    return found if found is not None and len(found.formula) <= longest else None


def is_money(question: Question) -> bool:
    return question.type == "currency" or question.node.get("display") == "currency"


def total_row(gathered: Gathered, table: str) -> str:
    """The row of a fixed table that is the total of the others by its name; empty where none is."""
    answers = gathered.tables.get(table)
    rows = answers.labels if answers is not None and answers.kind == "fixed" else ()
    return next((label for label in rows if _TOTAL_ROW.search(label)), "")


def _words(question: Question) -> set[str]:
    return set(str(question.node["id"]).split("_"))


def _is_rate(question: Question) -> bool:
    """Whether an amount is one for each of something, or the bound of one."""
    per = str(question.node.get("suffix", "")).startswith("per ") or unit_named_in(question.texts)
    return bool(per or _words(question) & _NO_PARTS or "rate" in question.node["label"].lower().split())


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
        and is_money(one) == is_money(question) and not one.areas
        and _words(one) & _OTHER_RECKONINGS <= _words(question)
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
    parts = [one for one in names.members(paths[0]) if is_money(one) and not _is_rate(one)]
    if not parts or not is_money(question):
        return None
    # What the group works out or sums up itself stands for what it is made of.
    own = [one for one in parts if one.type == "calculated" or one.computed]
    if own and len(own) < len(parts):
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
    if len(found) != 1 or total_row(gathered, found[0].table):
        return None
    table = found[0].table
    return Suggestion(
        f"sum({found[0].path})", f"The total of the column {found[0].node['label']} of {table}."
    )
