"""Taking the answers of a draft over into another version of its format: what maps, and what does not. Pure.

An answer stays under its path where the newer version still asks there, moves with its question where that
has gone to another place, and is set aside where nothing asks for it any more or where it does not fit.
Nothing is lost: what is set aside is kept by its path, and comes back with a version that asks for it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from banks.formats.definition import Field, FieldType, FormatDefinition, Section
from reports.answers import is_empty, is_not_applicable
from reports.refitting import Misfit, refitted

# Of two answers set aside under one path, the other's key goes on like this: ``land.value.rate (2)``.
_AGAIN = re.compile(r" \([0-9]+\)$")


@dataclass(frozen=True, slots=True)
class Place:
    """A question that has an answer of its own: a field, the member of a group, or a whole table."""

    field: Field
    section: Section
    group: Field | None = None

    @property
    def path(self) -> str:
        return self.field.path

    @property
    def label(self) -> str:
        return f"{self.group.label}: {self.field.label}" if self.group else self.field.label


@dataclass(frozen=True, slots=True)
class Line:
    """What becomes of one answer. ``before`` and ``after`` are places in words; ``reason`` why it is so."""

    path: str
    label: str
    before: str
    after: str = ""
    answer: Any = None
    reason: str = ""


@dataclass(slots=True)
class Upgrade:
    """The answers as the newer version takes them, and what became of each of them.

    ``set_aside`` is what the report stores of those without a place: path (or ``path (2)``) → ``{"label",
    "answer", "reason"}``, of a figure with its ``unit`` or what it is ``per``.
    ``paths`` leads from the old path of each moved question to its new one.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    set_aside: dict[str, Any] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    kept: int = 0
    moved: list[Line] = field(default_factory=list)
    fitted: list[Line] = field(default_factory=list)
    returned: list[Line] = field(default_factory=list)
    aside: list[Line] = field(default_factory=list)
    asked_anew: list[Line] = field(default_factory=list)

    @property
    def is_smooth(self) -> bool:
        """Whether every answer stays as it is, where it is."""
        return not (self.moved or self.fitted or self.returned or self.aside)


def plan_upgrade(
    old: FormatDefinition,
    new: FormatDefinition,
    answers: Mapping[str, Any],
    set_aside: Mapping[str, Any] | None = None,
) -> Upgrade:
    """What the answers to ``old`` become under ``new``; ``set_aside`` is what an earlier upgrade left."""
    plan = Upgrade()
    before = {place.path: place for place in places(old)}
    after = {place.path: place for place in places(new)}
    goes_to = _destinations(before, after)
    whole_groups = _take_groups_over(plan, old, new, answers)
    for path, place in before.items():
        answer = answer_at(answers, path)
        if is_empty(answer) or path.rpartition(".")[0] in whole_groups:
            continue
        target = after.get(goes_to.get(path, ""))
        if target is None:
            _put_aside(plan, path, place, answer, "The newer version does not ask this.")
            continue
        _take_over(plan, place, target, answer)
    _take_back(plan, after, set_aside or {})
    _take_back(plan, after, _unknown(answers, before))
    plan.asked_anew = [
        Line(path, place.label, "", _where(place))
        for path, place in after.items()
        if place.field.required and path not in goes_to.values() and is_empty(answer_at(plan.answers, path))
    ]
    return plan


def places(definition: FormatDefinition) -> Iterator[Place]:
    """Every question of the format that has an answer of its own, in order."""
    for section in definition.sections():
        for item in section.fields:
            if item.type is FieldType.GROUP:
                yield from (Place(part, section, item) for part in item.fields)
            else:
                yield Place(item, section)


def answer_at(answers: Mapping[str, Any], path: str) -> Any:
    """The stored answer at a path, or None. A group that does not apply answers for its members."""
    found: Any = answers
    for step in path.split("."):
        if not isinstance(found, Mapping):
            return None
        if is_not_applicable(found):
            return dict(found)
        found = found.get(step)
    return found


def _destinations(before: Mapping[str, Place], after: Mapping[str, Place]) -> dict[str, str]:
    """Old path → new path. A question that has left its place is known by an id that is unique in both."""
    goes_to = {path: path for path in before if path in after}
    gone = [place for path, place in before.items() if path not in after]
    come = [place for path, place in after.items() if path not in before]
    for place in gone:
        same = [other for other in come if other.field.id == place.field.id]
        rivals = [other for other in gone if other.field.id == place.field.id]
        if len(same) == len(rivals) == 1:
            goes_to[place.path] = same[0].path
    return goes_to


def _take_over(plan: Upgrade, place: Place, target: Place, answer: Any) -> None:
    try:
        new = refitted(place.field, target.field, answer)
    except Misfit as misfit:
        _put_aside(plan, place.path, place, misfit.lost, str(misfit))
        if is_empty(misfit.kept):
            return
        new = misfit.kept
    _store(plan.answers, target.path, new)
    line = Line(place.path, place.label, _where(place), _where(target), new)
    if target.path != place.path:
        plan.paths[place.path] = target.path
        plan.moved.append(line)
    elif new != answer:
        plan.fitted.append(line)
    else:
        plan.kept += 1


def _take_groups_over(
    plan: Upgrade, old: FormatDefinition, new: FormatDefinition, answers: Mapping[str, Any]
) -> set[str]:
    """The paths of groups that do not apply as a whole, each kept so or set aside as one answer."""
    groups = {item.path: item for section in new.sections() for item in section.fields}
    done = set()
    for section in old.sections():
        for item in section.fields:
            answer = answer_at(answers, item.path)
            if item.type is not FieldType.GROUP or not is_not_applicable(answer):
                continue
            done.add(item.path)
            target = groups.get(item.path)
            if target is not None and target.type is FieldType.GROUP and target.not_applicable:
                _store(plan.answers, item.path, answer)
                plan.kept += 1
            else:
                reason = "“Not applicable” is no answer to it any more."
                _put_aside(plan, item.path, Place(item, section), answer, reason)
    return done


def _put_aside(plan: Upgrade, path: str, place: Place, answer: Any, reason: str) -> None:
    measured = {"unit": place.field.unit, "per": place.field.per}
    plan.set_aside[path] = {
        "label": place.label,
        "answer": answer,
        "reason": reason,
        **{key: value for key, value in measured.items() if value},
    }
    plan.aside.append(Line(path, place.label, _where(place), "", answer, reason))


def _unknown(answers: Mapping[str, Any], before: Mapping[str, Place]) -> dict[str, Any]:
    """What is stored under no question of the old version, as ``set_aside`` has it: a branch's own question,
    say, whose report has been given to another branch.
    """
    groups = {place.group.path: place.group for place in before.values() if place.group is not None}
    found: dict[str, Any] = {}

    def look(path: str, label: str, answer: Any) -> None:
        if path in groups and isinstance(answer, Mapping) and not is_not_applicable(answer):
            for name, part in answer.items():
                look(f"{path}.{name}", f"{groups[path].label}: {name}", part)
        elif path not in before and path not in groups and not is_empty(answer):
            reason = "The version before did not ask this either."
            found[path] = {"label": label, "answer": answer, "reason": reason}

    for tab_id, tab in answers.items():
        for section_id, section in tab.items() if isinstance(tab, Mapping) else ():
            for field_id, answer in section.items() if isinstance(section, Mapping) else ():
                look(f"{tab_id}.{section_id}.{field_id}", field_id, answer)
    return found


def _take_back(plan: Upgrade, after: Mapping[str, Place], set_aside: Mapping[str, Any]) -> None:
    """Answers without a question till now return where one asks for them; the others are kept."""
    for key, kept in set_aside.items():
        path = _AGAIN.sub("", key)
        answer = kept.get("answer") if isinstance(kept, Mapping) and "answer" in kept else kept
        place = after.get(path)
        if place is not None and is_empty(answer_at(plan.answers, path)):
            try:
                fits = refitted(_as_it_was(place.field, kept), place.field, answer)
            except Misfit:
                pass
            else:
                _store(plan.answers, path, fits)
                plan.returned.append(Line(path, place.label, "", _where(place), fits))
                continue
        _keep(plan, path, kept)


def _as_it_was(field: Field, kept: Any) -> Field:
    """The question that an answer was set aside from: its figure is in the unit that it was in."""
    said = kept if isinstance(kept, Mapping) else {}
    return replace(field, unit=said.get("unit"), per=said.get("per", field.per))


def _keep(plan: Upgrade, path: str, kept: Any) -> None:
    """Under its path; beside what another upgrade has kept there, the later under ``path (2)``."""
    key, number = path, 1
    while key in plan.set_aside and plan.set_aside[key] != kept:
        number += 1
        key = f"{path} ({number})"
    plan.set_aside[key] = kept


def _store(answers: dict[str, Any], path: str, answer: Any) -> None:
    *steps, last = path.split(".")
    here = answers
    for step in steps:
        here = here.setdefault(step, {})
    here[last] = answer


def _where(place: Place) -> str:
    return place.section.label
