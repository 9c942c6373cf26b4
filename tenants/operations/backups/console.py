"""Backing up several organizations after one another, from the command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from tenants.errors import TenancyError
from tenants.models import Organization
from tenants.operations.backups.backing_up import BACKUP, MANUAL, request_backup
from tenants.operations.console import OperationCommand
from tenants.operations.engine import OperationRefused, OperationUnderWay


@dataclass(slots=True)
class Outcome:
    """What became of each organization: its new backup, what else is being done to it, or what failed."""

    done: dict[str, str] = field(default_factory=dict)
    busy: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, dict[str, str]]:
        return asdict(self)


class BackupCommand(OperationCommand):
    """A command that backs up organizations; a failure of one does not stop the others."""

    def back_up_all(
        self, organizations: Iterable[Organization], *, reason: str = MANUAL, store: str = "", as_json: bool
    ) -> Outcome:
        """Each in its turn; an unfinished backup is gone on with."""
        outcome = Outcome()
        for one in organizations:
            try:
                operation = request_backup(one, by=None, reason=reason, store=store)
                operation = self.run(operation, BACKUP, as_json=as_json)
            except OperationUnderWay as error:
                outcome.busy[one.org_id] = str(error)
            except (TenancyError, ValidationError) as error:
                outcome.failed[one.org_id] = str(error)
            except CommandError as error:
                # Somebody else runs this very backup in this moment.
                refused = isinstance(error.__cause__, OperationRefused)
                (outcome.busy if refused else outcome.failed)[one.org_id] = str(error)
            else:
                outcome.done[one.org_id] = operation.state["backup"]["name"]
        return outcome

    def tell(self, outcome: Outcome) -> None:
        """One line for each organization."""
        for word, found in (("good", outcome.done), ("busy", outcome.busy), ("FAILED", outcome.failed)):
            for org_id, text in found.items():
                self.stdout.write(f"{word:6} {org_id}: {text}")

    @staticmethod
    def require_success(outcome: Outcome) -> None:
        """Raises CommandError when one failed, so that whoever called learns of it."""
        if outcome.failed:
            raise CommandError(f"{len(outcome.failed)} could not be backed up: {', '.join(outcome.failed)}.")
