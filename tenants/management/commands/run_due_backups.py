"""``manage.py run_due_backups``: what cron calls every hour."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils import timezone

from tenants.operations.backups import retention
from tenants.operations.backups.backing_up import SCHEDULED
from tenants.operations.backups.console import BackupCommand


class Command(BackupCommand):
    help = "Back up every organization whose plan says that it is time, then remove backups that had theirs."
    organizations = "all"

    def handle(self, *args: Any, **options: Any) -> None:
        as_json: bool = options["json"]
        outcome = self.back_up_all(
            retention.due_organizations(timezone.now()), reason=SCHEDULED, as_json=as_json
        )
        # Never before the new ones are good.
        removal = retention.remove_expired(timezone.now())
        if as_json:
            self.print_json({**outcome.as_json(), "removal": asdict(removal)})
        else:
            self.tell(outcome)
            for name in removal.removed:
                self.stdout.write(f"removed {name}")
            for name, why in removal.failed.items():
                self.stderr.write(f"{name} could not be removed: {why}")
        self.require_success(outcome)
