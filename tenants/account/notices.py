"""The letters that the system writes to people by itself, and which of them a person wants none of."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models

from tenants.models import User, UserSettings
from tenants.permissions import Permission


class Notice(models.TextChoices):
    """The kinds that may be turned off. Letters about access and the own account always come."""

    SUBMITTED = "report_submitted", "A report waits for review"
    RETURNED = "report_returned", "A report that I submitted is returned for changes"
    APPROVED = "report_approved", "A report that I submitted is approved"
    ISSUED = "report_issued", "A report that I submitted is issued"
    PLAN = "plan", "A limit of the firm's plan is nearly reached"


# Who gets letters of a kind at all.
_FOR = {
    Notice.SUBMITTED: Permission.REVIEW_REPORTS,
    Notice.RETURNED: Permission.SUBMIT_REPORTS,
    Notice.APPROVED: Permission.SUBMIT_REPORTS,
    Notice.ISSUED: Permission.SUBMIT_REPORTS,
    Notice.PLAN: Permission.VIEW_USAGE,
}


def notices_for(person: User) -> list[Notice]:
    """The kinds of letters that somebody of this role gets, in order."""
    return [notice for notice in Notice if person.can(_FOR[notice])]


def unmuted(user_ids: Iterable[str], notice: Notice) -> set[str]:
    """Those of the people of the active firm who want letters of the kind. One command."""
    wanted = set(user_ids)
    rows = UserSettings.objects.filter(user_id__in=list(wanted)).values_list("user_id", "muted")
    return wanted - {user_id for user_id, muted in rows if notice.value in (muted or ())}
