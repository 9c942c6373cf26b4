"""Old conditions (``conditionalLogic``) as ours; what ours cannot say is told, and the field always shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from banks.formats.field_checks import is_fixed_date
from banks.legacy.expressions import Untranslatable
from banks.legacy.naming import Dependence, Names
from banks.legacy.questions import Gathered, Question, Wish
from banks.legacy.reading import clean_text, figure, shown, truth

_OPERATORS = {
    "==": "==", "===": "==", "=": "==", "eq": "==", "equals": "==", "equal": "==", "is": "==",
    "!=": "!=", "!==": "!=", "<>": "!=", "ne": "!=", "notequals": "!=", "notequal": "!=", "isnot": "!=",
    ">": ">", "gt": ">", "greaterthan": ">", ">=": ">=", "gte": ">=", "greaterthanorequal": ">=",
    "<": "<", "lt": "<", "lessthan": "<", "<=": "<=", "lte": "<=", "lessthanorequal": "<=",
    "in": "in", "anyof": "in", "oneof": "in", "includes": "in", "contains": "contains",
    "notin": "not_in", "nin": "not_in", "noneof": "not_in", "notcontains": "notcontains",
    "exists": "filled", "filled": "filled", "isnotempty": "filled", "notempty": "filled", "notnull": "filled",
    "isset": "filled", "empty": "empty", "isempty": "empty", "notexists": "empty", "isnull": "empty",
    "truthy": "true", "istrue": "true", "falsy": "false", "isfalse": "false",
}  # fmt: skip
_FIELD_KEYS = ("field", "fieldId", "dependsOn", "sourceField", "when")
_VALUE_KEYS = ("value", "values", "equals", "is")
_LIST_KEYS = ("conditions", "rules", "all", "any", "and", "or")
# What people wrote beside a condition for people.
_SAYS_NOTHING = ("id", "_id", "label", "description", "comment", "message")
_CHOICES = ("select", "radio", "multiselect")
_MOST_VALUES = 50


def resolve_conditions(gathered: Gathered, dependence: Dependence | None = None) -> None:
    """Put a ``condition`` into every node that waits for one and can have it."""
    dependence = dependence or Dependence()
    names = Names(gathered)
    for wish in gathered.wishes:
        place = wish.raw.at("conditionalLogic")
        try:
            condition, target = _condition(wish, wish.value, names, gathered)
            if not dependence.add_condition(wish.path, target.path):
                raise Untranslatable(f"{target.path} depends on what it would hide")
        except Untranslatable as reason:
            gathered.log.tell(
                place,
                f"The condition {shown(wish.value)} cannot be asked here: {reason}.",
                "It is always shown.",
            )
            gathered.log.keep(place, wish.value)
        else:
            wish.node["condition"] = condition


def _condition(wish: Wish, value: Any, names: Names, gathered: Gathered) -> tuple[dict[str, Any], Question]:
    if isinstance(value, list | tuple):
        return _several(wish, list(value), "all", names, gathered)
    if not isinstance(value, Mapping):
        raise Untranslatable("it is no object")
    name = next((text for key in _FIELD_KEYS if (text := clean_text(value.get(key)))), "")
    _refuse_more(value, name)
    for key in _LIST_KEYS:
        parts = value.get(key)
        if isinstance(parts, list | tuple):
            how = clean_text(value.get("logic") or value.get("operator") or value.get("type") or key).lower()
            return _several(wish, list(parts), how, names, gathered)
    if not name:
        raise Untranslatable("it names no field")
    if clean_text(value.get("action") or "show").lower() not in ("show", "visible", "display", "enable"):
        raise Untranslatable(f"it asks for {shown(value.get('action'))}, not for showing")
    target = names.question(name, path=f"{wish.path}.", document=wish.document)
    if target.table:
        raise Untranslatable(f"{name} stands in a table")
    given = next((value[key] for key in _VALUE_KEYS if key in value), None)
    sign = clean_text(value.get("operator") or ("==" if given is not None else "exists"))
    operator = _OPERATORS.get(sign.lower().replace("_", "").replace(" ", ""))
    if operator is None:
        raise Untranslatable(f"the comparison {shown(sign)} is not known")
    return _comparison(operator, given, target, gathered), target


def _refuse_more(value: Mapping[str, Any], name: str) -> None:
    """What a condition says beside one comparison, or beside its parts, would be lost in ours."""
    for key in _LIST_KEYS:
        if value.get(key) in (None, "", [], {}):
            continue
        if name or not isinstance(value[key], list | tuple):
            raise Untranslatable("it joins several conditions, where one is possible")
    known = {*_FIELD_KEYS, *_VALUE_KEYS, *_LIST_KEYS, *_SAYS_NOTHING, "operator", "action", "logic", "type"}
    for key, more in value.items():
        if key not in known and more not in (None, "", [], {}):
            raise Untranslatable(f"what {shown(key)} asks in it is not known")


def _several(
    wish: Wish, parts: list[Any], how: str, names: Names, gathered: Gathered
) -> tuple[dict[str, Any], Question]:
    """One of several is the same as one; several equalities of one field joined by or are an ``in``."""
    if len(parts) == 1:
        return _condition(wish, parts[0], names, gathered)
    found = [_condition(wish, part, names, gathered) for part in parts[:_MOST_VALUES]]
    paths = {target.path for _, target in found}
    if not found or how not in ("or", "any", "||") or len(paths) > 1 or len(parts) > _MOST_VALUES:
        raise Untranslatable("it joins several conditions, where one is possible")
    values: list[str] = []
    for condition, _ in found:
        if condition["operator"] not in ("==", "in"):
            raise Untranslatable("it joins several comparisons, where one is possible")
        one = condition["value"]
        values.extend(one if isinstance(one, list) else [one])
    target = found[0][1]
    values = list(dict.fromkeys(values))
    if len(values) > _MOST_VALUES:
        raise Untranslatable(f"it compares with {len(values)} values; at most {_MOST_VALUES} are possible")
    return {
        "field": target.path,
        "operator": "in",
        "value": values,
    }, target


def _comparison(operator: str, given: Any, target: Question, gathered: Gathered) -> dict[str, Any]:
    if operator == "filled" and truth(given) is False:
        operator = "empty"
    if operator in ("true", "false"):
        if target.type != "checkbox":
            raise Untranslatable(f"{target.path} is no yes or no")
        return {"field": target.path, "operator": "==", "value": operator}
    if operator in ("filled", "empty"):
        return {"field": target.path, "operator": operator}
    listed = list(given) if isinstance(given, list | tuple) else [given]
    if len(listed) > _MOST_VALUES:
        raise Untranslatable(f"it compares with {len(listed)} values; at most {_MOST_VALUES} are possible")
    operator = _for_lists(operator, target, several=len(listed) > 1)
    values = [_value(one, target, gathered) for one in listed]
    if operator in ("in", "not_in"):
        if not values:
            raise Untranslatable("it compares with nothing")
        return {"field": target.path, "operator": operator, "value": values}
    if len(values) != 1:
        raise Untranslatable("it compares with several values")
    if (
        operator not in ("==", "!=")
        and figure(values[0]) is None
        and not (target.type == "date" and is_fixed_date(values[0]))
    ):
        raise Untranslatable(f"{shown(values[0])} is no figure to compare with")
    return {"field": target.path, "operator": operator, "value": values[0]}


def _for_lists(operator: str, target: Question, *, several: bool) -> str:
    """The operator, as the one for lists where that is what it means."""
    if operator in ("contains", "notcontains"):
        if target.type not in _CHOICES:
            raise Untranslatable("it asks for a part of a text")
        return "in" if operator == "contains" else "not_in"
    if several and operator in ("==", "!="):
        return "in" if operator == "==" else "not_in"
    return operator


def _value(given: Any, target: Question, gathered: Gathered) -> str:
    if target.type == "checkbox":
        said = truth(given)
        if said is None:
            raise Untranslatable(f"{shown(given)} is neither yes nor no")
        return "true" if said else "false"
    text = str(given).lower() if isinstance(given, bool) else clean_text(given)
    if target.is_numeric:
        # "1,000" in a condition is the figure that an answer is kept as.
        text = figure(given) or text
    if not text or len(text) > 200:
        raise Untranslatable(f"{shown(given)} cannot be compared with")
    if target.type in _CHOICES:
        text = gathered.option_values.get(target.path, {}).get(text, text)
        known = {option["value"]: option["label"] for option in target.node.get("options", ())}
        if text not in known:
            # Some conditions were written with the words that people saw.
            text = next((value for value, label in known.items() if label == text), "")
        if not text:
            raise Untranslatable(f"{target.path} never says {shown(given)}")
    return text
