"""A staff member with a browser, and a support session in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from tenants.models import Organization, Session, SupportSession, User

REASON = "T-1042: the total of a flat differs from its preview"
Inside = Callable[..., Client]


@pytest.fixture
def browser(client_for: Callable[[User], Client], staff: User) -> Client:
    """The staff member's, outside every firm."""
    return client_for(staff)


def enter(browser: Client, staff: User, firm: Organization, *, may_write: bool = False) -> SupportSession:
    """Be inside the firm, without forms and mails."""
    support = SupportSession.objects.create(
        staff_id=staff.pk,
        staff_name=staff.name,
        staff_email=staff.email,
        org_id=firm.org_id,
        reason=REASON,
        may_write=may_write,
        ends_at=timezone.now() + timedelta(minutes=30),
    )
    session = browser.session
    session["support"] = str(support.pk)
    session.save()
    key = browser.cookies[settings.SESSION_COOKIE_NAME].value
    Session.objects.filter(pk=key).update(support_id=support.pk)
    return support


@pytest.fixture
def inside(browser: Client, staff: User, firm: Organization) -> SupportSession:
    """The staff member's browser is in the firm, for looking only."""
    return enter(browser, staff, firm)


@pytest.fixture
def drafting(browser: Client, staff: User, firm: Organization) -> SupportSession:
    """The staff member's browser is in the firm, and may change drafts."""
    return enter(browser, staff, firm, may_write=True)
