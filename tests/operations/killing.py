"""Killing an operation anywhere, and going on with it: what a test of every kind of operation needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tenants.models import Operation
from tenants.operations.engine import Kind, Run, run_operation


class Killed(BaseException):
    """The process is gone: nothing that the engine would do on its way out is done."""


def killed_before(kind: Kind, step: str) -> Kind:
    """The kind, but its runner dies when it comes to ``step``."""

    def die(run: Run) -> None:
        raise Killed

    return _with(kind, step, die)


def killed_after(kind: Kind, step: str) -> Kind:
    """The kind, but its runner dies when ``step`` has done its work, before that is recorded."""
    work = kind.step(step).run

    def run_and_die(run: Run) -> None:
        work(run)
        raise Killed

    return _with(kind, step, run_and_die)


def killed_within(kind: Kind, step: str, *, at: int) -> Kind:
    """The kind, but its runner dies within ``step``, at the ``at``-th time that it tells how far it is.

    Counts every ``say``, ``save``, ``progress`` and ``check`` of the step. With fewer of them, it dies at its
    end.
    """
    work = kind.step(step).run

    def run_and_die(run: Run) -> None:
        left = at

        def counted(method: Callable[..., None]) -> Callable[..., None]:
            def call(*args: Any, **kwargs: Any) -> None:
                nonlocal left
                left -= 1
                if left <= 0:
                    raise Killed
                method(*args, **kwargs)

            return call

        for name in ("say", "save", "progress", "check"):
            setattr(run, name, counted(getattr(run, name)))
        work(run)
        raise Killed

    return _with(kind, step, run_and_die)


def _with(kind: Kind, step: str, run: Callable[[Run], None]) -> Kind:
    steps = [replace(one, run=run) if one.name == step else one for one in kind.steps]
    return replace(kind, steps=tuple(steps))


def run_until_killed(operation: Operation, kind: Kind) -> None:
    """Run it and see it die; then let its lease run out. Fails when it lives."""
    try:
        run_operation(operation, kind)
    except Killed:
        let_lease_run_out(operation)
        return
    raise AssertionError(f"{operation} was to be killed and was not.")


def let_lease_run_out(operation: Operation) -> None:
    Operation.objects.filter(pk=operation.pk).update(lease_until=None)
