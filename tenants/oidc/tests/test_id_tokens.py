"""Which ID tokens are believed. The forged ones are signed with keys of our own."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tenants.oidc.id_tokens import TokenRefused, at_hash, verified_claims
from tenants.oidc.keys import KeyUnknown
from tenants.oidc.tests import forging
from tenants.oidc.tests.forging import CLIENT_ID, ISSUER, KID, NONCE, claims, token, with_other_claims

SKEW = 60


def _key(kid: object) -> RSAPublicKey:
    if kid != KID:
        raise KeyUnknown("no such key")
    return forging.private_key().public_key()


def verify(given: object, *, nonce: str = NONCE, came: object = "access") -> dict[str, Any]:
    return verified_claims(
        given,
        signing_key=_key,
        issuer=ISSUER,
        client_id=CLIENT_ID,
        nonce=nonce,
        skew_seconds=SKEW,
        access_token=came,
    )


def test_it_gives_the_claims_of_a_good_token() -> None:
    assert verify(token())["sub"] == "subject-1"


@pytest.mark.parametrize(
    "said",
    [
        {"aud": [CLIENT_ID]},
        {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID},
        {"azp": CLIENT_ID},
        {"token_use": "id"},
        {"at_hash": at_hash("access")},
        {"exp": 20 - SKEW},
        {"nbf": SKEW - 20},
        {"iat": SKEW - 20},
    ],
    ids=["one audience", "azp", "azp alone", "use", "at_hash", "skew: exp", "skew: nbf", "skew: iat"],
)
def test_it_believes(said: dict[str, Any]) -> None:
    # Times are told in seconds from now, for the tests are collected long before they run.
    now = int(time.time())
    told = {name: now + one if name in ("exp", "nbf", "iat") else one for name, one in said.items()}
    assert verify(token(claims(**told)))["iss"] == ISSUER


AUDIENCE, PARTY, EXPIRED, MISSING = (
    "InvalidAudienceError",
    "authorized for another party",
    "ExpiredSignatureError",
    "MissingRequiredClaimError",
)
# What is forged, how, and the reason why it is refused: not any other, or a check could be gone unnoticed.
FORGED: list[tuple[str, Callable[[], object], str]] = [
    ("another audience", lambda: token(claims(aud="another")), AUDIENCE),
    ("no audience", lambda: token(claims(aud=None)), MISSING),
    ("ours among several, no azp", lambda: token(claims(aud=[CLIENT_ID, "another"])), PARTY),
    ("ours among several, another azp", lambda: token(claims(aud=[CLIENT_ID, "b"], azp="b")), PARTY),
    ("another azp", lambda: token(claims(azp="another")), PARTY),
    ("another issuer", lambda: token(claims(iss="https://rival.example")), "InvalidIssuerError"),
    ("an issuer with a slash more", lambda: token(claims(iss=f"{ISSUER}/")), "InvalidIssuerError"),
    ("no issuer", lambda: token(claims(iss=None)), MISSING),
    ("another nonce", lambda: token(claims(nonce="another")), "another nonce"),
    ("no nonce", lambda: token(claims(nonce=None)), "another nonce"),
    ("a nonce that is no text", lambda: token(claims(nonce=1)), "another nonce"),
    ("expired", lambda: token(claims(exp=int(time.time()) - SKEW - 20)), EXPIRED),
    ("no expiry", lambda: token(claims(exp=None)), MISSING),
    ("not yet valid", lambda: token(claims(nbf=int(time.time()) + SKEW + 20)), "ImmatureSignatureError"),
    ("from the future", lambda: token(claims(iat=int(time.time()) + SKEW + 20)), "ImmatureSignatureError"),
    ("no time of issue", lambda: token(claims(iat=None)), MISSING),
    ("no subject", lambda: token(claims(sub=None)), MISSING),
    ("an empty subject", lambda: token(claims(sub="")), "no subject"),
    ("a blank subject", lambda: token(claims(sub="  ")), "no subject"),
    ("a subject that is no text", lambda: token(claims(sub=7)), "InvalidSubjectError"),
    ("a subject too long", lambda: token(claims(sub="s" * 256)), "no subject"),
    ("another access token", lambda: token(claims(at_hash=at_hash("b"))), "another access token"),
    ("an access token", lambda: token(claims(token_use="access")), "another use"),
    ("unsigned", forging.unsigned_token, "InvalidAlgorithmError"),
    ("unsigned, in other letters", lambda: forging.unsigned_token("NoNe"), "InvalidAlgorithmError"),
    ("the public key as a secret", forging.token_with_public_key_as_secret, "InvalidAlgorithmError"),
    ("an unknown key", lambda: token(kid="key-9"), "unknown key"),
    ("no key named", lambda: token(kid=None), "unknown key"),
    ("another key under a known name", lambda: token(key="key-2"), "InvalidSignatureError"),
    (
        "other claims, a good signature",
        lambda: with_other_claims(token(), sub="admin"),
        "InvalidSignatureError",
    ),
    ("cut short", lambda: token()[:-10], "InvalidSignatureError"),
    ("no token", lambda: "nothing", "DecodeError"),
    ("nothing at all", lambda: None, "missing"),
]


@pytest.mark.parametrize(("forged", "reason"), [one[1:] for one in FORGED], ids=[one[0] for one in FORGED])
def test_it_refuses(forged: Callable[[], object], reason: str) -> None:
    with pytest.raises(TokenRefused) as refusal:
        verify(forged())
    assert refusal.value.reason == reason


def test_it_refuses_every_token_where_no_nonce_was_asked_for() -> None:
    with pytest.raises(TokenRefused):
        verify(token(claims(nonce="")), nonce="")


def test_it_refuses_a_token_that_names_an_access_token_where_none_came() -> None:
    with pytest.raises(TokenRefused):
        verify(token(claims(at_hash=at_hash("access"))), came=None)


def test_the_refusal_quotes_nothing_of_the_token() -> None:
    given = token(claims(aud="another"))
    with pytest.raises(TokenRefused) as refusal:
        verify(given)
    assert str(refusal.value) == "The ID token is refused: InvalidAudienceError."
    assert refusal.value.__cause__ is None
