"""Beginning and ending a support session: neither happens without the firm's managers being told."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django_tasks import task

from tenants.audit import record_audit
from tenants.context import no_organization
from tenants.errors import TenancyError
from tenants.models import Organization, Session, SupportSession, User
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS
from tenants.support.mail import MailRefused, announce_beginning, tell_of_end
from tenants.support.record import BEGUN, ENDED, REFUSED, pages_opened

SHORTEST_REASON = 10
LONGEST_REASON = 300
_MINUTES = (15, 30, 60, 120)
# How a session may end; ``ended_by`` says it where nobody's hand did.
TIME_OVER, NOT_ANNOUNCED, SIGNED_OUT = "time over", "not announced", "signed out"


class SupportRefused(TenancyError):
    """No support session was begun; the message says why, and the way out."""


def minutes_on_offer() -> tuple[int, ...]:
    """For how many minutes a session may be asked: never more than ``SUPPORT_MAX_MINUTES``."""
    longest = int(settings.SUPPORT_MAX_MINUTES)
    return tuple(one for one in _MINUTES if one <= longest) or (longest,)


# Beginning ----------------------------------------------------------------------------------------------


def begin_support(
    organization: Organization, *, by: User, reason: str, minutes: int, may_write: bool, session_key: str
) -> SupportSession:
    """Put the browser session of that key, and no other, inside the firm.

    The managers are told first: without that mail nobody gets in. Raises SupportRefused.
    """
    now = timezone.now()
    support = SupportSession(
        staff_id=by.pk,
        staff_name=by.name,
        staff_email=by.email,
        org_id=organization.org_id,
        reason=reason.strip(),
        may_write=may_write,
        begun_at=now,
        ends_at=now + timedelta(minutes=minutes),
    )
    _require(support, organization, by, minutes)
    run_atomically(lambda: _stored(support, by, minutes), using=CONTROL_ALIAS)
    try:
        announce_beginning(support, organization)
    except MailRefused as error:
        end_support(support, by=None, how=NOT_ANNOUNCED)
        raise SupportRefused(
            f"The managers of “{organization.name}” could not be told by e-mail, so nobody was let in. "
            f"{error} Begin again when mail goes out."
        ) from error
    if not Session.objects.filter(pk=session_key, user_id=by.pk).update(support_id=support.pk):
        end_support(support, by=None, how=SIGNED_OUT)
        raise SupportRefused("You were signed out meanwhile. Sign in and begin again.")
    return support


def _require(support: SupportSession, organization: Organization, by: User, minutes: int) -> None:
    if not (by.is_staff and by.is_active):
        raise SupportRefused("Only staff enter a firm for support.")
    if not organization.is_active:
        raise SupportRefused(
            f"“{organization.name}” is {organization.get_status_display().lower()}: nobody works there now, "
            "and neither does support."
        )
    if len(support.reason) < SHORTEST_REASON:
        raise SupportRefused(f"Say why in at least {SHORTEST_REASON} characters: the managers read it.")
    if minutes not in minutes_on_offer():
        raise SupportRefused(f"A support session lasts {max(minutes_on_offer())} minutes at most.")
    other = _open_session_of(by, support.begun_at)
    if other is not None:
        raise SupportRefused(
            f"You are in “{other.org_id}” for support already, in this browser or another. End that session "
            "first: with its button above every page, or from the list of support sessions."
        )


def _open_session_of(staff: User, now: datetime) -> SupportSession | None:
    return SupportSession.objects.filter(staff_id=staff.pk, ended_at=None, ends_at__gt=now).first()


def _stored(support: SupportSession, by: User, minutes: int) -> None:
    support.pk = None
    support.save(force_insert=True)
    record_audit(
        BEGUN,
        by=by,
        organization=support.org_id,
        target=by.email,
        details={
            "support": str(support.pk),
            "reason": support.reason,
            "minutes": minutes,
            "may_write": support.may_write,
        },
    )
    with no_organization():
        end_when_over.using(run_after=support.ends_at).enqueue(support_id=str(support.pk))


def refuse_password(organization: Organization, *, by: User) -> None:
    """Record that somebody with the staff member's browser session did not know the password."""
    record_audit(
        REFUSED, by=by, organization=organization, target=by.email, details={"why": "wrong password"}
    )


# Ending -------------------------------------------------------------------------------------------------


def end_support(support: SupportSession, *, by: User | None, how: str) -> bool:
    """End it, from the next request on. Returns whether it was this call that did.

    ``how`` is ``button``, ``sign-out``, ``manager`` or ``staff``, or one of the constants above.
    """
    ended_at = min(timezone.now(), support.ends_at)
    ended_by = by.email if by is not None else how
    pages = pages_opened(support.org_id, [support])[str(support.pk)]

    def end() -> bool:
        found = SupportSession.objects.filter(pk=support.pk, ended_at=None)
        if not found.update(ended_at=ended_at, ended_by=ended_by):
            return False
        # The browser's session leads nowhere any more, whatever the clocks say.
        Session.objects.filter(user_id=support.staff_id, support_id=support.pk).update(support_id=None)
        record_audit(
            ENDED,
            by=by,
            organization=support.org_id,
            target=support.staff_email,
            details={"support": str(support.pk), "how": how, "pages": pages},
        )
        if how != NOT_ANNOUNCED:
            with no_organization():
                tell_managers_it_ended.enqueue(support_id=str(support.pk))
        return True

    ended = run_atomically(end, using=CONTROL_ALIAS)
    if ended:
        support.ended_at, support.ended_by = ended_at, ended_by
    return ended


def end_if_over(support_id: object) -> SupportSession | None:
    """End the session of that id if its time is over. Returns it as it is now; None when there is none."""
    support = SupportSession.objects.filter(pk=support_id).first()
    if support is not None and support.ended_at is None and support.ends_at <= timezone.now():
        end_support(support, by=None, how=TIME_OVER)
    return support


@task
def end_when_over(support_id: str) -> None:
    """Runs when the time is over: the end is recorded and told even if the staff member never comes back."""
    end_if_over(support_id)


@task
def tell_managers_it_ended(support_id: str) -> None:
    """The mail at the end; tried again when no mail server takes it. Sent twice rather than not at all."""
    support = SupportSession.objects.filter(pk=support_id).first()
    organization = Organization.objects.filter(org_id=support.org_id).first() if support else None
    if support is not None and organization is not None:
        tell_of_end(support, organization)
