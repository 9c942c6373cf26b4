"""Many organizations from a CSV file: read, checked as a whole before anything is created, then created."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from tenants.errors import TenancyError
from tenants.models import Operation, Organization, User
from tenants.models.users import normalise_email
from tenants.operations.engine import sentence_of
from tenants.operations.invitations import was_sent
from tenants.operations.provision import (
    PROVISION,
    UNMADE,
    NewOrganization,
    checked,
    create_organization,
)

COLUMNS = (
    *("org_id", "name", "initials", "plan", "region", "tier", "cluster"),
    *("manager_email", "manager_name"),
)
NEEDED = COLUMNS[:3]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the file (the header is line 1) and the organization that it asks for."""

    line: int
    wanted: NewOrganization


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an organization; ``problem`` is empty when all went well."""

    org_id: str
    status: str
    cluster: str = ""
    problem: str = ""
    line: int = 0

    def as_json(self) -> dict[str, Any]:
        line = {"line": self.line} if self.line else {}
        return {
            **line,
            "org_id": self.org_id,
            "status": self.status,
            "cluster": self.cluster,
            "problem": self.problem,
        }


def read_rows(lines: Iterable[str]) -> tuple[list[Row], list[str]]:
    """The rows of a CSV text with a header, and what is wrong with it, by line. Asks no database.

    Columns may stand in any order; ``org_id``, ``name`` and ``initials`` must be there, no others than
    ``COLUMNS`` may. Empty lines are passed over.
    """
    reader = csv.DictReader(lines, strict=True)
    rows: list[Row] = []
    try:
        header = [name.strip() for name in reader.fieldnames or ()]
        problems = _problems_of_header(header)
        if problems:
            return [], problems
        reader.fieldnames = header
        for values in reader:
            line = reader.line_num
            if None in values or None in values.values():
                problems.append(f"line {line}: it has another number of values than the header.")
                continue
            given: dict[str, Any] = {name: one.strip() for name, one in values.items()}
            rows.append(Row(line, NewOrganization(**given)))
    except csv.Error as error:
        return [], [f"after line {reader.line_num}: {error}."]
    return rows, problems + list(_given_twice(rows))


def _problems_of_header(header: Sequence[str]) -> list[str]:
    missing = [name for name in NEEDED if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    said = []
    if missing:
        said.append(f"line 1: the header lacks {', '.join(missing)}.")
    if unknown:
        said.append(f"line 1: unknown columns {', '.join(unknown)}; there are {', '.join(COLUMNS)}.")
    if len(set(header)) != len(header):
        said.append("line 1: a column is there twice.")
    return said


def _given_twice(rows: Iterable[Row]) -> Iterator[str]:
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        keys = [("org_id", row.wanted.org_id), ("manager_email", normalise_email(row.wanted.manager_email))]
        for name, value in keys:
            if value and seen.setdefault((name, value), row.line) != row.line:
                yield f"line {row.line}: {name} “{value}” is in line {seen[name, value]} already."


def problems_of(rows: Iterable[Row]) -> list[str]:
    """What the control plane finds wrong with the rows, all of it. Creates nothing."""
    return [f"line {row.line}: {problem}" for row in rows for problem in _problems_of_one(row.wanted)]


def _problems_of_one(wanted: NewOrganization) -> list[str]:
    found = Organization.objects.filter(org_id=wanted.org_id).first()
    if found is not None and found.name != wanted.name:
        return [f"org_id: “{wanted.org_id}” belongs to “{found.name}”."]
    if found is not None and found.status not in UNMADE:
        return []
    try:
        checked(wanted)
    except ValidationError as error:
        return [f"{field}: {' '.join(messages)}" for field, messages in error.message_dict.items()]
    except TenancyError as error:
        return [str(error)]
    return []


def create_all(
    rows: Sequence[Row], *, by: User | None, parallel: int, wait_seconds: float
) -> Iterator[Outcome]:
    """Create each, ``parallel`` at once; what becomes of it, as soon as it is known.

    One that fails does not stop the others. Closing the iterator begins no more of them.
    """
    with ThreadPoolExecutor(max_workers=max(parallel, 1), thread_name_prefix="create-org") as pool:
        pending: set[Future[Outcome]] = {
            pool.submit(create_one, row.wanted, by=by, line=row.line, wait_seconds=wait_seconds)
            for row in rows
        }
        try:
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for one in done:
                    yield one.result()
        finally:
            for one in pending:
                one.cancel()


def create_one(
    wanted: NewOrganization,
    *,
    by: User | None,
    line: int = 0,
    wait_seconds: float = 0.0,
    on_progress: Callable[[Operation], None] | None = None,
) -> Outcome:
    """Create one, and say what became of it; what it may fail with is told and not raised."""
    try:
        made = create_organization(wanted, by=by, wait_seconds=wait_seconds, on_progress=on_progress)
    except (TenancyError, ValidationError, PyMongoError, DatabaseError) as error:
        left = Organization.objects.filter(org_id=wanted.org_id).first()
        status = left.status if left is not None else "not recorded"
        return Outcome(wanted.org_id, status, left.cluster_id if left else "", sentence_of(error), line)
    return Outcome(made.org_id, made.status, str(made.cluster_id), _not_invited(made, wanted), line)


def _not_invited(made: Organization, wanted: NewOrganization) -> str:
    """Why the first manager has no invitation; empty when nobody was to get one, or it went out."""
    if not wanted.manager_email:
        return ""
    person = User.objects.filter(
        email=normalise_email(wanted.manager_email), organization=made.org_id
    ).first()
    if person is not None and (person.has_usable_password() or was_sent(person)):
        return ""
    operation = Operation.objects.filter(kind=PROVISION.name, org_id=made.org_id).first()
    why = operation.state.get("not_invited", "") if operation is not None else ""
    return f"Its first manager was not invited. {why}".strip()
