"""Access tokens (JWTs) of the sign-in service, checked here without asking it.

RS256 alone, with the service's own published keys (RFC 7519, RFC 8725). Amazon Cognito's access tokens carry
``token_use`` and ``client_id`` and no ``aud``, as its developer guide describes them; other services' say by
their type ``at+jwt`` what they are (RFC 9068). An ID token is told apart by these and is never one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.conf import settings

from tenants.oidc.keys import KeyUnknown, ProviderSilent
from tenants.permissions import Scope
from tenants.tokens.refusals import KeysMissing, TokenRefused

ALGORITHM = "RS256"
# Types of RFC 9068, as the header may write them.
_ACCESS_TOKEN_TYPES = frozenset({"at+jwt", "application/at+jwt"})
_LONGEST_SUBJECT = 255


class KeySource(Protocol):
    """``tenants.oidc.keys.Keys``, or what a test has instead."""

    def signing_key(self, kid: object) -> RSAPublicKey: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an access token must say. ``leeway`` is in seconds; ``token_use`` empty: its type is asked."""

    issuer: str
    client_ids: frozenset[str]
    audience: str = ""
    token_use: str = "access"  # noqa: S105 - a kind of token
    leeway: float = 60.0
    # What the service calls our scopes: its name → ours.
    scopes: Mapping[str, str]
    organization_claim: str = "custom:organization_id"

    @classmethod
    def of_settings(cls) -> Rules:
        return cls(
            issuer=settings.OIDC_ISSUER,
            client_ids=frozenset(settings.API_CLIENT_IDS),
            audience=settings.API_AUDIENCE,
            token_use=settings.API_TOKEN_USE,
            leeway=settings.OIDC_CLOCK_SKEW_SECONDS,
            scopes=settings.API_SCOPES,
            organization_claim=settings.OIDC_ORGANIZATION_CLAIM,
        )


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token that was found good says. ``organization`` is empty when it names none."""

    issuer: str
    subject: str
    scopes: frozenset[str]
    organization: str


def read_access_token(token: str, keys: KeySource, rules: Rules) -> Claims:
    """The claims of a good access token. Raises TokenRefused; KeysMissing when nothing can be checked."""
    if not rules.issuer or not rules.client_ids:
        raise TokenRefused
    claims = _verified(token, _key_of(token, keys, rules), rules)
    _require_access_token(claims, rules)
    subject, organization = claims["sub"], claims.get(rules.organization_claim)
    if not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise TokenRefused
    # A claim that is there and is no text contradicts whatever the directory says.
    named = "" if organization is None else str(organization)
    return Claims(rules.issuer, subject, _scopes(claims, rules), named)


def _key_of(token: str, keys: KeySource, rules: Rules) -> RSAPublicKey:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise TokenRefused from error
    # Before any key is asked for: what is signed in another way cannot make us ask the service.
    if header.get("alg") != ALGORITHM:
        raise TokenRefused("The token is not signed with RS256.")
    if not rules.token_use and str(header.get("typ", "")).lower() not in _ACCESS_TOKEN_TYPES:
        raise TokenRefused("This is no access token.")
    try:
        return keys.signing_key(header.get("kid"))
    except KeyUnknown as error:
        raise TokenRefused from error
    except ProviderSilent as error:
        raise KeysMissing from error


def _verified(token: str, key: RSAPublicKey, rules: Rules) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=rules.issuer,
            leeway=rules.leeway,
            # Cognito's have none: ``_require_access_token`` looks at it where there is one.
            options={"require": ["iss", "sub", "iat", "exp"], "verify_aud": False},
        )
    except jwt.ExpiredSignatureError as error:
        raise TokenRefused("The access token has expired.") from error
    except jwt.ImmatureSignatureError as error:
        raise TokenRefused("The access token is not valid yet.") from error
    except jwt.PyJWTError as error:
        raise TokenRefused from error
    return claims


def _require_access_token(claims: Mapping[str, Any], rules: Rules) -> None:
    if rules.token_use and claims.get("token_use") != rules.token_use:
        raise TokenRefused("This is no access token.")
    client_id = claims.get("client_id")
    if not isinstance(client_id, str) or client_id not in rules.client_ids:
        raise TokenRefused("The token was made for another application.")
    if "aud" in claims:
        meant = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if not rules.audience or rules.audience not in meant:
            raise TokenRefused("The token was made for another application.")


def _scopes(claims: Mapping[str, Any], rules: Rules) -> frozenset[str]:
    """Ours among the token's scopes (a text with spaces, RFC 8693); reading alone when none is ours."""
    told = claims.get("scope")
    names = told.split() if isinstance(told, str) else []
    return frozenset(rules.scopes[name] for name in names if name in rules.scopes) or frozenset(
        {Scope.READ.value}
    )
