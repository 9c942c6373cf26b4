"""A bank's branches: a page of them, one of them, and adding, changing and removing one, each audited.

Branches are embedded in the bank's document, thousands of them in one. So nothing here reads or writes the
whole list: a page is cut out by the server, and a change is an update of one element whose condition holds
what must be true of the others. A list of 10,000 (4.4 MB) costs 30 ms to search and 7 to 20 ms to change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import ObjectId
from django.core.exceptions import ValidationError
from django.db import connections
from django.utils import timezone
from pymongo import ReturnDocument
from pymongo.collection import Collection

from banks.models import Bank, Branch
from tenants.audit import record_audit
from tenants.context import shared_resources_writable
from tenants.errors import TenancyError
from tenants.models import User
from tenants.naming import SHARED_ALIAS
from tenants.operations.records import plain

# What a search looks into; every word must be in one of them.
SEARCHED = ("code", "name", "ifsc", "city", "state", "pin_code")
_SHOWN = ("code", "name", "ifsc", "city", "state", "is_active")
_IFSC_OF_A_BANK = 4
_MOST_BANKS = 500
# What the codes of firms' own branches begin with, so that they never meet a shared one's.
OWN_BRANCH_PREFIX = "OWN_"


class BranchProblem(TenancyError):
    """The change of a branch was refused; the message names bank and branch."""


class BranchUnknown(BranchProblem):
    """The bank has no branch of that code (any more)."""

    def __init__(self, bank: Bank, code: str) -> None:
        super().__init__(f"{bank} has no branch “{code}”; perhaps somebody removed it.")


class BranchChanged(BranchProblem):
    """The branch is another one than the change was made from: it is as ``now``. Nothing was written."""

    def __init__(self, now: Branch) -> None:
        self.now = now
        super().__init__(
            "Somebody changed this branch since you opened it. What you typed is below; look at the branch "
            "as it is now, and save again to put yours over it."
        )


class BranchTaken(BranchProblem):
    """Another branch of the bank has the code or the IFSC."""

    def __init__(self, bank: Bank, branch: Branch, field: str) -> None:
        super().__init__(f"{bank}: “{branch.name}” ({branch.code}) has this {field} already.")
        self.field = field.lower()


@dataclass(frozen=True, slots=True)
class BranchesFound:
    """A part of the branches that a search found, by name. Each holds what a list shows and no more."""

    branches: Sequence[Branch]
    found: int
    total: int


# Reading -----------------------------------------------------------------------------------------------


def find_branches(bank: Bank, search: str, start: int, number: int) -> BranchesFound:
    """``number`` of those whose code, name, IFSC, city, state or PIN code has every word of ``search``.

    In order of their names, from ``start`` on. One command.
    """
    words = search.split()
    found: Any = {"$ifNull": ["$branches", []]}
    if words:
        found = {"$filter": {"input": found, "as": "one", "cond": {"$and": [_has(word) for word in words]}}}
    shown = {name: f"$$one.{name}" for name in _SHOWN} | {"_sort": {"$toLower": "$$one.name"}}
    ordered = {
        "$sortArray": {
            "input": {"$map": {"input": "$found", "as": "one", "in": shown}},
            "sortBy": {"_sort": 1, "code": 1},
        }
    }
    pipeline: list[Mapping[str, Any]] = [
        {"$match": {"_id": bank.pk}},
        {"$project": {"total": {"$size": {"$ifNull": ["$branches", []]}}, "found": found}},
        {
            "$project": {
                "total": 1,
                "found": {"$size": "$found"},
                "branches": {"$slice": [ordered, start, number]},
            }
        },
    ]
    answer = next(iter(Bank.objects.aggregated(pipeline)), None)
    if answer is None:
        return BranchesFound((), 0, 0)
    return BranchesFound([_branch(one) for one in answer["branches"]], answer["found"], answer["total"])


def literally(word: str) -> str:
    """The regular expression of the word itself. The server takes none with a zero byte in it."""
    return re.escape(word).replace("\x00", r"\x00")


def _has(word: str) -> dict[str, Any]:
    """Whether a branch has the word, which is text and no regular expression."""
    regex = literally(word)
    return {
        "$or": [
            {
                "$regexMatch": {
                    "input": {"$toString": {"$ifNull": [f"$$one.{name}", ""]}},
                    "regex": regex,
                    "options": "i",
                }
            }
            for name in SEARCHED
        ]
    }


def branch_of(bank: Bank, code: str) -> Branch | None:
    """The branch of that code, or None. One command, which sends one branch."""
    only = {"$filter": {"input": "$branches", "as": "one", "cond": {"$eq": ["$$one.code", code]}}}
    found = Bank.objects.aggregated([{"$match": {"_id": bank.pk}}, {"$project": {"branches": only}}])
    branches = (found[0].get("branches") or ()) if found else ()
    return _branch(branches[0]) if branches else None


def banks_with_branch(words: Sequence[str]) -> list[ObjectId]:
    """The ids of banks with a branch whose IFSC, code, name or city has all the words. One command.

    The server looks through the branches of every bank and sends ids alone: 15 ms for 30,000 branches. No
    index serves a part of a name; one on IFSC would grow by an entry for every branch of a bank.
    """
    names = ("ifsc", "code", "name", "city")
    branch = {
        "$and": [
            {"$or": [{name: {"$regex": literally(word), "$options": "i"}} for name in names]}
            for word in words
        ]
    }
    wanted = {"branches": {"$elemMatch": branch}}
    found = Bank.objects.documents(wanted, ("_id",), order=(), start=0, stop=_MOST_BANKS)
    return [one["_id"] for one in found]


def unusual_ifsc(bank: Bank, ifsc: str, *, but: str = "") -> str:
    """The first four letters that the IFSC of the bank's other branches have, when ``ifsc`` has others.

    Empty when they agree, or when there is no other branch to compare it with. ``but`` is the code of a
    branch that is left out. One command.
    """
    usual = usual_prefix(bank, but=but)
    return usual if usual and not ifsc.startswith(usual) else ""


def usual_prefix(bank: Bank, *, but: str = "") -> str:
    """The four letters that most of the bank's IFSC begin with; empty without branches. One command."""
    found = Bank.objects.aggregated(
        [
            {"$match": {"_id": bank.pk}},
            {"$project": {"branches.ifsc": 1, "branches.code": 1}},
            {"$unwind": "$branches"},
            {"$match": {"branches.code": {"$ne": but}, "branches.ifsc": {"$type": "string", "$ne": ""}}},
            {
                "$group": {
                    "_id": {"$substrCP": ["$branches.ifsc", 0, _IFSC_OF_A_BANK]},
                    "number": {"$sum": 1},
                }
            },
            {"$sort": {"number": -1, "_id": 1}},
            {"$limit": 1},
        ]
    )
    return str(found[0]["_id"]) if found else ""


# Changing ----------------------------------------------------------------------------------------------


def add_branch(bank: Bank, branch: Branch, *, by: User) -> None:
    """Add a validated branch. Raises BranchTaken, BranchProblem when the bank is gone. One command."""
    condition = {
        "_id": bank.pk,
        "branches": {"$not": {"$elemMatch": {"$or": [{"code": branch.code}, {"ifsc": branch.ifsc}]}}},
    }
    with shared_resources_writable():
        done = _collection().update_one(
            condition, {"$push": {"branches": _document(branch)}, "$set": {"updated_at": _now()}}
        )
    if not done.matched_count:
        raise _why_not(bank, branch, but="")
    _audit("added", bank, branch, by, {"ifsc": branch.ifsc})


def change_branch(bank: Bank, code: str, branch: Branch, *, was: Branch | None = None, by: User) -> None:
    """Put a validated branch in the place of the one of ``code``. ``was``: only while that is stored there.

    Raises BranchUnknown, BranchTaken, BranchChanged. One command. What the form does not have, ``legacy`` for
    one, is the branch's own to carry along.
    """
    alike = {"code": {"$ne": code}, "$or": [{"code": branch.code}, {"ifsc": branch.ifsc}]}
    same = {"$elemMatch": {"code": code} if was is None else {**_saying(was), "code": code}}
    condition = {"_id": bank.pk, "branches": same, "$nor": [{"branches": {"$elemMatch": alike}}]}
    with shared_resources_writable():
        before = _collection().find_one_and_update(
            condition,
            {"$set": {"branches.$[one]": _document(branch), "updated_at": _now()}},
            projection={"branches": {"$elemMatch": {"code": code}}},
            array_filters=[{"one.code": code}],
            return_document=ReturnDocument.BEFORE,
        )
    if before is None:
        now = branch_of(bank, code)
        if now is None:
            raise BranchUnknown(bank, code)
        if was is not None and differences(was, now):
            raise BranchChanged(now)
        raise _why_not(bank, branch, but=code)
    _audit("changed", bank, branch, by, {"changes": differences(_branch(before["branches"][0]), branch)})


def remove_branch(bank: Bank, code: str, *, by: User) -> Branch:
    """Remove the branch of ``code`` and return it; reports that name it keep the name.

    Raises BranchUnknown. One command.
    """
    with shared_resources_writable():
        before = _collection().find_one_and_update(
            {"_id": bank.pk, "branches.code": code},
            {"$pull": {"branches": {"code": code}}, "$set": {"updated_at": _now()}},
            projection={"branches": {"$elemMatch": {"code": code}}},
            return_document=ReturnDocument.BEFORE,
        )
    if before is None:
        raise BranchUnknown(bank, code)
    removed = _branch(before["branches"][0])
    _audit("removed", bank, removed, by, {"ifsc": removed.ifsc})
    return removed


def _why_not(bank: Bank, branch: Branch, *, but: str) -> BranchProblem:
    """What stood in the way of storing the branch."""
    alike = {"code": {"$ne": but}, "$or": [{"code": branch.code}, {"ifsc": branch.ifsc}]}
    found = _collection().find_one({"_id": bank.pk}, {"branches": {"$elemMatch": alike}})
    if found is None:
        return BranchProblem(f"{bank} does not exist any more.")
    others = found.get("branches")
    if not others:
        return BranchProblem(f"{bank} is being changed by others. Try again.")
    other = _branch(others[0])
    return BranchTaken(bank, other, "code" if other.code == branch.code else "IFSC")


def differences(old: Branch, new: Branch) -> dict[str, Any]:
    """``{field: {"from": …, "to": …}}`` of the fields in which the two differ."""
    return {
        field.name: {"from": plain(getattr(old, field.name)), "to": plain(getattr(new, field.name))}
        for field in Branch._meta.concrete_fields
        if getattr(old, field.name) != getattr(new, field.name)
    }


def require_usable_code(code: str) -> None:
    """Raises ValidationError for the code of a new branch that no address or that a firm's own would have."""
    if not any(one.isalnum() for one in code):
        raise ValidationError("A code has a letter or a digit.")
    if code.upper().startswith(OWN_BRANCH_PREFIX):
        raise ValidationError(
            f"Codes that begin with {OWN_BRANCH_PREFIX} are those of firms' own branches; choose another."
        )


# Documents and objects ---------------------------------------------------------------------------------


def _collection() -> Collection[dict[str, Any]]:
    """For writing within ``shared_resources_writable``, for reading anywhere."""
    connection: Any = connections[SHARED_ALIAS]
    collection: Collection[dict[str, Any]] = connection.get_collection(Bank._meta.db_table)
    return collection


def _branch(document: Mapping[str, Any]) -> Branch:
    """Fields that the document has not, because it is older than they are, are empty."""
    branch: Branch = _embedded().to_python(dict(document))
    return branch


def _document(branch: Branch) -> dict[str, Any]:
    document: dict[str, Any] = _embedded().get_db_prep_save(branch, connections[SHARED_ALIAS])
    return document


def _saying(branch: Branch) -> dict[str, Any]:
    """What finds an element that says the same as the branch; one older than a field has nothing there."""
    said = {name: value for name, value in _document(branch).items() if name != "legacy"}
    fields: Any = Branch._meta.get_field
    return {name: {"$in": _alike(value, fields(name).get_default())} for name, value in said.items()}


def _alike(value: Any, default: Any) -> list[Any]:
    return [value, None] if value == default else [value]


def _embedded() -> Any:
    field: Any = Bank._meta.get_field("branches")
    return field.base_field


def _now() -> datetime:
    """As the ORM stores a time: in UTC without saying so, to the millisecond."""
    now = timezone.now().replace(tzinfo=None)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _audit(what: str, bank: Bank, branch: Branch, by: User, details: dict[str, Any]) -> None:
    record_audit(f"branch.{what}", by=by, target=f"{bank.code}/{branch.code}", details=details)
