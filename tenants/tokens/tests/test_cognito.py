"""Amazon Cognito's own tokens, as the library moto makes them, in a user pool with a group and a claim."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import jwt
import pytest
from moto import mock_aws

from tenants.oidc.keys import Keys
from tenants.tokens.access_tokens import Claims, Rules, read_access_token
from tenants.tokens.refusals import TokenRefused

REGION = "ap-south-1"
PASSWORD = "A-password-4-tests-only"


@dataclass(frozen=True, slots=True)
class Pool:
    """A signed-in person's tokens and what is needed to check them."""

    access_token: str
    id_token: str
    subject: str
    keys: Keys
    rules: Rules


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "for-tests-only")
        yield signed_in(boto3.client("cognito-idp", region_name=REGION))


def signed_in(cognito: Any) -> Pool:
    pool_id = cognito.create_user_pool(
        PoolName="firms",
        Schema=[{"Name": "organization_id", "AttributeDataType": "String", "Mutable": True}],
    )["UserPool"]["Id"]
    client_id = cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName="reports", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    cognito.create_group(UserPoolId=pool_id, GroupName="valuers")
    person = {"UserPoolId": pool_id, "Username": "somebody"}
    attributes = [{"Name": "custom:organization_id", "Value": "alpha_valuers"}]
    created = cognito.admin_create_user(**person, UserAttributes=attributes)["User"]
    cognito.admin_set_user_password(**person, Password=PASSWORD, Permanent=True)
    cognito.admin_add_user_to_group(**person, GroupName="valuers")
    answered = cognito.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "somebody", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    issuer = f"https://cognito-idp.{REGION}.amazonaws.com/{pool_id}"
    subject = next(one["Value"] for one in created["Attributes"] if one["Name"] == "sub")
    return Pool(
        access_token=answered["AccessToken"],
        id_token=answered["IdToken"],
        subject=subject,
        keys=Keys(issuer, f"{issuer}/.well-known/jwks.json", 5.0),
        rules=Rules(issuer=issuer, client_ids=frozenset({client_id}), scopes={}),
    )


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def test_its_access_token_is_good_with_the_keys_that_the_pool_publishes(pool: Pool) -> None:
    assert read_access_token(pool.access_token, pool.keys, pool.rules) == Claims(
        pool.rules.issuer, pool.subject, frozenset({"read"}), ""
    )


def test_its_id_token_is_refused(pool: Pool) -> None:
    with pytest.raises(TokenRefused, match="This is no access token"):
        read_access_token(pool.id_token, pool.keys, pool.rules)


def test_its_access_token_for_another_client_is_refused(pool: Pool) -> None:
    rules = Rules(issuer=pool.rules.issuer, client_ids=frozenset({"another"}), scopes={})
    with pytest.raises(TokenRefused, match="another application"):
        read_access_token(pool.access_token, pool.keys, rules)


def test_its_access_token_has_no_audience_and_no_claim_of_ours(pool: Pool) -> None:
    claims = claims_of(pool.access_token)
    assert (claims["token_use"], "aud" in claims, "custom:organization_id" in claims) == (
        "access",
        False,
        False,
    )


def test_its_id_token_has_both(pool: Pool) -> None:
    claims = claims_of(pool.id_token)
    assert (claims["token_use"], "aud" in claims, claims["custom:organization_id"]) == (
        "id",
        True,
        "alpha_valuers",
    )


@pytest.mark.parametrize("which", ["access_token", "id_token"])
def test_its_tokens_tell_the_groups(pool: Pool, which: str) -> None:
    assert claims_of(getattr(pool, which))["cognito:groups"] == ["valuers"]
