"""Operations on organizations: steps that are kept in the control plane, so that whoever is next can go on.

An operation has its organizations for itself from its start until it is done or cancelled; a second one is
refused. Whoever runs it holds a lease and renews it; killed, the lease runs out and anybody may resume at the
step that was under way. So every step must be safe to run again, whatever part of it was done.

Stopped means: it failed, says why, and keeps its organizations until somebody resumes or cancels it.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connections
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from pymongo.errors import PyMongoError

from tenants.audit import record_audit
from tenants.context import no_organization
from tenants.errors import TenancyError
from tenants.models import UNFINISHED, Operation, OperationStatus, Organization, User
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS

LOG_LINES = 200
# A runner that was killed (for want of memory, say) may be again: so often is it tried by itself.
MOST_DEATHS = 5
# Whoever records an operation runs it, or enqueues it, in the same breath.
LONGEST_WAIT = timedelta(minutes=2)
# How often progress is written at most.
PROGRESS_SECONDS = 0.5
# What a step may fail with for reasons of its own; anything else is a fault of the program.
EXPECTED = (TenancyError, ValidationError, PyMongoError, DatabaseError, OSError)


class OperationUnderWay(TenancyError):
    """The organization is another operation's until that one is done or cancelled."""


class OperationRefused(TenancyError):
    """This cannot be done with the operation as it is: finished, run by somebody else, past cancelling."""


class OperationStopped(TenancyError):
    """A step failed; the operation keeps its organizations and can be resumed or cancelled."""

    def __init__(self, operation: Operation) -> None:
        super().__init__(operation.problem)
        self.operation = operation


class LeaseLost(TenancyError):
    """Somebody else runs the operation now: this process gave no sign of life for too long."""


class Cancelled(TenancyError):
    """Somebody asked for the operation to be cancelled; what was done is being undone."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``run`` and ``undo`` may be called again after having been cut short anywhere.

    An operation may be cancelled while every step up to the present one has an ``undo`` (``nothing_to_undo``
    where there is nothing); the first step without is the point of no return.

    That a ``light`` step is done is recorded together with what comes after it, and at the latest before a
    point of no return: killed in between, it is done again. Only for a step whose next one leaves nothing
    to be undone.
    """

    name: str
    label: str
    run: Callable[[Run], None]
    undo: Callable[[Run], None] | None = None
    light: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of operation: its steps in order. ``audited`` begins the name of its audit entries."""

    name: str
    label: str
    steps: Sequence[Step]

    def step(self, name: str) -> Step:
        return next(one for one in self.steps if one.name == name)

    def after(self, name: str) -> str:
        """The next step's name, or "" after the last."""
        names = [one.name for one in self.steps]
        return names[names.index(name) + 1] if name != names[-1] else ""

    def can_be_undone_at(self, name: str) -> bool:
        names = [one.name for one in self.steps]
        return all(one.undo is not None for one in self.steps[: names.index(name) + 1])


def nothing_to_undo(run: Run) -> None:
    """For a step that leaves nothing behind."""


class Run:
    """What a step works with: the operation as stored, and ways to tell how far it is."""

    def __init__(
        self, operation: Operation, kind: Kind, *, on_progress: Callable[[Operation], None] | None = None
    ) -> None:
        self.operation = operation
        self.kind = kind
        self._on_progress = on_progress or (lambda _: None)
        self._told_at = 0.0
        # Steps that are done and not recorded yet.
        self._unrecorded: list[str] = []
        self._lost = threading.Event()
        self._cancelled = threading.Event()

    @property
    def options(self) -> Mapping[str, Any]:
        """What was asked for."""
        return dict(self.operation.options)

    @property
    def state(self) -> dict[str, Any]:
        """What earlier steps left; changed in place and stored by ``save`` and at the end of the step."""
        state: dict[str, Any] = self.operation.state
        return state

    def organization(self, org_id: str = "") -> Organization:
        """The operation's organization (or another one) as it is now. One command."""
        return Organization.objects.get(org_id=org_id or self.operation.org_id)

    def save(self) -> None:
        """Store ``state`` in the middle of a step. Raises LeaseLost, Cancelled."""
        self._store(state=self.operation.state)
        self.check()

    def say(self, text: str) -> None:
        """A line for the operation's log."""
        line = {"at": timezone.now().isoformat(), "step": self.operation.step, "text": text[:500]}
        self.operation.log = [*self.operation.log, line][-LOG_LINES:]
        _collection().update_one(
            {"_id": self.operation.pk}, {"$push": {"log": {"$each": [line], "$slice": -LOG_LINES}}}
        )
        self._on_progress(self.operation)

    def progress(self, done: int, total: int, unit: str) -> None:
        """How far the step is; stored twice a second at most. Raises LeaseLost, Cancelled."""
        one = self.operation
        one.done, one.total, one.unit = done, total, unit
        now = time.monotonic()
        if now - self._told_at >= PROGRESS_SECONDS or done >= total:
            self._told_at = now
            self._store(done=done, total=total, unit=unit)
        self._on_progress(one)
        self.check()

    def check(self) -> None:
        """Raises LeaseLost when somebody else goes on with it, Cancelled when it shall be undone."""
        if self._lost.is_set():
            raise LeaseLost(f"“{self.operation}” is run by somebody else now.")
        if self._cancelled.is_set():
            raise Cancelled("Cancelled on request.")

    def audit(self, action: str, details: dict[str, Any] | None = None) -> None:
        """An entry of the audit log, by whoever asked for the operation."""
        record_audit(
            f"{self.kind.name}.{action}",
            by=None,
            actor=self.operation.requested_by,
            organization=self.operation.org_id,
            target=self.operation.org_id or str(self.operation.pk),
            details={"operation": str(self.operation.pk), **(details or {})},
        )

    def step_is_done(self, step: Step, following: Step) -> None:
        """Go on to the next step, and record it unless that may wait. Raises LeaseLost."""
        one = self.operation
        one.step, one.done, one.total = following.name, 0, 0
        self._unrecorded.append(step.name)
        if not step.light or (following.undo is None and step.undo is not None):
            self.record(step=one.step, done=0, total=0)

    def record(self, *, entry: str = "", details: dict[str, Any] | None = None, **fields: Any) -> None:
        """Store fields and state, with audit entries of the steps done since and of ``entry``, or nothing.

        An operation that is finished by it lets its organizations go. Raises LeaseLost.
        """
        one = self.operation

        def store() -> None:
            self._store(state=one.state, **fields)
            for name in self._unrecorded:
                self.audit(name)
            if entry:
                self.audit(entry, details)
            if one.is_finished:
                Organization.objects.filter(operation=one.pk).update(operation=None)

        run_atomically(store, using=CONTROL_ALIAS)
        self._unrecorded = []

    def _store(self, **fields: Any) -> None:
        """Write fields of the operation if it is still ours. Raises LeaseLost."""
        changed = Operation.objects.filter(pk=self.operation.pk, owner=self.operation.owner).update(**fields)
        if not changed:
            self._lost.set()
            raise LeaseLost(f"“{self.operation}” is run by somebody else now.")

    # Called by the heartbeat's thread.

    def beat(self) -> None:
        """Renew the lease, and learn whether to stop."""
        found = _collection().find_one_and_update(
            {"_id": self.operation.pk, "owner": self.operation.owner},
            {"$set": {"lease_until": timezone.now() + _lease()}},
            projection={"cancel_requested": 1},
        )
        if found is None:
            self._lost.set()
        elif found.get("cancel_requested"):
            self._cancelled.set()


def start_operation(
    kind: Kind,
    *,
    org_id: str,
    by: User | None,
    options: Mapping[str, Any] | None = None,
    holds: Sequence[str] | None = None,
    at_once: bool = False,
) -> Operation:
    """Record an operation and take its organizations (``holds``; the one by default) for it.

    Nothing is run yet; with ``at_once`` the caller has its lease already and runs it next. Raises
    OperationUnderWay with what is under way, and since when.
    """
    held = sorted(set(holds if holds is not None else ([org_id] if org_id else [])))
    operation = Operation(
        kind=kind.name,
        org_id=org_id,
        holds=held,
        step=kind.steps[0].name,
        options=dict(options or {}),
        requested_by=by.email if by is not None else "system",
    )

    if at_once:
        operation.status, operation.owner = OperationStatus.RUNNING, _runner()
        operation.started_at = timezone.now()
        operation.lease_until = operation.started_at + _lease()
        operation.attempts = 1
        operation.is_ours = True

    def store() -> None:
        operation.pk = ObjectId()
        operation.save(force_insert=True)
        for one in held:
            _take(one, operation)
        record_audit(
            f"{kind.name}.requested",
            by=by,
            organization=org_id,
            target=org_id or str(operation.pk),
            details={"operation": str(operation.pk), "options": operation.options},
        )

    run_atomically(store, using=CONTROL_ALIAS)
    return operation


def _take(org_id: str, operation: Operation) -> None:
    if Organization.objects.filter(org_id=org_id, operation=None).update(operation=operation.pk):
        return
    organization = Organization.objects.filter(org_id=org_id).first()
    if organization is None:
        raise ValidationError({"org_id": f"There is no organization “{org_id}”."})
    other = Operation.objects.filter(pk=organization.operation).first()
    raise OperationUnderWay(
        f"“{org_id}” is being worked on: {describe(other) if other else 'an operation'}. "
        "Wait until it is done; one that has stopped can be resumed or cancelled."
    )


def describe(operation: Operation) -> str:
    """One line: what, in which state, since when, why stopped."""
    since = timezone.localtime(operation.started_at or operation.created_at)
    line = (
        f"{operation.kind} {operation.pk} ({operation.get_status_display().lower()}, "
        f"step {operation.step!r}, since {since:%Y-%m-%d %H:%M})"
    )
    return f"{line}: {operation.problem}" if operation.problem else line


def unfinished_operation(kind: Kind, org_id: str) -> Operation | None:
    """The organization's operation of this kind that is not done, to be resumed."""
    return Operation.objects.filter(
        kind=kind.name, org_id=org_id, status__in=[one.value for one in UNFINISHED]
    ).first()


def start_or_resume(
    kind: Kind, *, org_id: str, by: User | None, options: Mapping[str, Any] | None = None, **more: Any
) -> Operation:
    """The unfinished operation of this kind for the organization, or a new one. For commands run again."""
    return unfinished_operation(kind, org_id) or start_operation(
        kind, org_id=org_id, by=by, options=options, **more
    )


def run_operation(
    operation: Operation, kind: Kind, *, on_progress: Callable[[Operation], None] | None = None
) -> Operation:
    """Run the steps that are left. Returns the operation when it is done or, on request, cancelled.

    Raises OperationStopped when a step failed (why is stored), OperationRefused when it is finished or runs
    elsewhere, LeaseLost when somebody else went on with it meanwhile. A fault of the program stops it too and
    is raised as it is.
    """
    with no_organization():
        run = Run(_acquire(operation), kind, on_progress=on_progress)
        with _heartbeat(run):
            try:
                if run.operation.cancel_requested:
                    raise Cancelled("Cancelled on request.")
                while run.operation.step:
                    _do_step(run)
            except Cancelled:
                _undo(run)
            except LeaseLost:
                raise
            except EXPECTED as error:
                _stop(run, error)
            except KeyboardInterrupt:
                _stop(run, TenancyError("Interrupted. Run it again to go on."))
            except Exception as error:
                # Nobody may go on with it as if its runner had died: it would fail again, for ever.
                _note_stop(
                    run, f"A fault of the program ({type(error).__name__}); its log has the traceback."
                )
                raise
        return run.operation


def cancel_operation(
    operation: Operation, kind: Kind, *, on_progress: Callable[[Operation], None] | None = None
) -> Operation:
    """Undo what was done and let the organizations go; whoever runs it elsewhere is asked to.

    Raises OperationRefused past the point of no return.
    """
    operation.refresh_from_db()
    if operation.is_finished:
        raise OperationRefused(f"“{operation}” is finished; there is nothing to cancel.")
    if not kind.can_be_undone_at(operation.step):
        raise OperationRefused(
            f"“{operation}” is past the point where it could be undone (step {operation.step!r}). Resume it."
        )
    Operation.objects.filter(pk=operation.pk).update(cancel_requested=True)
    if operation.status == OperationStatus.RUNNING and not operation.seems_dead(timezone.now()):
        # Its runner sees the request with the next heartbeat.
        operation.cancel_requested = True
        return operation
    return run_operation(operation, kind, on_progress=on_progress)


def _do_step(run: Run) -> None:
    one = run.operation
    run.check()
    step = run.kind.step(one.step)
    step.run(run)
    run.check()
    following = run.kind.after(step.name)
    if following:
        run.step_is_done(step, run.kind.step(following))
    else:
        _finish(run, OperationStatus.DONE, "done")


def _undo(run: Run) -> None:
    """Undo the present step and those before it, last first."""
    one = run.operation
    if not run.kind.can_be_undone_at(one.step):
        _stop(run, OperationRefused("It can no longer be cancelled. Resume it."))
    names = [step.name for step in run.kind.steps]
    try:
        for step in reversed(run.kind.steps[: names.index(one.step) + 1]):
            if step.undo is not None:
                step.undo(run)
    except EXPECTED as error:
        _stop(run, error)
    _finish(run, OperationStatus.CANCELLED, "cancelled")


def _finish(run: Run, status: OperationStatus, action: str) -> None:
    one = run.operation
    one.status, one.finished_at, one.problem = status, timezone.now(), ""
    last = one.step
    one.step = ""

    run.record(
        entry=action,
        details={"last_step": last},
        status=status,
        step="" if status == OperationStatus.DONE else last,
        problem="",
        finished_at=one.finished_at,
        lease_until=None,
    )


def _stop(run: Run, error: BaseException) -> None:
    """Keep why it stopped, and let somebody else go on with it. Raises OperationStopped."""
    _note_stop(run, sentence_of(error))
    raise OperationStopped(run.operation) from error


def _note_stop(run: Run, problem: str) -> None:
    one = run.operation
    one.status, one.problem = OperationStatus.STOPPED, problem[:1000]
    run.record(
        entry="stopped",
        details={"step": one.step, "problem": one.problem},
        status=one.status,
        step=one.step,
        problem=one.problem,
        lease_until=None,
        cancel_requested=False,
    )


def sentence_of(error: BaseException) -> str:
    """What a failure says to a person; the kind of failure where it says nothing itself."""
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    cause = error.__cause__ if isinstance(error, DatabaseError) and error.__cause__ else error
    text = str(cause).strip()
    if isinstance(cause, PyMongoError):
        # What follows is the driver's view of every server, in a form for programmers.
        return f"The database answered: {type(cause).__name__}: {text.partition(', Timeout:')[0]}"
    return text or type(cause).__name__


def _acquire(operation: Operation) -> Operation:
    """Take the lease. Raises OperationRefused when it is finished or somebody else runs it."""
    if operation.is_ours:
        operation.is_ours = False
        return operation
    now, owner = timezone.now(), _runner()
    free = (
        Q(status__in=[OperationStatus.WAITING.value, OperationStatus.STOPPED.value])
        | Q(status=OperationStatus.RUNNING.value, lease_until__lt=now)
        | Q(status=OperationStatus.RUNNING.value, lease_until=None)
    )
    # Counted by the server, so that taking it over is one write.
    taken = Operation.objects.filter(free, pk=operation.pk).update(
        status=OperationStatus.RUNNING.value,
        owner=owner,
        lease_until=now + _lease(),
        problem="",
        attempts=F("attempts") + 1,
        started_at=Coalesce(F("started_at"), Value(now)),
    )
    found = Operation.objects.get(pk=operation.pk)
    if not taken:
        if found.is_finished:
            raise OperationRefused(f"“{found}” is {found.get_status_display().lower()} already.")
        raise OperationRefused(f"“{found}” is being run by {found.owner} in this moment.")
    return found


@contextmanager
def _heartbeat(run: Run) -> Iterator[None]:
    """Renew the lease while the block runs."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(settings.OPERATION_LEASE_SECONDS / 6):
            try:
                run.beat()
            except (PyMongoError, DatabaseError):
                # The control plane is out of reach for now; the lease has some time left.
                continue

    thread = threading.Thread(target=beat, name="operation-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _runner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


def _lease() -> timedelta:
    return timedelta(seconds=settings.OPERATION_LEASE_SECONDS)


def _collection() -> Any:
    connection: Any = connections[CONTROL_ALIAS]
    return connection.get_collection(Operation._meta.db_table)


def due_for_resuming(now: datetime) -> Sequence[Operation]:
    """Operations whose runner has died, or never came, oldest first; the worker goes on with them.

    One whose runners died MOST_DEATHS times is left for somebody to look at.
    """
    died = Q(status=OperationStatus.RUNNING.value, lease_until__lt=now, attempts__lt=MOST_DEATHS)
    never_came = Q(status=OperationStatus.WAITING.value, created_at__lt=now - LONGEST_WAIT)
    return list(Operation.objects.filter(died | never_came).order_by("created_at"))
