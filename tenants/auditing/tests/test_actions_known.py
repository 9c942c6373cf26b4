"""Every action that the code records has its words; and nobody writes the two records but who may."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tenants.auditing.actions_known import KNOWN, Category, Kept, action_named, known_action, shown_to_firm
from tenants.operations.kinds import kind_named, kind_names

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("tenants", "banks", "reports", "valuation")
# What records, by the function's name; the action is the first argument.
RECORDERS = {"record_audit", "record_activity", "audit_entry", "Changed"}
# Helpers that record under a name which they are given.
OWN_HELPERS = {
    "reports/actions/photographs.py": "_changed",
    "reports/actions/review.py": "_step",
    "tenants/account/signature.py": "_record",
    "tenants/oidc/actions.py": "_record",
    "tenants/operations/suspending.py": "_set_status",
    "tenants/sign_in/actions.py": "_store_password",
}
# Names that are put together, and all that they can be.
COMPOSED = {
    "banks/branches.py": [f"branch.{what}" for what in ("added", "changed", "removed")],
    "banks/overrides.py": ["override_changed", "override_reset", "override_accepted"],
    "banks/publishing.py": ["format.published", "format.retired"],
    "tenants/operations/database_users.py": [
        f"organization.own_user_{what}" for what in ("given", "repaired", "removed", "withdrawn")
    ],
    "tenants/operations/offboarding.py": ["offboard.taken_back"],
    "tenants/operations/people.py": [
        f"{who}.{what}"
        for who in ("person", "staff")
        for what in (
            *("added", "changed", "deactivated", "reactivated"),
            *("signed_out", "tokens_revoked", "password_set"),
        )
    ],
    "tenants/operations/records.py": [
        f"{noun}.{what}"
        for noun in ("bank", "cluster", "document_type", "plan", "subscription")
        for what in ("added", "changed", "removed")
    ],
    "tenants/operations/engine.py": [
        f"{kind}.{step}"
        for kind in kind_names()
        for step in (
            *("requested", "stopped", "done", "cancelled"),
            *(one.name for one in kind_named(kind).steps),
        )
    ],
}
# Where the name is handed through, from callers that are looked at themselves.
HANDED_THROUGH = {"tenants/audit.py", "reports/actions/changing.py", *OWN_HELPERS}
_ABOUT = re.compile(
    r"record_audit|record_activity|audit_entry|Changed\(|AuditEntry|ActivityEntry|\.collection\b|_logs\b|"
    r"(?m:^[A-Z_, ]+ = .*\"[a-z_]+\.[a-z_]+\")"
)
_ACTION = re.compile(r"[a-z_]+(\.[a-z_]+)?")


@cache
def sources() -> list[tuple[str, ast.Module]]:
    return list(_sources())


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "tests" in path.parts:
                continue
            text = path.read_text(encoding="utf-8")
            # Most files need not be taken apart.
            if _ABOUT.search(text):
                yield str(path.relative_to(ROOT)), ast.parse(text)


@cache
def recorded() -> list[tuple[str, int, list[str] | None]]:
    return list(_recorded())


def _recorded() -> Iterator[tuple[str, int, list[str] | None]]:
    """(file, line, the actions that the call may name; None when they are put together elsewhere)."""
    trees = dict(sources())
    own = {_module(path): dict(_constants(tree)) for path, tree in trees.items()}
    for path, tree in trees.items():
        constants = own[_module(path)] | dict(_imported(tree, own))
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in RECORDERS and node.args:
                yield path, node.lineno, _named(node.args[0], constants)
            elif name == OWN_HELPERS.get(path):
                for found in (_named(argument, constants) for argument in [*node.args, *_values(node)]):
                    actions = [one for one in found or () if "." in one or one in KNOWN]
                    if actions:
                        yield path, node.lineno, actions


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _imported(tree: ast.Module, own: dict[str, dict[str, str]]) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            for one in node.names:
                if one.name in own.get(node.module or "", {}):
                    yield one.asname or one.name, own[node.module or ""][one.name]


def _values(call: ast.Call) -> list[ast.expr]:
    return [one.value for one in call.keywords if one.arg in ("action", None)]


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if not isinstance(node, ast.Assign):
            continue
        (target,) = node.targets
        pairs = [(target, node.value)]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(target.elts, node.value.elts, strict=True))
        for name, value in pairs:
            if (
                isinstance(name, ast.Name)
                and isinstance(value, ast.Constant)
                and isinstance(value.value, str)
            ):
                yield name.id, value.value


def _named(node: ast.expr, constants: dict[str, str]) -> list[str] | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value] if _ACTION.fullmatch(node.value) else None
    if isinstance(node, ast.Name) and node.id in constants:
        return [constants[node.id]]
    if isinstance(node, ast.IfExp):
        one, other = _named(node.body, constants), _named(node.orelse, constants)
        return [*one, *other] if one is not None and other is not None else None
    return None


def test_every_action_that_is_recorded_has_words() -> None:
    unknown = [
        f"{path}:{line}: {action}"
        for path, line, actions in recorded()
        for action in actions or ()
        if known_action(action) is None
    ]
    assert unknown == []


def test_every_composed_action_is_written_out_here() -> None:
    composed = {path for path, _, actions in recorded() if actions is None}
    assert composed - set(COMPOSED) - HANDED_THROUGH == set()


@pytest.mark.parametrize("path", COMPOSED)
def test_every_composed_action_has_words(path: str) -> None:
    assert [one for one in COMPOSED[path] if known_action(one) is None] == []


def test_every_category_is_of_some_action() -> None:
    assert {one.category for one in KNOWN.values()} == set(Category)


def test_words_follow_the_name_of_who_did_it() -> None:
    assert [name for name, one in KNOWN.items() if one.words[:1].isupper() or one.words.endswith(".")] == []


def test_every_icon_is_in_the_sprite() -> None:
    sprite = (ROOT / "static" / "icons" / "sprite.svg").read_text(encoding="utf-8")
    assert [name for name, one in KNOWN.items() if f'id="{one.icon}"' not in sprite] == []


def test_a_firm_is_shown_nothing_that_is_not_named() -> None:
    shown = set(shown_to_firm())
    assert not shown & {"organization.migrated", "task.retried", "audit.exported", "cluster.changed"}
    assert (action_named("backup.copy").shown, action_named("something.new").shown) == (False, False)
    assert all(KNOWN[name].kept is Kept.AUDIT for name in shown)


# Who writes ---------------------------------------------------------------------------------------------

ALLOWED = {
    # The functions that record.
    "tenants/audit.py",
    # The chain's own writes.
    "tenants/auditing/chain.py",
    # What the former system recorded, brought in and chained like the rest.
    "reports/legacy/logs.py",
}
_MADE = re.compile(r"(AuditEntry|ActivityEntry)(\.objects)?\.?(create|bulk_create|\()")
_RAW = re.compile(r"\b(AUDIT|ACTIVITY)\.collection|[\"'](audit_logs|activity_logs)[\"']")
_WRITES = re.compile(
    r"\.(insert_one|insert_many|update_one|update_many|replace_one|delete_one|delete_many|bulk_write|"
    r"find_one_and_\w+)\("
)


def test_entries_are_made_by_the_functions_that_record_alone() -> None:
    makers = {
        path
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and re.match(_MADE, f"{ast.unparse(node.func)}(")
    }
    assert makers - ALLOWED == set()


def test_nobody_else_writes_to_the_collections_below_the_orm() -> None:
    writers = {
        path
        for path, _ in sources()
        if (text := (ROOT / path).read_text(encoding="utf-8")) and _RAW.search(text) and _WRITES.search(text)
    }
    assert writers - ALLOWED == set()
