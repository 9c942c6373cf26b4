"""A person's own sessions: the list of them, and ending them. Each verb records itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from tenants import sessions
from tenants.account.devices import device_in_words
from tenants.account.firm import firm_of
from tenants.audit import record_audit
from tenants.models import Session, User
from tenants.mongodb.transaction import run_atomically
from tenants.naming import CONTROL_ALIAS

# A person with more has the newest shown; "all others" ends every one.
MOST_SHOWN = 50
_WAYS = {"password": "password", "openid": "single sign-on", "invitation": "invitation"}


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One place where the person is signed in; ``id`` is not the key that the browser holds."""

    id: str
    device: str
    ip: str
    signed_in_at: datetime
    signed_in_by: str
    last_seen_at: datetime
    is_this_one: bool


def own_sessions(person: User, *, current: str | None) -> list[OwnSession]:
    """Where the person is signed in, this session (of the key ``current``) first. One command."""
    found = (
        sessions.open_sessions_of(person.pk, timezone.now())
        .order_by("-last_seen_at")
        .values("pk", "public_id", "agent", "ip", "signed_in_at", "signed_in_by", "last_seen_at")
    )
    listed = []
    for row in found[:MOST_SHOWN]:
        # An open session has both.
        signed_in_at, last_seen_at = row["signed_in_at"], row["last_seen_at"]
        assert signed_in_at is not None  # noqa: S101
        assert last_seen_at is not None  # noqa: S101
        listed.append(
            OwnSession(
                id=row["public_id"],
                device=device_in_words(row["agent"]),
                ip=row["ip"],
                signed_in_at=signed_in_at,
                signed_in_by=_WAYS.get(row["signed_in_by"], row["signed_in_by"]),
                last_seen_at=last_seen_at,
                is_this_one=row["pk"] == current,
            )
        )
    return sorted(listed, key=lambda one: not one.is_this_one)


def end_session(*, by: User, public_id: str, current: str | None) -> bool:
    """End one other session of the person's own, audited. False when there is none of that id."""

    def end() -> int:
        found = Session.objects.filter(user_id=by.pk, public_id=public_id).exclude(pk=current or "")
        ended, _ = found.delete()
        return _recorded(by, ended, "one")

    return bool(public_id) and bool(run_atomically(end, using=CONTROL_ALIAS))


def end_all_other_sessions(*, by: User, current: str | None) -> int:
    """End all of the person's sessions but the one of the key ``current``; audited. How many ended."""

    def end() -> int:
        return _recorded(by, sessions.end_other_sessions(by, keep=current), "all others")

    return run_atomically(end, using=CONTROL_ALIAS)


def _recorded(by: User, ended: int, which: str) -> int:
    if ended:
        record_audit(
            "session.ended",
            by=by,
            organization=firm_of(by),
            target=by.email,
            details={"which": which, "sessions": ended},
        )
    return ended
