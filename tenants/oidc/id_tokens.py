"""Whether an ID token is what it says (OpenID Connect Core 1.0, 3.1.3.7), one algorithm, no exceptions."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tenants.oidc.keys import KeyUnknown

# Named here and never taken from the token's header: “none”, and a public key used as a secret, are refused
# before anything is computed.
ALGORITHMS = ("RS256",)
REQUIRED = ("iss", "sub", "aud", "exp", "iat")
# OpenID Connect Core 1.0, 2: a subject has at most so many characters.
LONGEST_SUBJECT = 255


class TokenRefused(Exception):
    """The token is not to be believed. ``reason`` is one word for the log, and no part of the token."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The ID token is refused: {reason}.")
        self.reason = reason


def verified_claims(
    token: object,
    *,
    signing_key: Callable[[object], RSAPublicKey],
    issuer: str,
    client_id: str,
    nonce: str,
    skew_seconds: int,
    access_token: object = None,
) -> dict[str, Any]:
    """The token's claims, when signature, issuer, audience, times and nonce are right.

    Raises TokenRefused, and what ``signing_key`` raises when the keys cannot be had (ProviderSilent).
    """
    if not isinstance(token, str):
        raise TokenRefused("missing")
    try:
        key = signing_key(jwt.get_unverified_header(token).get("kid"))
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(ALGORITHMS),
            audience=client_id,
            issuer=issuer,
            leeway=skew_seconds,
            options={"require": list(REQUIRED)},
        )
    except KeyUnknown:
        raise TokenRefused("unknown key") from None
    except jwt.PyJWTError as error:
        # The library's message may quote the token.
        raise TokenRefused(type(error).__name__) from None
    _require_audience(claims, client_id)
    _require_nonce(claims, nonce)
    _require_access_token(claims, access_token)
    if not claims["sub"].strip() or len(claims["sub"]) > LONGEST_SUBJECT:
        raise TokenRefused("no subject")
    # Cognito says what a token is for; one that opens the API is no proof of a sign-in.
    if claims.get("token_use", "id") != "id":
        raise TokenRefused("another use")
    return claims


def _require_audience(claims: dict[str, Any], client_id: str) -> None:
    """Among several audiences, and wherever it is named, the party that asked must be this client."""
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or "azp" in claims) and claims.get("azp") != client_id:
        raise TokenRefused("authorized for another party")


def _require_nonce(claims: dict[str, Any], nonce: str) -> None:
    given = claims.get("nonce")
    if not nonce or not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
        raise TokenRefused("another nonce")


def _require_access_token(claims: dict[str, Any], access_token: object) -> None:
    """Where the token names its access token (``at_hash``), it is the one that came along."""
    if "at_hash" not in claims:
        return
    if not isinstance(access_token, str) or claims["at_hash"] != at_hash(access_token):
        raise TokenRefused("another access token")


def at_hash(access_token: str) -> str:
    """The left half of the SHA-256, base64url without padding (OpenID Connect Core 1.0, 3.1.3.6)."""
    digest = hashlib.sha256(access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")
