"""What is wrong with values that a firm wants above the shared ones: (key of a place or field, sentence)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from math import isfinite
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from banks.formats.fitting import (
    Problem,
    all_shown,
    change_problems,
    fitting,
    one_by_one,
    whole_problems,
)
from banks.formats.overriding import FormatChanges, adapted, combined, original, own_path
from banks.merging import BANK_FIELDS, BRANCH_FIELDS, MergedBank, SharedBank
from banks.models import Bank, Branch
from banks.places import Place

LETTERHEAD_FIELDS = ("name", "tagline", "address", "phone", "email", "website", "registration")
EMPANELMENT_FIELDS = ("number", "category", "since", "until", "remarks")
MOST_OWN_BRANCHES = 500
_LONGEST = {"address": 400, "remarks": 400, "tagline": 160}
_LONGEST_LINE = 120
_OWN_CODE = re.compile(r"OWN_[A-Z0-9][A-Z0-9_-]{0,35}")
_COORDINATES = {"latitude": 90, "longitude": 180}

Problems = list[tuple[str, str]]


# Bank and branches -------------------------------------------------------------------------------------


def bank_problems(values: Mapping[str, Any]) -> Problems:
    """Of some values of a bank."""
    return _model_problems(Bank, values, BANK_FIELDS)


def branch_problems(values: Mapping[str, Any], whole: Mapping[str, Any], *, new: bool = False) -> Problems:
    """Of some values of a branch; ``whole`` is the branch with them, ``new`` one of which all is asked."""
    wanted = {name: whole.get(name, "") for name in ("name", "ifsc", "city", "state")} if new else {}
    problems = _model_problems(Branch, {**wanted, **values}, BRANCH_FIELDS)
    for name, most in _COORDINATES.items():
        value = values.get(name)
        if isinstance(value, float | int) and not (isfinite(value) and abs(value) <= most):
            problems.append((name, f"{value} is no {name}; write degrees from -{most} to {most}."))
    if any(name in values for name in _COORDINATES) and (
        (whole.get("latitude") is None) != (whole.get("longitude") is None)
    ):
        problems.append(("latitude", "Give latitude and longitude, or neither."))
    return problems


def _model_problems(model: type[Any], values: Mapping[str, Any], known: Iterable[str]) -> Problems:
    problems = [
        (name, f"{name} is not known; use one of {', '.join(known)}.") for name in values if name not in known
    ]
    for name in known:
        if name not in values:
            continue
        field = model._meta.get_field(name)
        value = values[name]
        try:
            if value in ("", None):
                if not field.blank:
                    problems.append((name, f"Give the {field.verbose_name}; it cannot be empty."))
                continue
            if isinstance(value, str) and "\x00" in value:
                raise ValidationError("Write it without characters that nobody can see.")
            field.clean(value, None)
        except ValidationError as error:
            problems.extend((name, message) for message in error.messages)
    return problems


def ifsc_problems(bank: MergedBank, code: str, values: Mapping[str, Any]) -> Problems:
    """Two branches that the firm sees do not share an IFSC."""
    ifsc = values.get("ifsc")
    if not ifsc:
        return []
    found, _ = bank.find(str(ifsc), include_hidden=True)
    for branch in found:
        if branch.code != code and branch.ifsc == ifsc:
            return [("ifsc", f"{branch.name} ({branch.code}) has this IFSC already; look it up again.")]
    return []


def own_code_problems(code: str, branches: Mapping[str, Any], bank: SharedBank) -> Problems:
    if not _OWN_CODE.fullmatch(code):
        return [("code", "Use 1 to 36 letters, digits, - or _ for the code of a branch of your own.")]
    if code in branches or code in bank.branches:
        return [("code", f"There is a branch {code} already; give this one another code.")]
    if sum(bool(one.get("own")) for one in branches.values()) >= MOST_OWN_BRANCHES:
        return [("code", f"A firm adds at most {MOST_OWN_BRANCHES} branches to a bank; remove some.")]
    return []


# Letterhead and empanelment ----------------------------------------------------------------------------


def letterhead_problems(values: Mapping[str, str]) -> Problems:
    problems = _line_problems(values, LETTERHEAD_FIELDS)
    if values.get("email"):
        try:
            validate_email(values["email"])
        except ValidationError:
            problems.append(("email", "This is not an e-mail address; write it as name@example.com."))
    return problems


def empanelment_problems(values: Mapping[str, str]) -> Problems:
    problems = _line_problems(values, EMPANELMENT_FIELDS)
    days: dict[str, date] = {}
    for name in ("since", "until"):
        try:
            if values.get(name):
                days[name] = date.fromisoformat(values[name])
        except ValueError:
            problems.append((name, f"“{values[name][:24]}” is no date; write it as 2026-11-23."))
    if len(days) == 2 and days["until"] < days["since"]:
        problems.append(("until", "The empanelment cannot end before it begins."))
    if any(values.values()) and not values.get("number"):
        problems.append(("number", "Give the number of the empanelment, or leave all of it empty."))
    return problems


def _line_problems(values: Mapping[str, str], known: tuple[str, ...]) -> Problems:
    problems = []
    for name, value in values.items():
        most = _LONGEST.get(name, _LONGEST_LINE)
        if name not in known:
            problems.append((name, f"{name} is not known; use one of {', '.join(known)}."))
        elif len(value) > most:
            problems.append((name, f"At most {most} characters; these are {len(value)}."))
        elif any(ord(one) < 32 and one not in "\r\n" for one in value):
            problems.append((name, "Write it without characters that nobody can see."))
    return problems


# Formats -----------------------------------------------------------------------------------------------


def format_problems(
    content: Mapping[str, Any],
    format_name: str,
    branch_code: str,
    changes: FormatChanges,
    stored: Mapping[str, Any],
) -> Problems:
    """Of new changes for all branches, or for one, together with what is stored for the other layer.

    ``stored`` is ``BankOverride.formats[format_name]``.
    """
    if not branch_code:
        return _layers_problems(content, format_name, {**stored, "all": changes})
    firm, _ = fitting(content, stored.get("all") or {})
    base = adapted(content, all_shown(firm))
    problems = list(_keyed(change_problems(base, changes), format_name, branch_code))
    return problems or _whole_problems(content, format_name, branch_code, firm, changes)


def stored_problems(content: Mapping[str, Any], format_name: str, stored: Mapping[str, Any]) -> Problems:
    """Of what is left after something was taken back: changes that stood upon it."""
    firm, _ = fitting(content, stored.get("all") or {})
    return _layers_problems(content, format_name, {**stored, "all": firm})


def _layers_problems(content: Mapping[str, Any], name: str, stored: Mapping[str, Any]) -> Problems:
    firm = stored.get("all") or {}
    problems = list(_keyed(change_problems(content, firm), name, ""))
    problems = problems or _whole_problems(content, name, "", {}, firm)
    if problems:
        return problems
    base = adapted(content, all_shown(firm))
    for code, changes in (stored.get("branches") or {}).items():
        # What does not fit the format itself is told on its page; what fitted and now does not, is told here.
        usual, _ = fitting(content, changes, whole=False)
        problems += _keyed(change_problems(base, usual), name, code)
        problems += _whole_problems(content, name, code, firm, usual)
    return problems


def _whole_problems(
    content: Mapping[str, Any], name: str, code: str, firm: FormatChanges, changes: FormatChanges
) -> Problems:
    """What is wrong with the format as it results, told at the change that does it."""

    def faults(tried: FormatChanges) -> list[str]:
        return whole_problems(content, combined(firm, tried))

    sentences = faults(changes)
    if not sentences:
        return []
    for spot, alone in one_by_one(changes):
        if found := faults(alone):
            key = str(Place("format", spot.attribute, code, name, spot.path))
            if spot.attribute == "hidden":
                return [(key, f"Others need this: {found[0]}")]
            return [(key, found[0])]
    return [(str(Place("format", branch=code, format_name=name)), sentence) for sentence in sentences]


def _keyed(problems: Iterable[Problem], name: str, code: str) -> Iterator[tuple[str, str]]:
    for spot, sentence in problems:
        field = spot.attribute if spot.path else ""
        yield str(Place("format", field, code, name, spot.path)), sentence


def without_effectless(
    content: Mapping[str, Any], changes: FormatChanges, firm: FormatChanges | None = None
) -> dict[str, Any]:
    """The changes without those that say what lies under them says already; ``firm``: the layer under a
    branch's.
    """
    firm = firm or {}
    base = adapted(content, all_shown(fitting(content, firm)[0])) if firm else content
    parameters = {
        name: value
        for name, value in changes.get("parameters", {}).items()
        if str(value) != str(base.get("parameters", {}).get(name))
    }
    hidden = {path for path, wanted in firm.get("fields", {}).items() if wanted.get("hidden")}
    own = {own_path(one) for one in changes.get("added", ())}
    fields = {}
    for path, wanted in changes.get("fields", {}).items():
        kept = {
            name: value
            for name, value in wanted.items()
            if path in own or not _says_the_same(base, name, path, value, path in hidden)
        }
        if kept:
            fields[path] = kept
    both = {"parameters": parameters, "fields": fields, "added": list(changes.get("added", ()))}
    return {key: value for key, value in both.items() if value}


def _says_the_same(base: Mapping[str, Any], name: str, path: str, value: Any, is_hidden: bool) -> bool:
    if name == "hidden":
        return bool(value) == is_hidden
    under = original(base, name, path)
    if name == "required":
        return bool(value) == bool(under)
    if name in ("minimum", "maximum") and value is not None and under is not None:
        return str(value) == str(under)
    if name == "help":
        return (value or "") == (under or "")
    return bool(value == under)


def without(changes: FormatChanges, branch_code: str, place: Place) -> dict[str, Any]:
    """A layer's changes without what lies within the place; an own field takes its changes along."""

    def goes(attribute: str, path: str) -> bool:
        return place.contains(Place("format", attribute, branch_code, place.format_name, path))

    parameters = {
        name: value for name, value in changes.get("parameters", {}).items() if not goes("parameter", name)
    }
    gone = {own_path(one) for one in changes.get("added", ()) if goes("added", own_path(one))}
    fields = {}
    for path, wanted in changes.get("fields", {}).items():
        kept = {name: value for name, value in wanted.items() if not goes(name, path)}
        if kept and path not in gone:
            fields[path] = kept
    added = [one for one in changes.get("added", ()) if own_path(one) not in gone]
    both = {"parameters": parameters, "fields": fields, "added": added}
    return {key: value for key, value in both.items() if value}
