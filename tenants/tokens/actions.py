"""What is done with personal API tokens, each with its entry in the audit trail."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import Q
from django.db.utils import IntegrityError
from django.utils import timezone

from tenants.audit import record_audit
from tenants.errors import TenancyError
from tenants.models import ApiToken, Organization, User
from tenants.mongodb.transaction import atomic
from tenants.naming import CONTROL_ALIAS
from tenants.origin import origin
from tenants.permissions import Feature
from tenants.plans.limits import require_feature
from tenants.tokens.personal import Secret, new_secret
from tenants.tokens.scopes import scopes_within

MOST_TOKENS = 20
MOST_DAYS = 365
# How long it takes until the same is written down again: a use, a refusal.
NOTED_EVERY = timedelta(minutes=1)


class TokenNotMade(TenancyError):
    """A token cannot be made so; the message says why and the way out."""


class TokenMade(TenancyError):
    """The same form was sent before. The token is there; its secret was shown then and is kept nowhere."""

    def __init__(self) -> None:
        super().__init__("This token is there already; it was shown when it was made.")


def create_token(
    *, key: str, by: User, organization: Organization, name: str, scopes: Collection[str], days: int
) -> tuple[ApiToken, Secret]:
    """A token of ``by`` for the work in the firm; the secret is told here and never again.

    ``key`` (16 hexadecimal digits) comes from the form, so that a form sent twice makes one token. Raises
    FeatureNotIncluded, TokenNotMade (the message says why), TokenMade.
    """
    require_feature(organization, Feature.API)
    allowed = {one.value for one in scopes_within(by.role)}
    if not scopes or not set(scopes) <= allowed:
        raise TokenNotMade("Your role does not allow what the token would be for.")
    if not 0 < days <= MOST_DAYS:
        raise TokenNotMade(f"A token is good for 1 to {MOST_DAYS} days.")
    if ApiToken.objects.filter(pk=key).exists():
        raise TokenMade
    now = timezone.now().replace(microsecond=0)
    mine = ApiToken.objects.filter(user_id=by.pk, revoked_at=None, expires_at__gt=now)
    if mine.count() >= MOST_TOKENS:
        raise TokenNotMade(f"You have {MOST_TOKENS} tokens that are good. Revoke one that you do not use.")
    secret = new_secret(key)
    token = ApiToken(
        key=key,
        digest=secret.digest,
        user_id=by.pk,
        org_id=organization.org_id,
        name=name,
        scopes=sorted(scopes),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    try:
        with atomic(CONTROL_ALIAS):
            token.save(force_insert=True)
            record_audit(
                "token.created", by=by, organization=organization, target=name, details=_told(token, by)
            )
    except IntegrityError as error:
        raise TokenMade from error
    return token, secret


def revoke_token(token: ApiToken, *, by: User) -> bool:
    """Refuse the token from the next request on. False when it was revoked before."""
    owner = by if token.user_id == by.pk else User.objects.filter(pk=token.user_id).first()
    with atomic(CONTROL_ALIAS):
        changed = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
        if changed:
            record_audit(
                "token.revoked",
                by=by,
                organization=token.org_id,
                target=token.name,
                details=_told(token, owner),
            )
    return bool(changed)


def note_use(token: ApiToken, now: datetime) -> None:
    """Keep when and from where the token was used last, to the minute. At most one command, mostly none."""
    before = now - NOTED_EVERY
    if token.last_used_at is not None and token.last_used_at > before:
        return
    ApiToken.objects.filter(
        # Of those who come at once one writes.
        Q(last_used_at=None) | Q(last_used_at__lte=before),
        pk=token.pk,
    ).update(last_used_at=now, last_used_from=origin().ip)


def note_refusal(token: ApiToken, why: str) -> None:
    """Record that somebody tried a token that may not be used; once a minute, however often they try."""
    if not once_a_minute(f"token-refused:{token.pk}"):
        return
    owner = User.objects.filter(pk=token.user_id).first()
    record_audit(
        "token.refused",
        by=None,
        organization=token.org_id,
        target=token.name,
        details={**_told(token, owner), "reason": why},
    )


def once_a_minute(what: str) -> bool:
    """Whether ``what`` is done for the first time in this minute, of all workers that share the cache."""
    return bool(cache.add(what, 1, timeout=NOTED_EVERY.total_seconds()))


def _told(token: ApiToken, owner: User | None) -> dict[str, object]:
    """What the trail says of a token: nothing of its secret."""
    return {
        "key": token.pk,
        "of": owner.email if owner is not None else "",
        "scopes": list(token.scopes),
        "expires_at": token.expires_at.isoformat(),
    }
