"""Telling a firm's managers, once, that little of something is left."""

from __future__ import annotations

from smtplib import SMTPException

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django_tasks import task

from tenants.audit import record_audit
from tenants.context import no_organization, organization_active
from tenants.models import Organization, User, UserSettings
from tenants.permissions import Role
from tenants.plans.names import Limit

# The code of these letters among those that a person wants none of (UserSettings.muted).
MUTED_AS = "plan"
# Nobody is told twice within a month of the same thing.
_REMEMBERED_SECONDS = 31 * 86_400
_WORDS = {
    Limit.SEATS: ("seats", "{used} of the {limit} seats are taken."),
    Limit.REPORTS: ("reports of this month", "{used} of this month's {limit} reports are begun."),
    Limit.STORAGE: ("storage", "{used} of the {limit} MB for files are used."),
}


def warn_managers(org_id: str, what: Limit, *, used: int, limit: int) -> None:
    """Have the managers told in the background. Part of the control plane's transaction, if one is open."""
    with no_organization():
        tell_managers.enqueue(
            org_id=org_id, what=what.value, used=used, limit=limit, month=f"{timezone.localdate():%Y-%m}"
        )


@task
def tell_managers(org_id: str, what: str, used: int, limit: int, month: str) -> str:
    """Write to each active manager who wants such letters; returns what became of it.

    Told once a month of each thing, however often the limit is neared again. A letter that cannot be sent
    makes the task fail, and be tried again.
    """
    organization = Organization.objects.filter(org_id=org_id).first()
    if organization is None or not organization.is_active:
        return "not in use"
    key = f"plan-warned:{org_id}:{what}:{month}"
    if not cache.add(key, 1, timeout=_REMEMBERED_SECONDS):
        return "told already"
    try:
        told = _write(organization, Limit(what), used, limit)
    except (SMTPException, OSError):
        cache.delete(key)
        raise
    if told:
        record_audit(
            "limit.warned",
            by=None,
            organization=organization,
            target=organization.org_id,
            details={"what": _WORDS[Limit(what)][0], "used": used, "limit": limit},
        )
    return f"told {told}"


def _write(organization: Organization, what: Limit, used: int, limit: int) -> int:
    managers = list(
        User.objects.filter(organization=organization.org_id, role=Role.MANAGER.value, is_active=True)
    )
    with organization_active(organization.placement):
        muted = {
            user_id
            for user_id, codes in UserSettings.objects.filter(
                user_id__in=[str(one.pk) for one in managers]
            ).values_list("user_id", "muted")
            if MUTED_AS in (codes or [])
        }
    subject, sentence = _WORDS[what]
    context = {
        "organization": organization,
        "what": subject,
        "sentence": sentence.format(used=used, limit=limit),
        "usage": f"{settings.SITE_URL.rstrip('/')}{reverse('usage')}",
        "site_name": settings.SITE_NAME,
    }
    letters = []
    for manager in managers:
        if str(manager.pk) in muted:
            continue
        told = {**context, "person": manager}
        letter = EmailMultiAlternatives(
            subject=" ".join(render_to_string("email/plan_warning_subject.txt", told).split()),
            body=render_to_string("email/plan_warning.txt", told),
            to=[manager.email],
        )
        letter.attach_alternative(render_to_string("email/plan_warning.html", told), "text/html")
        letters.append(letter)
    if letters:
        get_connection().send_messages(letters)
    return len(letters)
