"""Migrating organizations' databases: many at once, the canaries first, each for the moment that it takes.

The operation as a whole holds no organization. Each is taken by one conditional update, migrated, and let go
by another that also records its new version: two commands of the control plane, whatever is done between.
Killed anywhere and run again, it goes on with those that are still behind, for what an organization has is
recorded on the organization itself.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connections
from django.utils import timezone
from pymongo import ReturnDocument

from tenants.audit import audit_entry, record_audits
from tenants.context import no_organization
from tenants.errors import TenancyError
from tenants.models import (
    UNFINISHED,
    AuditEntry,
    Operation,
    OperationStatus,
    Organization,
    OrganizationStatus,
    Ring,
    User,
)
from tenants.mongodb.documents import instance_from_document
from tenants.naming import CONTROL_ALIAS
from tenants.operations.engine import (
    EXPECTED,
    Kind,
    Run,
    Step,
    cancel_operation,
    nothing_to_undo,
    sentence_of,
    start_operation,
)
from tenants.operations.schema import Preparations, apply_migrations, release
from tenants.versions import Standing, missing, standing, to_apply

logger = logging.getLogger(__name__)

# Those that have a database which somebody works with, or will again.
MIGRATED_STATUSES = (
    OrganizationStatus.ACTIVE,
    OrganizationStatus.SUSPENDED,
    OrganizationStatus.MOVING,
    OrganizationStatus.OFFBOARDING,
)
DEFAULT_PARALLEL = 4
DEFAULT_STOP_AFTER = 10
# Rows of the report that the operation keeps; the counts know all.
MOST_ROWS = 1000
# How often rows and audit entries are written.
_FLUSH_SECONDS = 1.0

MIGRATED, FAILED, HELD, WAITS, CURRENT = "migrated", "failed", "held", "waits", "at head"


class MigrationFailed(TenancyError):
    """Some organizations could not be migrated; the message names the first of them."""


@dataclass(frozen=True, slots=True)
class Behind:
    """An organization that lacks something: what would be applied now, and what waits for a later run."""

    org_id: str
    ring: str
    version: str
    apply: list[str]
    later: list[str]
    held: bool


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """What a migration would do: who is behind, and how many stand where."""

    behind: list[Behind]
    standings: dict[Standing, int]

    @property
    def work(self) -> list[Behind]:
        return [one for one in self.behind if one.apply]

    def of(self, *, canaries: bool) -> list[Behind]:
        """The work in one of the rings."""
        return [one for one in self.work if (one.ring == Ring.CANARY) is canaries]


def plan_migration(
    org_ids: Sequence[str] | None = None, *, ring: str = "", destructive: bool = False
) -> FleetPlan:
    """Look at the organizations: all, or these. One query of the control plane, none of any other database.

    Raises ValidationError when one of these does not exist or has no database.
    """
    wanted: dict[str, Any] = {"status": {"$in": [one.value for one in MIGRATED_STATUSES]}}
    if org_ids is not None:
        wanted["org_id"] = {"$in": list(org_ids)}
    if ring:
        wanted["ring"] = ring
    shown = dict.fromkeys(("org_id", "ring", "migrations", "operation"), 1)
    known, behind = release(), list[Behind]()
    looked_at: set[str] = set()
    standings: Counter[Standing] = Counter()
    # Few versions among many organizations.
    lacking: dict[tuple[str, ...], tuple[Standing, list[str]]] = {}
    with _organizations().find(wanted, {**shown, "_id": 0}, batch_size=10_000) as rows:
        for row in rows:
            applied = tuple(row["migrations"])
            if applied not in lacking:
                lacking[applied] = (standing(known, applied), missing(known, applied))
            stands, pending = lacking[applied]
            standings[stands] += 1
            if pending:
                now, later = to_apply(pending, known.destructive, pending[0] if destructive else "")
                held = row.get("operation") is not None
                behind.append(Behind(row["org_id"], row["ring"], _version(applied), now, later, held))
            looked_at.add(row["org_id"])
    if unknown := sorted(set(org_ids or ()) - looked_at):
        raise ValidationError(f"No organization with a database: {', '.join(unknown)}.")
    behind.sort(key=lambda one: one.org_id)
    return FleetPlan(behind, dict(standings))


def request_migration(
    org_ids: Sequence[str] | None,
    *,
    by: User | None,
    ring: str = "",
    canary_first: bool = True,
    parallel: int = DEFAULT_PARALLEL,
    stop_after: int = DEFAULT_STOP_AFTER,
    destructive: bool = False,
) -> Operation:
    """Record that organizations (None: all) are to be migrated, or find what is unfinished and says the same.

    ``ring`` limits it to one; ``stop_after`` is how many may fail before no other is begun (0: never stop).
    An older migration that has stopped gives way to a new one of all organizations.
    """
    options = migration_options(
        org_ids,
        ring=ring,
        canary_first=canary_first,
        parallel=parallel,
        stop_after=stop_after,
        destructive=destructive,
    )
    for other in unfinished_migrations():
        if other.options == options:
            return other
        gives_way = other.status == OperationStatus.STOPPED or other.seems_dead(timezone.now())
        if org_ids is None and not ring and gives_way:
            cancel_operation(other, MIGRATE)
    return start_operation(MIGRATE, org_id="", by=by, options=options, holds=[])


def migration_options(
    org_ids: Sequence[str] | None,
    *,
    ring: str = "",
    canary_first: bool = True,
    parallel: int = DEFAULT_PARALLEL,
    stop_after: int = DEFAULT_STOP_AFTER,
    destructive: bool = False,
) -> dict[str, Any]:
    """What the operation keeps of what was asked for."""
    return {
        "org_ids": sorted(set(org_ids)) if org_ids is not None else None,
        "ring": ring,
        "canary_first": canary_first,
        "parallel": max(1, parallel),
        "stop_after": stop_after,
        "destructive": destructive,
        "release": release_name(),
    }


def unfinished_migrations() -> list[Operation]:
    """Migrations that are waiting, running or stopped."""
    return list(Operation.objects.filter(kind=MIGRATE.name, status__in=[one.value for one in UNFINISHED]))


def release_name() -> str:
    """Short for the migrations of this code: an operation is not continued by code that has others."""
    known = release()
    return hashlib.sha256("\n".join(known.head).encode()).hexdigest()[:12]


# The steps --------------------------------------------------------------------------------------------


def _choose(run: Run) -> None:
    """Note how much there is to do, and who may lose what: those that have all that it builds on by now."""
    plan = _plan_of(run)
    destructive = release().destructive
    run.state.update(
        chosen=len(plan.work),
        may_lose={one.org_id: one.apply[0] for one in plan.work if one.apply[0] in destructive},
        waiting=sum(bool(one.later) for one in plan.behind),
        counts={},
        rows={},
    )
    run.say(
        f"{len(plan.work)} organizations to migrate; {plan.standings.get(Standing.AT_HEAD, 0)} are at head."
    )


def _plan_of(run: Run) -> FleetPlan:
    options = run.options
    return plan_migration(options["org_ids"], ring=options["ring"], destructive=options["destructive"])


def _canaries(run: Run) -> None:
    if run.options["canary_first"]:
        _migrate(run, canaries_only=True)


def _everybody(run: Run) -> None:
    _migrate(run, canaries_only=False)
    counts = run.state["counts"]
    # Migrated by a runner that died before it could write so.
    unreported = max(run.state["chosen"] - sum(counts.values()), 0)
    run.state["unreported"] = unreported
    run.say(f"{counts.get(MIGRATED, 0) + unreported} of {run.state['chosen']} migrated.")


def _migrate(run: Run, *, canaries_only: bool) -> None:
    if run.options["release"] != release_name():
        raise MigrationFailed("It was begun by code with other migrations. Begin a new one: migrate_orgs.")
    plan, may_lose, destructive = _plan_of(run), run.state["may_lose"], release().destructive
    work = [
        one
        for one in (plan.of(canaries=True) if canaries_only else plan.work)
        # What this run has brought to a destructive migration stays there.
        if one.apply[0] not in destructive or may_lose.get(one.org_id) == one.apply[0]
    ]
    ring = _RingRun(run, [one.org_id for one in work])
    ring.run_all()
    if ring.failed:
        name, problem = next(iter(ring.failed.items()))
        rest = " The rest was not begun." if canaries_only or ring.left else ""
        raise MigrationFailed(
            f"{len(ring.failed)} of {len(work)} {'canaries' if canaries_only else 'organizations'} could not "
            f"be migrated.{rest} The first: {name}: {problem}"
        )


MIGRATE = Kind(
    "migrate",
    "Migration",
    (
        Step("choose", "See who is behind", _choose, nothing_to_undo),
        Step("canaries", "Migrate the canaries", _canaries, nothing_to_undo),
        Step("everybody", "Migrate everybody else", _everybody, nothing_to_undo),
    ),
)


# One ring ---------------------------------------------------------------------------------------------


@dataclass
class _RingRun:
    """Several threads with an organization each; the operation's own thread tells how far they are."""

    run: Run
    waiting: list[str]
    failed: dict[str, str] = field(default_factory=dict)
    _audit: list[AuditEntry] = field(default_factory=list)
    _flushed_at: float = field(default_factory=time.monotonic)
    # What each thread has prepared.
    _own: threading.local = field(default_factory=threading.local)

    @property
    def left(self) -> int:
        """How many were not begun."""
        return len(self.waiting)

    def run_all(self) -> None:
        """Migrate them all, or as many as failures allow."""
        options, total, done = self.run.options, len(self.waiting), 0
        self.waiting.reverse()
        under_way: dict[Future[dict[str, Any]], str] = {}
        with ThreadPoolExecutor(options["parallel"], thread_name_prefix="migration") as pool:
            while self.waiting or under_way:
                while self.waiting and len(under_way) < options["parallel"] and not self._given_up():
                    org_id = self.waiting.pop()
                    under_way[pool.submit(self._one, org_id)] = org_id
                if not under_way:
                    break
                finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
                for future in finished:
                    self._note(under_way.pop(future), future)
                    done += 1
                self._flush()
                self.run.progress(done, total, "organizations")
        self._flush(now=True)

    def _given_up(self) -> bool:
        most: int = self.run.options["stop_after"]
        return 0 < most <= len(self.failed)

    def _one(self, org_id: str) -> dict[str, Any]:
        """In a thread of the pool: one organization from taking it to letting it go."""
        own: Preparations | None = getattr(self._own, "preparations", None)
        if own is None:
            own = self._own.preparations = Preparations()
        may_lose = self.run.state["may_lose"].get(org_id, "")
        with no_organization():
            return migrate_one(org_id, self.run.operation, own, may_lose=may_lose)

    def _note(self, org_id: str, future: Future[dict[str, Any]]) -> None:
        error = future.exception()
        if error is None:
            row = future.result()
        elif isinstance(error, Exception):
            # A migration may stumble over one firm's data in any way; the other firms go on.
            if not isinstance(error, EXPECTED):
                logger.error("Migrating %s failed.", org_id, exc_info=error)
            _let_go(org_id, self.run.operation)
            row = _row(org_id, outcome=FAILED, problem=sentence_of(error))
            self.failed[org_id] = row["problem"]
        else:
            raise error
        _keep(self.run.state, row)
        if row["outcome"] in (MIGRATED, FAILED):
            self._audit.append(self._audit_entry(row))

    def _audit_entry(self, row: dict[str, Any]) -> AuditEntry:
        operation = self.run.operation
        return audit_entry(
            "organization.migrated" if row["outcome"] == MIGRATED else "organization.not_migrated",
            by=None,
            actor=operation.requested_by,
            organization=row["org_id"],
            target=row["org_id"],
            details={
                "operation": str(operation.pk),
                "migrations": row["applied"],
                **({"problem": row["problem"]} if row["problem"] else {}),
            },
        )

    def _flush(self, *, now: bool = False) -> None:
        """Write the report and the audit entries, once a second."""
        if now or time.monotonic() - self._flushed_at >= _FLUSH_SECONDS:
            if self._audit:
                record_audits(self._audit)
                self._audit = []
            self._flushed_at = time.monotonic()
            self.run.save()


def migrate_one(
    org_id: str, operation: Operation, preparations: Preparations, *, may_lose: str = ""
) -> dict[str, Any]:
    """Take the organization, migrate it, let it go; the row of the report.

    When it fails, the organization is still taken: the caller lets it go.
    """
    began = time.monotonic()
    organization = _take(org_id, operation)
    if organization is None:
        return _row(org_id, outcome=HELD, problem="Another operation has it; it was left as it is.")
    applied = list(organization.migrations)
    destructive = list(organization.destructive_migrations)
    known, done = release(), list[str]()
    pending, later = to_apply(missing(known, applied), known.destructive, may_lose)

    def note(name: str) -> None:
        done.append(name)
        if name in known.destructive:
            destructive.append(name)
        if name != pending[-1]:
            _record(organization, operation, [*applied, *done], destructive)

    if pending:
        apply_migrations(organization.placement, preparations.of(pending), applied=note)
    _record(organization, operation, [*applied, *done], destructive, let_go=True)
    return _row(
        org_id,
        outcome=MIGRATED if done else WAITS if later else CURRENT,
        applied=done,
        before=_version(applied),
        after=_version([*applied, *done]),
        ms=round((time.monotonic() - began) * 1000),
        problem=f"Waits for a later run with --destructive: {', '.join(later)}." if later else "",
    )


def _take(org_id: str, operation: Operation) -> Organization | None:
    """Have the organization for this operation, as it is now; None when another one has it. One command."""
    document = _organizations().find_one_and_update(
        {
            "org_id": org_id,
            "status": {"$in": [one.value for one in MIGRATED_STATUSES]},
            # Its own: a runner that died in the midst of it.
            "operation": {"$in": [None, operation.pk]},
        },
        {"$set": {"operation": operation.pk}},
        return_document=ReturnDocument.AFTER,
    )
    return instance_from_document(Organization, document) if document is not None else None


def _record(
    organization: Organization,
    operation: Operation,
    applied: Sequence[str],
    destructive: Sequence[str],
    *,
    let_go: bool = False,
) -> None:
    """The organization's new version. Raises MigrationFailed when it is not this operation's any more."""
    changes: dict[str, Any] = {
        "migrations": list(applied),
        "destructive_migrations": list(destructive),
        **({"operation": None} if let_go else {}),
    }
    changed = _organizations().update_one(
        {"_id": organization.pk, "operation": operation.pk}, {"$set": changes}
    )
    if not changed.matched_count:
        raise MigrationFailed("It was taken away by somebody else meanwhile; run it again.")


def _let_go(org_id: str, operation: Operation) -> None:
    _organizations().update_one({"org_id": org_id, "operation": operation.pk}, {"$set": {"operation": None}})


# The report -------------------------------------------------------------------------------------------


def _row(
    org_id: str,
    *,
    outcome: str,
    applied: Sequence[str] = (),
    before: str = "",
    after: str = "",
    ms: int = 0,
    problem: str = "",
) -> dict[str, Any]:
    return {
        "org_id": org_id,
        "from": before,
        "to": after,
        "applied": list(applied),
        "outcome": outcome,
        "ms": ms,
        "problem": problem[:300],
    }


def _keep(state: dict[str, Any], row: dict[str, Any]) -> None:
    """Put a row into the report in place of the organization's former one; the oldest success makes room."""
    rows, counts = state["rows"], state["counts"]
    former = rows.pop(row["org_id"], None)
    if former is not None:
        counts[former["outcome"]] -= 1
    counts[row["outcome"]] = counts.get(row["outcome"], 0) + 1
    rows[row["org_id"]] = row
    if len(rows) > MOST_ROWS:
        oldest = next((one for one in rows.values() if one["outcome"] == MIGRATED), next(iter(rows.values())))
        del rows[oldest["org_id"]]


def rows_of(operation: Operation) -> list[dict[str, Any]]:
    """The report: ``org_id``, ``from``, ``to``, ``applied``, ``outcome``, ``ms``, ``problem`` of each."""
    return sorted(operation.state.get("rows", {}).values(), key=lambda row: str(row["org_id"]))


def _version(applied: Iterable[str]) -> str:
    """The newest of the migrations by the code's order; what is unknown to it is newer still."""
    have = list(applied)
    unknown = [name for name in have if name not in release().known]
    if unknown:
        return unknown[-1]
    return next((name for name in reversed(release().head) if name in have), "")


def _organizations() -> Any:
    connection: Any = connections[CONTROL_ALIAS]
    return connection.get_collection(Organization._meta.db_table)
