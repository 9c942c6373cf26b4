"""Letters about a report's steps: to the reviewers when it is submitted, later to whoever submitted it.

A letter says which report of which bank, and where to look; nothing of what is in the report. A background
task writes it, to whoever still has to do with the report by then and wants such letters.
"""

from __future__ import annotations

import logging
from functools import partial

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import DatabaseError
from django.template.loader import render_to_string
from django.urls import reverse
from django_tasks import task
from pymongo.errors import PyMongoError

from reports.models import Report, ReportStatus
from tenants.account.links import address_of
from tenants.account.notices import Notice, unmuted
from tenants.context import require_org_id
from tenants.models import User
from tenants.permissions import Permission, Role
from tenants.tasks.attempts import once

logger = logging.getLogger(__name__)

_SUBJECTS = {
    Notice.SUBMITTED: "{reference} waits for review",
    Notice.RETURNED: "{reference} is returned for changes",
    Notice.APPROVED: "{reference} is approved",
    Notice.ISSUED: "{reference} is issued",
}


def tell_of_step(notice: Notice, report: Report, *, by: User) -> None:
    """Have the people told whom the step of ``by`` concerns; nobody is told of what they did themselves.

    Call it when the step is stored. One write in the control plane, which may fail without harm: the step
    stands, and the work list shows it.
    """
    me, report_id = str(by.pk), str(report.pk)
    try:
        if notice is Notice.SUBMITTED:
            tell_reviewers.enqueue(report_id=report_id, but=me)
        elif report.submitted_by and report.submitted_by != me:
            write_letter.enqueue(notice=notice.value, report_id=report_id, user_id=report.submitted_by)
    except (PyMongoError, DatabaseError) as error:
        logger.warning("Nobody is told of %s of %s: %s", notice, report_id, type(error).__name__)


@task
def tell_reviewers(report_id: str, but: str) -> int:
    """A letter for each manager but one, each a task of its own; returns how many.

    Managers review; that a firm lets valuers review too does not make it everybody's post.
    """
    managers = User.objects.filter(organization=_org_id(), role=Role.MANAGER.value, is_active=True)
    told = sorted(str(pk) for pk in managers.values_list("pk", flat=True) if str(pk) != but)
    for user_id in told:
        letter = partial(write_letter.enqueue, Notice.SUBMITTED.value, report_id, user_id)
        # However often this task is begun anew.
        once(user_id, letter)
    return len(told)


@task
def write_letter(notice: str, report_id: str, user_id: str) -> str:
    """Write to one person of the active firm; returns what became of it.

    A letter that cannot be sent (SMTPException, OSError) makes the task fail, and be tried again.
    """
    kind = Notice(notice)
    person = User.objects.filter(pk=user_id, organization=_org_id(), is_active=True).first()
    report = Report.objects.filter(pk=report_id).first()
    if person is None or report is None:
        return "gone"
    if not _still_concerns(kind, person, report):
        return "overtaken"
    if not unmuted([user_id], kind):
        return "muted"
    _letter(kind, person, report).send()
    return "sent"


def _still_concerns(kind: Notice, person: User, report: Report) -> bool:
    """A submission that was returned or approved meanwhile waits for nobody."""
    if kind is Notice.SUBMITTED:
        return report.status == ReportStatus.IN_REVIEW and person.can(Permission.REVIEW_REPORTS)
    return report.submitted_by == str(person.pk) and person.can(Permission.VIEW_REPORTS)


def _letter(kind: Notice, person: User, report: Report) -> EmailMultiAlternatives:
    page = "reports:review" if kind is Notice.SUBMITTED else "reports:detail"
    context = {
        "person": person,
        "subject": _SUBJECTS[kind].format(reference=report.reference),
        "kind": kind.value,
        "reference": report.reference,
        "bank": report.bank_name,
        "link": address_of(reverse(page, args=[report.pk])),
        "settings_link": address_of(reverse("settings")),
        "site_name": settings.SITE_NAME,
    }
    letter = EmailMultiAlternatives(
        subject=str(context["subject"]),
        body=render_to_string("email/report_step.txt", context),
        to=[person.email],
    )
    letter.attach_alternative(render_to_string("email/report_step.html", context), "text/html")
    return letter


def _org_id() -> str:
    return require_org_id("A letter about a report")
