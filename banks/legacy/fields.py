"""One field of an old format → one field of ours: type, words, options, units, default, limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from banks.legacy.faults import Severity
from banks.legacy.ids import LONGEST, clean_id, label_of
from banks.legacy.limits import read_validation
from banks.legacy.questions import Gathered, Question, Scope, Wish
from banks.legacy.reading import Node, clean_text, cut, figure, says_not_applicable, shown, truth, whole
from banks.legacy.units import find_unit, unit_label

MOST_OPTIONS = 100
FIELD_NAMES = ("fieldId", "technicalName", "columnId", "rowId", "id", "uiDisplayName")
_LABELS = ("uiDisplayName", "columnName", "rowName", "label", "displayName")
CONDITIONS = ("conditionalLogic", "condition", "showWhen", "visibleWhen")

# Old words for a type, in letters alone, where they are not ours already.
_TYPES = {
    "text": "text", "string": "text", "shorttext": "text", "textfield": "text", "input": "text",
    "textarea": "textarea", "longtext": "textarea", "multiline": "textarea", "richtext": "textarea",
    "number": "number", "integer": "number", "int": "number", "float": "decimal", "double": "decimal",
    "decimal": "decimal", "percentage": "decimal", "percent": "decimal",
    "currency": "currency", "money": "currency", "amount": "currency",
    "date": "date", "datepicker": "date",
    "select": "select", "dropdown": "select", "selectdynamic": "select_dynamic",
    "dynamicselect": "select_dynamic", "multiselect": "multiselect", "checkboxgroup": "multiselect",
    "checkbox": "checkbox", "boolean": "checkbox", "bool": "checkbox", "toggle": "checkbox",
    "yesno": "checkbox", "phonenumber": "tel", "mobilenumber": "tel", "emailaddress": "email",
    "images": "file", "photos": "file", "photograph": "file", "document": "file", "attachment": "file",
    "switch": "checkbox", "radio": "radio", "radiogroup": "radio",
    "email": "email", "tel": "tel", "phone": "tel", "telephone": "tel", "mobile": "tel",
    "file": "file", "upload": "file", "image": "file", "photo": "file", "fileupload": "file",
    "group": "group", "fieldgroup": "group", "section": "group",
    "table": "table", "dynamictable": "dynamic_table",
    "numberwithunit": "number_with_unit", "calculated": "calculated", "formula": "calculated",
}  # fmt: skip
_OWN_WORDS = frozenset(_TYPES.values())
NUMBERS = ("number", "decimal", "currency")
_WIDTHS = (3, 6, 12)
_LONGEST_LABEL = 200
_OPTION_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]{0,59}")
_NOT_IN_OPTION = re.compile(r"[^A-Za-z0-9_+-]+")
_SOURCES = {"banks": "banks", "branches": "bank_branches", "document": "document_types"}


def read_type(raw: Node, allowed: tuple[str, ...] | None = None) -> str:
    """Our type for the old one; ``text`` for what is unknown or cannot stand here, told."""
    given = raw.take("fieldType") if "fieldType" in raw.raw else raw.take("type")
    word = clean_text(given)
    kind = _TYPES.get("".join(letter for letter in word.lower() if letter.isalnum()))
    if kind is None:
        kind = "group" if isinstance(raw.look("subFields"), list) else "text"
        kind = "table" if isinstance(raw.look("columns"), list) else kind
        kind = "dynamic_table" if isinstance(raw.look("tableConfig"), Mapping) else kind
        said = f"The type {shown(given)} is not known here." if given is not None else "The type is missing."
        raw.tell("fieldType", said, f"It is taken as {kind}.")
    elif word not in _OWN_WORDS:
        raw.tell(
            "fieldType", f"The type {shown(word)} is called {kind} here.", "It is taken so.", Severity.NOTE
        )
    if kind == "checkbox" and _has_options(raw):
        several = word.lower().startswith("check") or not word
        done = "It is a choice of several here." if several else "It is a choice of one here."
        raw.tell("fieldType", f"A {word or 'checkbox'} with several options.", done)
        kind = "multiselect" if several else "radio"
    if allowed is not None and kind not in allowed:
        raw.tell("fieldType", f"A {kind} cannot stand in a table here.", "It is taken as text.")
        kind = "text"
    return kind


def _has_options(raw: Node) -> bool:
    options = raw.look("options")
    return isinstance(options, list | dict) and len(options) > 1


def read_names(raw: Node, scope: Scope, fallback: str) -> tuple[str, tuple[str, ...], str]:
    """(our id, the old ids by which it may be named, the label)."""
    given = {key: clean_text(raw.take(key)) for key in FIELD_NAMES if key not in _LABELS}
    label = raw.text(*_LABELS)
    old = [name for key in ("fieldId", "columnId", "rowId", "id") if (name := given.get(key))]
    technical = given.get("technicalName", "")
    if not old:
        said = "It has no id."
        raw.tell("", said, "One is made from its name.")
    first = (old or [technical])[0]
    field_id = scope.ids.claim(first, technical, label, fallback=fallback)
    if first and field_id != first:
        reason = "is used twice in its place" if clean_id(first) == first else "cannot be an id here"
        raw.tell(
            "fieldId", f"The id {shown(first)} {reason}.", f"It is {field_id} here; the old one is kept."
        )
    if technical and technical not in old:
        old.append(technical)
    label = label or label_of(field_id)
    if scope.lead:
        label = f"{scope.lead}: {label}"[:200]
    return field_id, tuple(old), label


def read_simple(gathered: Gathered, raw: Node, scope: Scope, kind: str, *, table: str = "") -> dict[str, Any]:
    """A field that is neither a group nor a table; registered, so that its formula can be found later."""
    field_id, old, label = read_names(raw, scope, "field")
    node: dict[str, Any] = {"id": field_id, "type": kind, "label": label}
    path = f"{scope.path}.{field_id}"
    question = Question(node, path, old, scope.document, raw, table)
    question.read_only = raw.flag("isReadonly") or raw.flag("readOnly")
    question.computed = kind == "calculated"
    _read_words(raw, node)
    _read_long_label(raw, node)
    _read_width(raw, node)
    if kind == "calculated":
        # Until its formula is understood it is a figure that somebody types.
        node["type"] = "currency" if _is_money(raw) else "number"
    _read_units(raw, node)
    _read_options(gathered, raw, node, path)
    _read_source(raw, node)
    if raw.flag("isRequired") or raw.flag("required"):
        node["required"] = True
    _read_default(raw, node, gathered.option_values.get(path, {}))
    read_validation(raw, node)
    question.texts = " ".join(
        str(node.get(key, "")) for key in ("label", "placeholder", "help", "suffix", "prefix")
    )
    question.formula = raw.take("formula")
    question.recipe = raw.take("calculatedField")
    question.metadata = raw.take("calculationMetadata")
    raw.log.keep(raw.at("calculatedField"), question.recipe)
    raw.log.keep(raw.at("calculationMetadata"), question.metadata)
    gathered.add(question, *((*scope.old, name) for name in old))
    if not table:
        read_condition(gathered, raw, node, path, scope.document)
    return node


def _is_money(raw: Node) -> bool:
    formatting = raw.look("calculationMetadata")
    formatting = formatting.get("formatting") if isinstance(formatting, Mapping) else None
    money = isinstance(formatting, Mapping) and formatting.get("currency") is True
    return money or clean_text(raw.look("displayFormat")).lower() in ("currency", "money")


def read_condition(gathered: Gathered, raw: Node, node: dict[str, Any], path: str, document: str) -> None:
    """Keep the condition for the second pass, when every name is known."""
    for key in CONDITIONS:
        value = raw.take(key)
        if value not in (None, "", {}, []):
            gathered.wishes.append(Wish(node, path, document, raw, value))
            return


def _read_words(raw: Node, node: dict[str, Any]) -> None:
    for key, most, names in (
        ("help", 500, ("helpText", "description", "tooltip")),
        ("placeholder", 120, ("placeholder",)),
        ("prefix", 60, ("prefix",)),
        ("suffix", 60, ("suffix",)),
    ):
        if text := raw.text(*names, most=most):
            node[key] = text


def _read_long_label(raw: Node, node: dict[str, Any]) -> None:
    """The whole of a question that is longer than a label stands in its help, unless that says something."""
    whole_label = next((text for key in _LABELS if (text := clean_text(raw.look(key)))), "")
    if len(whole_label) > _LONGEST_LABEL:
        node.setdefault("help", cut(whole_label, 500))


def _read_width(raw: Node, node: dict[str, Any]) -> None:
    given = raw.take("gridSize")
    if given is None:
        return
    size = whole(given)
    if size in _WIDTHS:
        node["width"] = size
        return
    if size is None:
        raw.tell("gridSize", f"{shown(given)} is no width.", "The usual width is taken.", Severity.NOTE)
        return
    nearest = min(_WIDTHS, key=lambda width: (abs(width - size), -width))
    node["width"] = nearest
    raw.tell("gridSize", f"A width of {size} is not one of 3, 6, 12.", f"It is {nearest}.", Severity.NOTE)


def _read_units(raw: Node, node: dict[str, Any]) -> None:
    """Units of area make a number one with a unit; other units are printed, where there is one alone."""
    given = raw.take("units") if raw.raw.get("units") not in (None, "", []) else raw.take("unit")
    if given in (None, "", [], {}):
        if node["type"] == "number_with_unit":
            raw.tell("units", "It has no list of units.", "It is a plain number here.")
            node["type"] = "number"
        return
    listed = given if isinstance(given, list | tuple) else [given]
    words = [clean_text(one.get("value") or one.get("label")) if isinstance(one, Mapping) else clean_text(one)
             for one in listed]  # fmt: skip
    words = [word for word in words if word]
    areas = list(dict.fromkeys(unit for word in words if (unit := find_unit(word))))
    others = [word for word in words if not find_unit(word)]
    numeric = node["type"] in (*NUMBERS, "number_with_unit")
    if areas and numeric and node["type"] != "currency":
        node.update(type="number_with_unit", units=areas[:30])
        if others:
            raw.tell("units", f"{shown(others)} cannot be converted here.", "The other units may be chosen.")
        return
    if node["type"] == "number_with_unit":
        node["type"] = "number"
    if numeric and len(words) == 1:
        # An amount "in sq ft" is one for a sq ft. Lengths are only printed: the old formulas mixed them.
        node.setdefault("suffix", f"per {unit_label(areas[0])}" if areas else words[0][:LONGEST])
        return
    problem = f"The units {shown(words or given)} do not go with a {node['type']} here."
    raw.tell("units", problem, "They are kept and not used; write the unit into the label.")


def _read_options(gathered: Gathered, raw: Node, node: dict[str, Any], path: str) -> None:
    kind = node["type"]
    given = raw.take("options")
    if kind not in ("select", "radio", "multiselect"):
        if given not in (None, [], {}, ""):
            raw.tell(
                "options", f"A {kind} takes no options.", "They are kept and not used.", Severity.KEPT_ASIDE
            )
        return
    options, renamed = _options(raw, given)
    typed = "textarea" if kind == "multiselect" else "text"
    if not options and raw.look("dataSource") and kind == "select":
        node["type"] = "select_dynamic"
    elif not options:
        raw.tell("options", f"A {kind} without options.", "It is a text here; give it options.")
        node["type"] = typed
    elif len(options) > MOST_OPTIONS:
        done = "It is a text here, so that every answer fits; shorten the list."
        raw.tell("options", f"{len(options)} options; at most {MOST_OPTIONS} are allowed.", done)
        node["type"] = typed
    else:
        node["options"] = options
        if renamed:
            gathered.option_values[path] = renamed


def _options(raw: Node, given: Any) -> tuple[list[dict[str, str]], dict[str, str]]:
    """(our options, old value → our value where it changed)."""
    if isinstance(given, Mapping):
        given = [{"value": value, "label": label} for value, label in given.items()]
    options: list[dict[str, str]] = []
    renamed: dict[str, str] = {}
    taken: set[str] = set()
    for one in given if isinstance(given, list | tuple) else ():
        part = one if isinstance(one, Mapping) else {"value": one, "label": one}
        old = _option_text(next((part[key] for key in ("value", "id", "code", "key") if key in part), None))
        label = _option_text(next((part[key] for key in ("label", "name", "text") if key in part), None))
        old, label = old or label, label or old
        if not old:
            raw.tell("options", f"The option {shown(one)} has no text.", "It is left out.")
            continue
        if part.get("isActive") is False:
            raw.tell("options", f"The option {shown(label)} was inactive.", "It is left out.", Severity.NOTE)
            continue
        if any(
            option["label"] == label[:200] and renamed.get(old, old) == option["value"] for option in options
        ):
            raw.tell("options", f"The option {shown(label)} occurs twice.", "It stands once here.")
            continue
        value = _option_value(old, taken)
        taken.add(value)
        options.append({"value": value, "label": label[:200]})
        if value != old:
            renamed[old] = value
    if renamed:
        some = ", ".join(f"{shown(old)} → {new}" for old, new in list(renamed.items())[:5])
        raw.tell("options", f"{len(renamed)} values cannot be stored here.", f"They are changed: {some}.")
    return options, renamed


def _option_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else clean_text(value)


def _option_value(old: str, taken: set[str]) -> str:
    value = old
    if not _OPTION_VALUE.fullmatch(old):
        value = _NOT_IN_OPTION.sub("_", old).strip("_+-")[:LONGEST] or "option"
        value = value.lower()
    free, number = value, 2
    while free in taken:
        free, number = f"{value[: LONGEST - 4]}_{number}", number + 1
    return free


def _read_source(raw: Node, node: dict[str, Any]) -> None:
    source = raw.take("dataSource")
    raw.log.keep(raw.at("dataSource"), source)
    if node["type"] != "select_dynamic":
        return
    config = raw.look("dataSourceConfig")
    config = config if isinstance(config, Mapping) else {}
    nested = clean_text(config.get("nestedPath")).lower()
    words = f"{clean_text(source)} {clean_text(config.get('collection'))}".lower()
    found = "branches" if "branch" in nested or "branch" in words else ""
    found = found or next((name for name in ("document", "banks") if name in words), "")
    if found and not (found == "banks" and nested):
        node["options_source"] = _SOURCES[found]
        return
    node["type"] = "text"
    raw.tell("dataSource", f"The source {shown(source)} is not known here.", "It is a text field here.")


def _read_default(raw: Node, node: dict[str, Any], renamed: Mapping[str, str]) -> None:
    given = raw.take("defaultValue") if "defaultValue" in raw.raw else raw.take("default")
    if given in (None, "", [], {}):
        return
    kind = node["type"]
    if says_not_applicable(given) and not _is_option(given, node, renamed):
        node["not_applicable"] = True
        done = "Not applicable may be answered here; nothing is filled in by itself."
        raw.tell("defaultValue", f"{shown(given)} was filled in by itself.", done)
        return
    default: Any = None
    if kind == "date" and clean_text(given).lower() in ("today", "now"):
        default = "today"
    elif kind == "checkbox":
        default = truth(given)
    elif kind in ("select", "radio"):
        default = _is_option(given, node, renamed)
    elif kind == "multiselect":
        wanted = given if isinstance(given, list | tuple) else [given]
        chosen = [value for one in wanted if (value := _is_option(one, node, renamed))]
        default = chosen if len(chosen) == len(wanted) else None
    if default is not None:
        node["default"] = default
        return
    done = "Nothing is filled in by itself: a sample would reach reports unread."
    text = clean_text(given)
    if kind in ("text", "textarea") and figure(given) is None and len(text) <= 300:
        hint = f"Earlier reports began with: {text}"
        node["help"] = f"{node['help']} {hint}" if node.get("help") else hint
        node["help"] = node["help"][:500]
        done = "It stands in the help now; nothing is filled in by itself."
    raw.tell("defaultValue", f"{shown(given)} was filled in by itself.", done)


def _is_option(given: Any, node: Mapping[str, Any], renamed: Mapping[str, str]) -> str | None:
    text = _option_text(given)
    text = renamed.get(text, text)
    found = (
        option["value"] for option in node.get("options", ()) if text in (option["value"], option["label"])
    )
    return next(found, None)
