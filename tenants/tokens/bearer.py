"""A bearer token of the API: whose it is, whether it may be used now, and for what.

Whoever sends one asks as its person and for its organization, whatever cookie stands beside it. A browser
never sends the header by itself, so no token against forged requests is asked.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from tenants.access import MAINTENANCE, activate_for
from tenants.api.problems import Problem
from tenants.audit import record_audit
from tenants.context import active_org_id, know_shared_revision
from tenants.errors import OrganizationRefused
from tenants.models import ApiToken, User
from tenants.oidc.provider import provider
from tenants.permissions import Feature
from tenants.plans.limits import FeatureNotIncluded, require_feature
from tenants.tokens.access_tokens import Claims, Rules, read_access_token
from tenants.tokens.actions import note_refusal, note_use, once_a_minute
from tenants.tokens.finding import Found, find_by_key, find_by_subject
from tenants.tokens.header import bearer_of
from tenants.tokens.personal import PREFIX, read_secret
from tenants.tokens.refusals import UNKNOWN, WAYS_IN, TokenRefused

logger = logging.getLogger(__name__)

_NOT_LET_IN = "The person whose token this is may not sign in any more."
_MAINTENANCE_RETRY_AFTER_SECONDS = "30"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever a token speaks for: what ``request.auth`` is. ``token`` is None with a sign-in service's."""

    person: User
    shared_revision: int
    token: ApiToken | None = None


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer``: a personal token or an access token of the sign-in service.

    One command for the person with the organization; a second one, at most once a minute and token, notes
    that a personal token was used.
    """

    def authenticate(self, request: Request) -> tuple[User, Caller] | None:
        """Raises Problem (401, 403, 429 or 503) when the token opens nothing; None when there is no token."""
        given = bearer_of(request._request)
        if given is None:
            return None
        try:
            caller = recognise(given, timezone.now())
        except TokenRefused as refusal:
            logger.info("A bearer token was refused: %s", refusal.detail)
            raise
        _admit(request._request, caller)
        if caller.token is not None:
            note_use(caller.token, timezone.now())
        return caller.person, caller

    def authenticate_header(self, request: Request) -> str:
        """The ways in, for whoever comes with nothing at all."""
        return WAYS_IN


def recognise(given: str, now: datetime) -> Caller:
    """Whose token this is, and what for. Raises TokenRefused; KeysMissing when it cannot be checked."""
    if given.startswith(PREFIX):
        return _owner(given, now)
    if given.count(".") == 2:
        return _subject(given)
    raise TokenRefused


def _owner(given: str, now: datetime) -> Caller:
    secret = read_secret(given)
    if secret is None:
        raise TokenRefused
    found = find_by_key(secret.key)
    token = found.token if found is not None else None
    right = secret.is_that_of(token.digest if token is not None else None)
    if found is None or token is None:
        raise TokenRefused
    why = _why_not(found, token, now) if right else "its secret is wrong"
    if why:
        note_refusal(token, why)
        # Only who has the whole token learns what became of it.
        raise TokenRefused(f"The token cannot be used: {why}." if right else UNKNOWN)
    assert found.person is not None  # noqa: S101 - _why_not has looked
    return _caller(found, found.person, frozenset(token.scopes))


def _why_not(found: Found, token: ApiToken, now: datetime) -> str:
    """Why a token whose secret is right may not be used, or ``""``."""
    if token.revoked_at is not None:
        return "it was revoked"
    if not token.is_good(now):
        return "it has expired"
    if found.person is None or not found.person.is_active:
        return "its person may not sign in any more"
    # It was made for the work in one firm and opens no other.
    if found.person.organization_id != token.org_id:
        return "its person has left the firm that it was made for"
    return ""


def _subject(given: str) -> Caller:
    rules = Rules.of_settings()
    claims = read_access_token(given, provider(), rules)
    found = find_by_subject(claims.issuer, claims.subject)
    if found is None or found.person is None:
        raise TokenRefused("Nobody here is connected with this token's person. Sign in on the pages first.")
    if not found.person.is_active:
        raise TokenRefused(_NOT_LET_IN)
    _require_same_organization(claims, found.person)
    return _caller(found, found.person, claims.scopes)


def _require_same_organization(claims: Claims, person: User) -> None:
    """The directory says whose person it is. A token that says otherwise is refused, and that is recorded."""
    if not claims.organization or claims.organization == person.organization_id:
        return
    if once_a_minute(f"token-contradicted:{person.pk}"):
        record_audit(
            "token.organization_contradicted",
            by=None,
            organization=person.organization_id,
            target=person.email,
            details={"token": claims.organization[:100], "directory": person.organization_id or ""},
        )
    raise TokenRefused("The token names another organization than the one that its person belongs to.")


def _caller(found: Found, person: User, scopes: frozenset[str]) -> Caller:
    person.scopes = scopes
    return Caller(person, found.shared_revision, found.token)


def _admit(request: HttpRequest, caller: Caller) -> None:
    """Work for the person's organization from here on. Raises Problem when it may not be used so."""
    if active_org_id() is not None:
        # Nobody but the token may have said for whom this request works.
        raise TokenRefused("Send the token without a session.")
    organization = caller.person.organization
    know_shared_revision(caller.shared_revision)
    try:
        if organization is not None and organization.is_active:
            require_feature(organization, Feature.API)
        activate_for(request, caller.person)
    except FeatureNotIncluded as refusal:
        raise Problem(403, "Not in the plan", str(refusal)) from refusal
    except OrganizationRefused as refusal:
        raise _as_problem(refusal) from refusal


def _as_problem(refusal: OrganizationRefused) -> Problem:
    """As the organization's middleware tells it to whoever comes with a session."""
    if refusal.status == MAINTENANCE:
        return Problem(
            503,
            "The firm is being updated",
            "Try again in half a minute.",
            headers={"Retry-After": _MAINTENANCE_RETRY_AFTER_SECONDS},
        )
    return Problem(403, "The firm may not be used now", str(refusal))
