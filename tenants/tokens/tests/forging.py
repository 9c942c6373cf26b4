"""Access tokens as a sign-in service makes them, and as somebody else would."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from tenants.oidc.keys import KeyUnknown
from tenants.tokens.access_tokens import Rules

ISSUER = "https://sign-in.bank.example"
CLIENT = "our-client"
KID = "key-1"
RULES = Rules(
    issuer=ISSUER, client_ids=frozenset({CLIENT}), scopes={"reports/draft": "draft", "reports/read": "read"}
)


@cache
def private_key(name: str = "ours") -> RSAPrivateKey:
    """A key pair by its name; making one takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class ListedKeys:
    """A key source that has the keys that are put into it, and notes how often it was asked."""

    def __init__(self, **keys: RSAPublicKey) -> None:
        self.keys = {KID: private_key().public_key()} | keys
        self.asked = 0

    def signing_key(self, kid: object) -> RSAPublicKey:
        self.asked += 1
        if kid not in self.keys:
            raise KeyUnknown("There is no such key.")
        return self.keys[str(kid)]


def claims(**changed: Any) -> dict[str, Any]:
    """Those of a good access token as Amazon Cognito makes it; ``None`` leaves one out."""
    now = int(time.time())
    good = {
        "iss": ISSUER,
        "sub": "subject-1",
        "client_id": CLIENT,
        "token_use": "access",
        "scope": "openid email",
        "iat": now,
        "auth_time": now,
        "exp": now + 3600,
        "jti": "f0b2",
    }
    return {name: value for name, value in (good | changed).items() if value is not None}


def access_token(*, key: Any = None, kid: str | None = KID, algorithm: str = "RS256", **changed: Any) -> str:
    """A signed token; with ``changed`` its claims are others."""
    return signed(claims(**changed), key=key, headers={"kid": kid} if kid else {}, algorithm=algorithm)


def signed(told: dict[str, Any], *, key: Any = None, headers: Any = None, algorithm: str = "RS256") -> str:
    return jwt.encode(told, key or private_key(), algorithm=algorithm, headers=headers)
