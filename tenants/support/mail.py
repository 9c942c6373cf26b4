"""What a firm's managers are told of a support session by e-mail. Nobody can switch these messages off."""

from __future__ import annotations

from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import DatabaseError
from django.template.loader import render_to_string
from django.urls import reverse
from pymongo.errors import PyMongoError

from tenants.context import organization_active
from tenants.errors import TenancyError
from tenants.models import ActivityEntry, Organization, SupportSession, User
from tenants.permissions import Role
from tenants.support.record import pages_opened


class MailRefused(TenancyError):
    """No mail server took the messages."""


def announce_beginning(support: SupportSession, organization: Organization) -> int:
    """Tell every active manager who comes in, why, for how long and to do what. Raises MailRefused.

    Returns how many were told: a firm without a manager has nobody to tell but its own list.
    """
    return _send("support_begun", support, organization, {})


def tell_of_end(support: SupportSession, organization: Organization) -> int:
    """Tell every active manager that it is over, what was opened and whether anything was changed.

    Raises MailRefused.
    """
    context = {
        "pages": pages_opened(support.org_id, [support])[str(support.pk)],
        "changes": changes_made(support, organization),
    }
    return _send("support_ended", support, organization, context)


def changes_made(support: SupportSession, organization: Organization) -> int | None:
    """How many changes the firm's own activity log has of the session; None when it cannot be asked now."""
    if not support.may_write:
        return 0
    try:
        with organization_active(organization.placement):
            return ActivityEntry.objects.filter(
                actor_id=str(support.staff_id), at__gte=support.begun_at, at__lte=support.ended_at
            ).count()
    except (PyMongoError, DatabaseError, TenancyError):
        return None


def _send(kind: str, support: SupportSession, organization: Organization, more: dict[str, Any]) -> int:
    managers = User.objects.filter(organization=organization, role=Role.MANAGER.value, is_active=True)
    context = {
        "support": support,
        "organization": organization,
        "link": f"{settings.SITE_URL.rstrip('/')}{reverse('support')}",
        "site_name": settings.SITE_NAME,
        **more,
    }
    # One message each: an address that is refused takes nobody else's with it.
    messages = []
    for name, email in managers.values_list("name", "email"):
        to_one = {**context, "name": name}
        message = EmailMultiAlternatives(
            subject=" ".join(render_to_string(f"email/{kind}_subject.txt", to_one).split()),
            body=render_to_string(f"email/{kind}.txt", to_one),
            to=[email],
        )
        message.attach_alternative(render_to_string(f"email/{kind}.html", to_one), "text/html")
        messages.append(message)
    try:
        get_connection().send_messages(messages)
    except (SMTPException, OSError) as error:
        raise MailRefused(
            f"The mail server of EMAIL_URL ({settings.EMAIL_HOST}:{settings.EMAIL_PORT}) says: "
            f"{str(error) or type(error).__name__}."
        ) from error
    return len(messages)
