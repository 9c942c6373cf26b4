"""The fields of a section or group: groups, tables and plain ones, in their order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from banks.legacy.faults import Severity
from banks.legacy.fields import read_condition, read_names, read_simple, read_type
from banks.legacy.questions import Gathered, Scope
from banks.legacy.reading import Node, in_order, truth
from banks.legacy.tables import read_table

MOST_IN_GROUP = 60
_PARTS = ("subFields", "fields", "subfields", "children")


def read_fields(gathered: Gathered, raws: list[Node], scope: Scope, where: str) -> list[dict[str, Any]]:
    """The fields of a section; ``where`` is its old place, for what is told of all of them."""
    nodes: list[dict[str, Any]] = []
    for raw in in_order(raws, where):
        if _is_inactive(raw):
            continue
        kind = read_type(raw)
        if kind == "group":
            nodes.extend(_read_group(gathered, raw, scope))
        elif kind in ("table", "dynamic_table"):
            nodes.append(read_table(gathered, raw, scope, kind))
        else:
            nodes.append(read_simple(gathered, raw, scope, kind))
            raw.finish()
    return nodes


def _is_inactive(raw: Node) -> bool:
    if truth(raw.take("isActive")) is not False:
        return False
    raw.tell("", "The field was inactive.", "It is kept and not shown.", Severity.KEPT_ASIDE)
    raw.log.keep(raw.place, raw.raw)
    return True


def _read_group(gathered: Gathered, raw: Node, scope: Scope) -> list[dict[str, Any]]:
    """The group, then the tables that stood in it, then what is too much for one group."""
    field_id, old, label = read_names(raw, scope, "group")
    node: dict[str, Any] = {"id": field_id, "type": "group", "label": label, "width": 12}
    inner = scope.inside(field_id, old[0] if old else field_id)
    gathered.containers[inner.path] = old
    _read_group_words(raw, node)
    outside: list[dict[str, Any]] = []
    parts = _group_parts(gathered, raw, inner, replace(scope, lead=label), outside)
    if len(parts) > MOST_IN_GROUP:
        problem = f"{len(parts)} fields; at most {MOST_IN_GROUP} fit a group."
        raw.tell("subFields", problem, "Those after are kept.", Severity.KEPT_ASIDE)
        for part in parts[MOST_IN_GROUP:]:
            _forget(gathered, f"{inner.path}.{part['id']}")
        parts = parts[:MOST_IN_GROUP]
    read_condition(gathered, raw, node, inner.path, scope.document)
    wish = next((wish for wish in gathered.wishes if wish.node is node), None)
    for table in outside:
        if wish is not None and not any(one.node is table for one in gathered.wishes):
            gathered.wishes.append(replace(wish, node=table, path=f"{scope.path}.{table['id']}"))
    raw.finish()
    if not parts:
        if not outside:
            raw.tell("subFields", "The group has no fields.", "It is left out.", Severity.KEPT_ASIDE)
        gathered.wishes = [one for one in gathered.wishes if one.node is not node]
        return outside
    node["fields"] = parts
    return [node, *outside]


def _read_group_words(raw: Node, node: dict[str, Any]) -> None:
    if text := raw.text("description", "helpText", most=500):
        node["help"] = text
    for key in ("placeholder", "gridSize"):
        raw.log.keep(raw.at(key), raw.take(key))
    for key, problem in (("isRequired", "required"), ("isReadonly", "read-only")):
        if raw.flag(key):
            raw.tell(key, f"The group was {problem}.", f"A group cannot be {problem} here; its fields can.")
    if raw.take("defaultValue") not in (None, "", {}, []):
        raw.tell("defaultValue", "A group with a default.", "It has no effect here.", Severity.NOTE)


def _group_parts(
    gathered: Gathered, raw: Node, inner: Scope, outer: Scope, outside: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The fields in a group; groups in it are opened, tables in it go into ``outside``."""
    key = next((name for name in _PARTS if raw.look(name)), _PARTS[0])
    parts: list[dict[str, Any]] = []
    for part in in_order(raw.children(key, "fieldId"), raw.at(key)):
        if _is_inactive(part):
            continue
        kind = read_type(part)
        if kind in ("table", "dynamic_table"):
            part.tell("", "A table within a group.", "It stands after the group here.", Severity.NOTE)
            outside.append(read_table(gathered, part, replace(outer, old=inner.old), kind))
        elif kind == "group":
            parts.extend(_opened(gathered, part, inner, outer, outside))
        else:
            parts.append(read_simple(gathered, part, inner, kind))
            part.finish()
    return parts


def _opened(
    gathered: Gathered, raw: Node, inner: Scope, outer: Scope, outside: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """A group in a group: its fields join the outer one, their labels led by its name."""
    old = next((raw.text(key) for key in ("fieldId", "technicalName", "id") if raw.look(key)), "")
    label = raw.text("uiDisplayName", "label") or old
    raw.tell("", "A group within a group.", "Its fields stand in the outer one, led by its name.")
    lead = f"{inner.lead}: {label}" if inner.lead else label
    first = len(gathered.wishes)
    deeper = replace(inner, lead=lead[:120], old=(*inner.old, old))
    parts = _group_parts(gathered, raw, deeper, replace(outer, lead=lead[:120]), outside)
    pending = {id(wish.node) for wish in gathered.wishes[first:]}
    for part in parts:
        if id(part) in pending:
            continue
        read_condition(gathered, raw, part, f"{inner.path}.{part['id']}", inner.document)
    raw.log.keep(raw.at("conditionalLogic"), raw.look("conditionalLogic"))
    _read_group_words(raw, {})
    raw.finish()
    return parts


def _forget(gathered: Gathered, path: str) -> None:
    gathered.questions.pop(path, None)
    gathered.places = [(one, steps) for one, steps in gathered.places if one != path]
    gathered.wishes = [wish for wish in gathered.wishes if wish.path != path]
