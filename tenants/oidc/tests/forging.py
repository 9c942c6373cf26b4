"""A signing key of our own, and tokens that no real provider would give."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ISSUER = "https://provider.example"
CLIENT_ID = "valuation-reports"
NONCE = "a-nonce-that-nobody-guesses"
KID = "key-1"


def private_key(name: str = KID) -> RSAPrivateKey:
    """The key of that name, the same for the whole run: making one takes a tenth of a second."""
    return _private_key(name)


@cache
def _private_key(name: str) -> RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_set(*names: str) -> dict[str, Any]:
    """What a provider publishes of these keys."""
    listed = [
        jwt.algorithms.RSAAlgorithm.to_jwk(private_key(name).public_key(), as_dict=True) for name in names
    ]
    return {"keys": [{**key, "kid": name, "use": "sig"} for key, name in zip(listed, names, strict=True)]}


def claims(**changed: Any) -> dict[str, Any]:
    """Those of a good ID token; a claim changed to None is left out."""
    now = int(time.time())
    good = {
        "iss": ISSUER,
        "sub": "subject-1",
        "aud": CLIENT_ID,
        "exp": now + 300,
        "iat": now,
        "nonce": NONCE,
        "email": "vikram@alpha-valuers.example",
        "email_verified": True,
    }
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


def token(said: dict[str, Any] | None = None, *, kid: str | None = KID, key: str = KID) -> str:
    """Signed as it should be."""
    headers = {"kid": kid} if kid is not None else {}
    return jwt.encode(said or claims(), private_key(key), algorithm="RS256", headers=headers)


def unsigned_token(algorithm: str = "none") -> str:
    return f"{_part({'alg': algorithm, 'kid': KID})}.{_part(claims())}."


def token_with_public_key_as_secret() -> str:
    """HS256 over the published key's text: good for whoever lets the header choose the algorithm."""
    secret = private_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{_part({'alg': 'HS256', 'kid': KID})}.{_part(claims())}"
    return f"{signed}.{_encoded(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def with_other_claims(good: str, **changed: Any) -> str:
    """The token with its signature, and other claims under it."""
    header, _, signature = good.split(".")
    return f"{header}.{_part(claims(**changed))}.{signature}"


def _part(value: dict[str, Any]) -> str:
    return _encoded(json.dumps(value).encode())


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
