"""How a firm is, as the admin's lists and pages show it: its version, its last good backup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tenants.admin.showing import age, badge, moment
from tenants.models import Organization, OrganizationStatus, Subscription, SubscriptionStatus
from tenants.operations.backups.retention import Schedule, Terms, is_overdue
from tenants.operations.schema import head, pending_migrations

WITHOUT_DATA = (OrganizationStatus.REQUESTED, OrganizationStatus.PROVISIONING, OrganizationStatus.DELETED)


def version_badge(organization: Organization) -> SafeString:
    """Whether the firm's database is as this version of the application makes it. Asks nothing."""
    if organization.status in WITHOUT_DATA:
        return badge("No database")
    behind = len(pending_migrations(organization))
    if behind:
        return badge(f"{behind} behind", "warn")
    ahead = len(set(organization.migrations) - set(head()))
    return badge(f"{ahead} ahead", "warn") if ahead else badge("At head", "good")


def hours_between_backups(org_ids: Iterable[str]) -> dict[str, int]:
    """How often each firm's present plan has it backed up; those without one are not there. One query."""
    today = timezone.localdate()
    rows = Subscription.objects.filter(organization__in=list(org_ids), starts_on__lte=today)
    return {
        row.organization_id: row.plan.backup_every_hours
        for row in rows.select_related("plan").order_by("starts_on")
        if row.status != SubscriptionStatus.ENDED and (row.ends_on is None or row.ends_on >= today)
    }


def _is_late(organization: Organization, hours: int, now: datetime) -> bool:
    last, created = organization.last_backup_at, organization.created_at
    return is_overdue(Schedule(organization.org_id, hours, last, created), now)


def backup_badge(organization: Organization, hours: int, now: datetime) -> SafeString:
    """The age of the last good backup, and whether it is too old for the plan."""
    last = organization.last_backup_at
    if organization.status in WITHOUT_DATA:
        return badge("No database")
    late = _is_late(organization, hours, now)
    if last is None:
        return badge("Never", "bad" if late else "")
    return format_html("{} {}", age(last, now), badge("Overdue", "bad") if late else "")


def last_backup(organization: Organization, hours: int, now: datetime) -> SafeString:
    """The same with its moment, for the firm's own page."""
    last = organization.last_backup_at
    if last is None:
        return backup_badge(organization, hours, now)
    late = _is_late(organization, hours, now)
    word = badge("Overdue", "bad") if late else ""
    return format_html("{}, {} ago {}", moment(last), age(last, now), word)


def schedule(terms: Terms) -> str:
    """``Every 24 hours, kept for 30 days``."""
    if not terms.every_hours:
        return "None by schedule"
    by = f" (plan {terms.plan})" if terms.plan else ""
    return f"Every {terms.every_hours} hours, kept for {terms.kept_days} days{by}"


def names(migrations: Sequence[str]) -> str:
    return ", ".join(migrations) or "None"
