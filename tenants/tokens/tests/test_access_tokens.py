"""Which access tokens of a sign-in service are good, and that nothing else is."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tenants.oidc.keys import ProviderSilent
from tenants.permissions import Scope
from tenants.tokens.access_tokens import Claims, Rules, read_access_token
from tenants.tokens.refusals import UNKNOWN, KeysMissing, TokenRefused
from tenants.tokens.tests.forging import (
    ISSUER,
    KID,
    RULES,
    ListedKeys,
    access_token,
    claims,
    private_key,
    signed,
)


def read(token: str, rules: Rules = RULES, keys: ListedKeys | None = None) -> Claims:
    return read_access_token(token, keys or ListedKeys(), rules)


def refusal(token: str, rules: Rules = RULES, keys: ListedKeys | None = None) -> str:
    with pytest.raises(TokenRefused) as caught:
        read(token, rules, keys)
    return str(caught.value.detail)


def part(value: Any) -> str:
    """One part of a token that no library would make."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def signed_raw(body: Any) -> str:
    """A well signed token of what the library refuses to sign."""
    signing = f"{part({'alg': 'RS256', 'kid': KID})}.{part(body)}"
    signature = private_key().sign(signing.encode(), PKCS1v15(), SHA256())
    return f"{signing}.{part(signature)}"


# What is good -----------------------------------------------------------------------------------------


def test_a_good_token_tells_its_person() -> None:
    assert read(access_token()) == Claims(ISSUER, "subject-1", frozenset({"read"}), "")


@pytest.mark.parametrize(
    ("told", "ours"),
    [
        ("reports/draft", {Scope.DRAFT.value}),
        ("openid reports/read reports/draft", {Scope.READ.value, Scope.DRAFT.value}),
        ("openid email", {Scope.READ.value}),
        ("draft", {Scope.READ.value}),
        ("", {Scope.READ.value}),
        (None, {Scope.READ.value}),
        (["reports/draft"], {Scope.READ.value}),
    ],
)
def test_scopes_are_those_that_the_settings_map_and_else_reading_alone(told: Any, ours: set[str]) -> None:
    assert read(access_token(scope=told)).scopes == ours


def test_the_organization_is_the_claim_s() -> None:
    assert read(access_token(**{"custom:organization_id": "alpha_valuers"})).organization == "alpha_valuers"


def test_an_organization_of_another_kind_is_none_that_there_is() -> None:
    assert (
        read(signed_raw(claims(**{"custom:organization_id": ["alpha_valuers"]}))).organization
        != "alpha_valuers"
    )


@pytest.mark.parametrize("late", [-30, 30])
def test_clocks_may_differ_by_the_leeway(late: int) -> None:
    now = int(time.time()) + late
    token = access_token(iat=now, nbf=now, exp=now + 1 if late < 0 else now + 60)
    assert read(token).subject == "subject-1"


# Signatures -------------------------------------------------------------------------------------------


def test_a_token_signed_by_nobody_is_refused() -> None:
    assert refusal(jwt.encode(claims(), "", algorithm="none", headers={"kid": KID})) == (
        "The token is not signed with RS256."
    )


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "HS256", "HS512", "RS512", "PS256", "ES256", "", None]
)
def test_no_other_way_to_sign_is_tried_whatever_the_header_says(algorithm: Any) -> None:
    keys = ListedKeys()
    _head, body, signature = access_token().split(".")
    other = part({"alg": algorithm, "kid": KID})
    assert refusal(f"{other}.{body}.{signature}", keys=keys) == "The token is not signed with RS256."

    assert keys.asked == 0


def test_the_public_key_is_no_secret_to_sign_with() -> None:
    public = private_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signing = f"{part({'alg': 'HS256', 'kid': KID})}.{part(claims())}"
    signature = hmac.new(public, signing.encode(), hashlib.sha256).digest()

    assert refusal(f"{signing}.{part(signature)}") == "The token is not signed with RS256."


def test_another_s_signature_is_refused() -> None:
    assert refusal(access_token(key=private_key("theirs"))) == UNKNOWN


def test_changed_claims_break_the_signature() -> None:
    head, _, signature = access_token().split(".")
    assert refusal(f"{head}.{part(claims(sub='subject-2'))}.{signature}") == UNKNOWN


def test_a_key_that_is_not_known_is_refused() -> None:
    assert refusal(access_token(key=private_key("theirs"), kid="key-2")) == UNKNOWN


def test_a_token_that_names_no_key_is_refused() -> None:
    assert refusal(access_token(kid=None)) == UNKNOWN


def test_a_token_that_brings_its_own_key_is_refused() -> None:
    theirs = private_key("theirs")
    own = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(theirs.public_key()))
    assert (
        refusal(signed(claims(), key=theirs, headers={"kid": KID, "jwk": own, "jku": "https://keys.example"}))
        == UNKNOWN
    )


def test_a_rotated_key_is_good_beside_the_old_one() -> None:
    keys = ListedKeys(**{"key-2": private_key("rotated").public_key()})
    assert read(access_token(key=private_key("rotated"), kid="key-2"), keys=keys).subject == "subject-1"


def test_a_header_that_must_be_understood_and_is_not_refuses_the_token() -> None:
    assert refusal(signed(claims(), headers={"kid": KID, "crit": ["made-up"], "made-up": True})) == UNKNOWN


@pytest.mark.parametrize("token", ["..", "a.b.c", f"{part({'alg': 'RS256', 'kid': KID})}..", "a.b"])
def test_what_is_no_jwt_is_refused(token: str) -> None:
    assert refusal(token) == UNKNOWN


def test_a_token_that_does_not_say_how_it_is_signed_is_refused() -> None:
    assert refusal("e30.e30.e30") == "The token is not signed with RS256."


def test_a_header_deeper_than_can_be_read_is_refused() -> None:
    assert refusal(f"{part(b'[' * 5000)}.e30.e30") == UNKNOWN


@pytest.mark.parametrize("body", [b"[]", b"1", b'"sub"', b"\xff", b"{"])
def test_claims_that_are_no_object_are_refused(body: bytes) -> None:
    assert refusal(signed_raw(body)) == UNKNOWN


def test_while_the_service_tells_no_keys_nothing_is_said_of_the_token() -> None:
    class Silent:
        def signing_key(self, kid: object) -> Any:
            raise ProviderSilent("It does not answer.")

    with pytest.raises(KeysMissing) as caught:
        read_access_token(access_token(), Silent(), RULES)
    assert (caught.value.status_code, caught.value.headers) == (503, {"Retry-After": "10"})


# Claims -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://another.bank.example"},
        {"iss": f"{ISSUER}/"},
        {"iss": [ISSUER]},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 17},
        {"sub": "s" * 256},
        {"iat": None},
        {"iat": "today"},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": "today"},
    ],
    ids=str,
)
def test_a_claim_that_is_missing_or_wrong_refuses_the_token(changed: dict[str, Any]) -> None:
    assert refusal(signed_raw(claims(**changed))) == "The token is not one that is known here."


@pytest.mark.parametrize(
    "changed", [{"iss": [ISSUER]}, {"iss": {"a": 1}}, {"exp": [1]}, {"exp": 1e400}, {"nbf": {}}], ids=str
)
def test_a_claim_of_a_kind_that_it_never_has_refuses_the_token(changed: dict[str, Any]) -> None:
    assert refusal(signed_raw(claims(**changed))) == UNKNOWN


def test_an_expired_token_is_told_so() -> None:
    assert refusal(access_token(exp=int(time.time()) - 61)) == "The access token has expired."


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_of_the_future_is_told_so(claim: str) -> None:
    assert (
        refusal(signed_raw(claims(**{claim: int(time.time()) + 90}))) == "The access token is not valid yet."
    )


def test_an_id_token_is_no_access_token() -> None:
    token = access_token(token_use="id", client_id=None, aud="our-client")
    assert refusal(token) == "This is no access token."


@pytest.mark.parametrize("token_use", [None, "id", "", ["access"], "ACCESS"], ids=str)
def test_a_token_for_another_use_is_refused(token_use: Any) -> None:
    assert refusal(access_token(token_use=token_use)) == "This is no access token."


@pytest.mark.parametrize(
    "client_id", [None, "another-client", "", ["our-client"], {"our-client": 1}], ids=str
)
def test_a_token_of_another_client_is_refused(client_id: Any) -> None:
    assert refusal(access_token(client_id=client_id)) == "The token was made for another application."


@pytest.mark.parametrize("audience", ["another-api", ["another-api"], "", [], 1], ids=str)
def test_a_token_for_another_audience_is_refused(audience: Any) -> None:
    rules = replace(RULES, audience="our-api")
    assert refusal(signed_raw(claims(aud=audience)), rules) == "The token was made for another application."


@pytest.mark.parametrize("audience", ["our-api", ["another-api", "our-api"]], ids=str)
def test_a_token_for_our_audience_is_good(audience: Any) -> None:
    assert read(access_token(aud=audience), replace(RULES, audience="our-api")).subject == "subject-1"


def test_an_audience_is_refused_while_none_is_ours() -> None:
    assert refusal(access_token(aud="our-client")) == "The token was made for another application."


# Other services ---------------------------------------------------------------------------------------

BY_TYPE = replace(RULES, token_use="")


@pytest.mark.parametrize("told", ["at+jwt", "application/at+jwt", "AT+JWT"])
def test_where_no_use_is_told_the_type_says_that_it_is_an_access_token(told: str) -> None:
    token = signed(claims(token_use=None), headers={"kid": KID, "typ": told})
    assert read(token, BY_TYPE).subject == "subject-1"


@pytest.mark.parametrize("told", ["JWT", "", None])
def test_where_no_use_is_told_another_type_is_no_access_token(told: str | None) -> None:
    token = signed(claims(token_use=None), headers={"kid": KID, "typ": told})
    assert refusal(token, BY_TYPE) == "This is no access token."


@pytest.mark.parametrize("rules", [replace(RULES, issuer=""), replace(RULES, client_ids=frozenset())])
def test_without_a_service_in_the_settings_no_access_token_is_good(rules: Rules) -> None:
    keys = ListedKeys()
    assert refusal(access_token(), rules, keys) == UNKNOWN

    assert keys.asked == 0
