"""What the commands that run operations have in common: a progress bar for people, JSON for machines."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from tenants.errors import TenancyError
from tenants.models import Operation
from tenants.operations.engine import (
    Kind,
    OperationStopped,
    cancel_operation,
    run_operation,
    unfinished_operation,
)


class OperationCommand(BaseCommand):
    """A command that runs one operation, or several after one another. Run again, it resumes.

    With ``--json`` the last line of its output is one JSON object; else it tells each step, and draws a
    progress bar when a person is watching.
    """

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object as the last line")

    def run(self, operation: Operation, kind: Kind, *, as_json: bool) -> Operation:
        """Run to the end. Raises CommandError with the problem and how to go on."""
        try:
            with self._shown(kind, as_json=as_json) as show:
                return run_operation(operation, kind, on_progress=show)
        except OperationStopped as error:
            if as_json:
                self.print_json(report(error.operation))
            raise CommandError(
                f"{operation.kind} {operation.org_id} stopped at {error.operation.step!r}: "
                f"{error.operation.problem} Run the command again to go on."
            ) from error
        except TenancyError as error:
            raise CommandError(str(error)) from error

    def cancel(self, kind: Kind, org_id: str, *, as_json: bool) -> Operation:
        """Undo the unfinished operation of this kind. Raises CommandError."""
        operation = unfinished_operation(kind, org_id)
        if operation is None:
            raise CommandError(f"There is no unfinished {kind.name} of {org_id}.")
        try:
            with self._shown(kind, as_json=as_json) as show:
                return cancel_operation(operation, kind, on_progress=show)
        except TenancyError as error:
            raise CommandError(str(error)) from error

    def print_json(self, value: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(value, ensure_ascii=False, default=str))

    @contextmanager
    def _shown(self, kind: Kind, *, as_json: bool) -> Iterator[Callable[[Operation], None]]:
        told, unit = 0, ""
        bar: tqdm[Any] | None = None

        def show(operation: Operation) -> None:
            nonlocal told, unit, bar
            if as_json:
                return
            for line in operation.log[told:]:
                self.stdout.write(f"{operation.org_id or 'fleet'} · {line['step']}: {line['text']}")
            told = len(operation.log)
            # Not asked of the bar: one that nobody watches does not know its unit.
            if bar is None or unit != operation.unit:
                if bar is not None:
                    bar.close()
                unit = operation.unit
                bar = tqdm(
                    unit=operation.unit, unit_scale=True, file=sys.stderr, disable=not sys.stderr.isatty()
                )
            bar.set_description(f"{kind.label}: {operation.step}", refresh=False)
            bar.total = operation.total or None
            bar.n = operation.done
            bar.refresh()

        try:
            yield show
        finally:
            if bar is not None:
                bar.close()


def report(operation: Operation) -> dict[str, Any]:
    """An operation for machines."""
    return {
        "operation": str(operation.pk),
        "kind": operation.kind,
        "org_id": operation.org_id,
        "status": str(operation.status),
        "step": operation.step,
        "problem": operation.problem,
        "state": operation.state,
    }


@contextmanager
def refusals_told() -> Iterator[None]:
    """Turn expected refusals into the command's error."""
    try:
        yield
    except ValidationError as error:
        raise CommandError("; ".join(error.messages)) from error
    except TenancyError as error:
        raise CommandError(str(error)) from error
