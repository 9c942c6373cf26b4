"""Adding, changing and removing a bank's branches, one at a time, each audited.

Branches are embedded in the bank's document. Every change reads the list, changes one entry and writes it
back only if nobody else wrote in between; otherwise it is tried again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from banks.models import Bank, Branch
from tenants.audit import record_audit
from tenants.context import shared_resources_writable
from tenants.errors import TenancyError
from tenants.models import User
from tenants.operations.records import plain

_ATTEMPTS = 5


class BranchProblem(TenancyError):
    """The change of a branch was refused; the message names bank and branch."""


class BranchUnknown(BranchProblem):
    """The bank has no branch of that code (any more)."""

    def __init__(self, bank: Bank, code: str) -> None:
        super().__init__(f"{bank} has no branch “{code}”; perhaps somebody removed it.")


class BranchTaken(BranchProblem):
    """Another branch of the bank has the code or the IFSC."""

    def __init__(self, bank: Bank, branch: Branch, field: str) -> None:
        super().__init__(f"{bank}: “{branch.name}” ({branch.code}) has this {field} already.")
        self.field = field.lower()


def branch_of(bank: Bank, code: str) -> Branch | None:
    """The branch of that code, or None."""
    return next((branch for branch in bank.branches or () if branch.code == code), None)


def add_branch(bank: Bank, branch: Branch, *, by: User) -> None:
    """Add a validated branch. Raises BranchTaken."""

    def change(branches: list[Branch]) -> list[Branch]:
        _require_free(bank, branches, branch)
        return [*branches, branch]

    _rewrite(bank, change)
    _audit("added", bank, branch, by, {"ifsc": branch.ifsc})


def change_branch(bank: Bank, code: str, branch: Branch, *, by: User) -> None:
    """Put a validated branch in the place of the one of ``code``. Raises BranchUnknown, BranchTaken."""
    old: list[Branch] = []

    def change(branches: list[Branch]) -> list[Branch]:
        old[:] = [one for one in branches if one.code == code]
        if not old:
            raise BranchUnknown(bank, code)
        _require_free(bank, [one for one in branches if one.code != code], branch)
        return [branch if one.code == code else one for one in branches]

    _rewrite(bank, change)
    _audit("changed", bank, branch, by, {"changes": _differences(old[0], branch)})


def remove_branch(bank: Bank, code: str, *, by: User) -> Branch:
    """Remove the branch of ``code`` and return it; reports that name it keep what they have.

    Raises BranchUnknown.
    """
    removed: list[Branch] = []

    def change(branches: list[Branch]) -> list[Branch]:
        removed[:] = [one for one in branches if one.code == code]
        if not removed:
            raise BranchUnknown(bank, code)
        return [one for one in branches if one.code != code]

    _rewrite(bank, change)
    _audit("removed", bank, removed[0], by, {"ifsc": removed[0].ifsc})
    return removed[0]


def _rewrite(bank: Bank, change: Callable[[list[Branch]], list[Branch]]) -> None:
    """Write the changed list if the bank is as it was read; read it again otherwise."""
    for _ in range(_ATTEMPTS):
        found = Bank.objects.filter(pk=bank.pk).first()
        if found is None:
            raise BranchProblem(f"{bank} does not exist any more.")
        branches = change(list(found.branches or ()))
        with shared_resources_writable():
            written = Bank.objects.filter(pk=bank.pk, updated_at=found.updated_at).update(
                branches=branches, updated_at=timezone.now()
            )
        if written:
            bank.branches = branches
            return
    raise BranchProblem(f"{bank} is being changed by others. Try again.")


def _require_free(bank: Bank, others: list[Branch], branch: Branch) -> None:
    for other in others:
        if other.code == branch.code:
            raise BranchTaken(bank, other, "code")
        if other.ifsc == branch.ifsc:
            raise BranchTaken(bank, other, "IFSC")


def _differences(old: Branch, new: Branch) -> dict[str, Any]:
    return {
        field.name: {"from": plain(getattr(old, field.name)), "to": plain(getattr(new, field.name))}
        for field in Branch._meta.concrete_fields
        if getattr(old, field.name) != getattr(new, field.name)
    }


def _audit(what: str, bank: Bank, branch: Branch, by: User, details: dict[str, Any]) -> None:
    record_audit(f"branch.{what}", by=by, target=f"{bank.code}/{branch.code}", details=details)
