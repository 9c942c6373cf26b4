"""Verifying the records of what was done, one after another: what ``verify_audit`` does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from tenants.auditing.anchors import anchors_of
from tenants.auditing.chain import FAILURES, chain_pending
from tenants.auditing.hashing import ACTIVITY, AUDIT, Log
from tenants.auditing.verifying import Anchor, Findings, ProblemKind, verify
from tenants.context import no_organization, organization_active
from tenants.models import Organization
from tenants.naming import CONTROL_ALIAS

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Checked:
    """One record and what was found of it. ``name`` is the org_id, or ``audit_logs`` for the system's own."""

    name: str
    chained: int
    findings: Findings

    @property
    def is_sound(self) -> bool:
        return self.findings.count == 0

    def as_json(self) -> dict[str, Any]:
        found = self.findings
        return {
            "record": self.name,
            "entries": found.entries,
            "chained_now": self.chained,
            "pending": found.pending,
            "head": f"{found.number}:{found.hash}",
            "count": found.count,
            "problems": [one.as_json() for one in found.problems],
        }


def check_audit_log(
    *, only_look: bool = False, head: Anchor | None = None, on_progress: Progress = lambda _: None
) -> Checked:
    """Verify the system's own record, against ``head`` if somebody has kept where it ended."""
    anchors = [head] if head is not None else []
    return _check(AUDIT, CONTROL_ALIAS, AUDIT.collection, anchors, only_look, on_progress)


def check_activity(
    organization: Organization, *, only_look: bool = False, on_progress: Progress = lambda _: None
) -> Checked:
    """Verify a firm's record, against what the audit log says of it."""
    anchors = anchors_of(organization.org_id)
    with no_organization(), organization_active(organization.placement):
        return _check(ACTIVITY, organization.org_id, organization.org_id, anchors, only_look, on_progress)


def head_given(text: str, at: datetime | None = None) -> Anchor:
    """``NUMBER:HASH``, as the log's line and ``--json`` say it. Raises ValueError."""
    number, _, last = text.partition(":")
    if len(last) != 64 or int(number) < 1:
        raise ValueError(text)
    return Anchor(int(number), last, at or timezone.now())


def _check(
    log: Log,
    alias: str,
    name: str,
    anchors: Sequence[Anchor],
    only_look: bool,
    on_progress: Progress,
) -> Checked:
    """A record that cannot be read is a finding, so that the others are still looked at."""
    chained = 0
    try:
        if not only_look:
            chained = chain_pending(log, alias)
        return Checked(name, chained, verify(log, alias, anchors=anchors, on_progress=on_progress))
    except FAILURES as error:
        findings = Findings()
        findings.add(ProblemKind.UNREADABLE, f"It could not be read or chained: {error}")
        return Checked(name, chained, findings)
