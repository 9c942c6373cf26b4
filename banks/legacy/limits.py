"""The limits of an old field (``validation``, ``calculationMetadata.validationRules``) as ours."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from banks.formats.definition import Field, FieldType, Validation
from banks.formats.field_checks import field_problems, is_fixed_date
from banks.legacy.faults import Severity
from banks.legacy.reading import Node, clean_text, figure, shown, whole

_TEXTS = ("text", "textarea", "email", "tel")
_FIGURES = ("number", "decimal", "currency", "number_with_unit")
_MESSAGES = ("message", "errorMessage", "patternMessage")
_SLASHES = re.compile(r"/(.*)/([a-z]*)", re.DOTALL)
_MOST_LENGTH = 20_000


def read_validation(raw: Node, node: dict[str, Any]) -> None:
    """Put ``validation`` into ``node``; what its type cannot be held to is told and kept."""
    rules: dict[str, Any] = {}
    for source in (raw.child("validation"), _computed_rules(raw)):
        _one_source(source, node["type"], rules)
        source.finish()
    _in_order(raw, rules, "minimum", "maximum")
    _in_order(raw, rules, "min_length", "max_length")
    if rules.keys() - {"message"}:
        node["validation"] = rules
    elif rules:
        raw.log.keep(raw.at("validation.message"), rules["message"])


def _computed_rules(raw: Node) -> Node:
    metadata = raw.look("calculationMetadata")
    rules = metadata.get("validationRules") if isinstance(metadata, dict) else None
    place = raw.at("calculationMetadata.validationRules")
    return Node(rules if isinstance(rules, dict) else {}, place, raw.log)


def _one_source(source: Node, kind: str, rules: dict[str, Any]) -> None:
    for old, ours in (("min", "minimum"), ("max", "maximum")):
        _take(source, old, ours, figure(source.look(old)), kind in _FIGURES, rules, kind)
    for old, ours in (("minLength", "min_length"), ("maxLength", "max_length")):
        length = whole(source.look(old))
        least = 0 if ours == "min_length" else 1
        if length is not None and not least <= length <= _MOST_LENGTH:
            length = None
        _take(source, old, ours, length, kind in _TEXTS, rules, kind)
    for old, ours in (("minDate", "min_date"), ("maxDate", "max_date")):
        _take(source, old, ours, _date(source.look(old)), kind == "date", rules, kind)
    pattern = source.take("pattern")
    if pattern not in (None, ""):
        _read_pattern(source, pattern, kind, rules)
    message = source.text(*_MESSAGES, most=300)
    if message:
        rules.setdefault("message", message)


def _take(
    source: Node, old: str, ours: str, value: Any, fits: bool, rules: dict[str, Any], kind: str
) -> None:
    given = source.take(old)
    if given in (None, ""):
        return
    if value is None:
        source.tell(old, f"{shown(given)} cannot be a limit here.", "It is kept and not asked for.")
    elif not fits:
        source.tell(old, f"{old} does not apply to a {kind}.", "It is kept and not asked for.")
    elif ours in rules and rules[ours] != value:
        source.tell(old, f"Two different limits: {rules[ours]} and {value}.", f"{rules[ours]} holds.")
    else:
        rules[ours] = value


def _date(value: Any) -> str | None:
    text = clean_text(value).lower()
    if text in ("today", "now"):
        return "today"
    text = text[:10]
    return text if is_fixed_date(text) else None


def _read_pattern(source: Node, given: Any, kind: str, rules: dict[str, Any]) -> None:
    """JavaScript's expression as Python's, anchored as ours are: an answer must fit it from end to end."""
    if kind not in _TEXTS:
        source.tell("pattern", f"A pattern does not apply to a {kind}.", "It is kept and not asked for.")
        return
    text = given if isinstance(given, str) and given.strip() else "\n"
    inner = _SLASHES.fullmatch(text)
    flags = inner.group(2) if inner else ""
    text = inner.group(1) if inner else text
    text = text.replace("(?<", "(?P<").replace("(?P<=", "(?<=").replace("(?P<!", "(?<!").replace(r"\/", "/")
    if text.startswith("^") and text.endswith("$") and "|" not in text:
        text = text[1:-1] if not text.endswith(r"\$") else text
    else:
        text = rf"[\s\S]*?(?:{text})[\s\S]*"
    text = f"(?i:{text})" if "i" in flags else text
    # The last three mean something else in Python, or may do so one day.
    strange = any(not letter.isprintable() for letter in text) or any(
        sign in text for sign in ("\\p", "[[", "&&")
    )
    if not text or len(text) > 200 or strange:
        source.tell("pattern", f"The pattern {shown(given)} cannot be used.", "It is kept and not asked for.")
        return
    probe = Field("f", FieldType.TEXT, "f", "a.b.f", validation=Validation(pattern=text))
    if list(field_problems(probe)):
        source.tell(
            "pattern", f"The pattern {shown(given)} is not safe here.", "It is kept and not asked for."
        )
        return
    rules["pattern"] = text
    source.log.keep(source.at("pattern"), given)


def _in_order(raw: Node, rules: dict[str, Any], low: str, high: str) -> None:
    if low in rules and high in rules and Decimal(str(rules[low])) > Decimal(str(rules[high])):
        raw.log.tell(
            raw.at("validation"), f"{low} {rules[low]} is above {high} {rules[high]}.",
            "Neither is asked for; both are kept.", Severity.CHANGED,
        )  # fmt: skip
        raw.log.keep(raw.at(f"validation.{low}"), rules.pop(low))
        raw.log.keep(raw.at(f"validation.{high}"), rules.pop(high))
