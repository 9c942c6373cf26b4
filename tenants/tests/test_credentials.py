"""Addresses with one user or another, and the passwords of organizations' own users."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.uri_parser import parse_uri

from tenants.mongodb.credentials import (
    BadAddress,
    UsersKeyMissing,
    password,
    user_name,
    user_of,
    with_credentials,
    with_user,
    without_user,
)

KEY = "a-made-up-key-that-is-long-enough-for-tests"
ADDRESS = "mongodb://valuation:s%40cret@one:27017,two:27018/?replicaSet=rs0&authSource=other&tls=true"


@pytest.fixture
def key(settings: Any) -> str:
    settings.ORGANIZATION_USERS_KEY = KEY
    return KEY


def test_a_user_is_named_after_its_organization() -> None:
    assert user_name("alpha_valuers") == "org_alpha_valuers"


def test_the_password_is_the_same_every_time(key: str) -> None:
    assert password("alpha_valuers") == password("alpha_valuers")


def test_the_password_is_the_documented_function_of_key_and_name(key: str) -> None:
    # printf alpha_valuers | openssl dgst -sha256 -hmac a-made-up-key-that-is-long-enough-for-tests
    assert password("alpha_valuers") == "ecd6f756288da3b49d1564df09f8f8025a678991e24df4b9e99eb6cf0521dc97"


def test_two_organizations_have_two_passwords(key: str) -> None:
    assert password("alpha_valuers") != password("beta_surveyors")


def test_another_key_makes_another_password(key: str, settings: Any) -> None:
    before = password("alpha_valuers")
    settings.ORGANIZATION_USERS_KEY = KEY[::-1]
    assert password("alpha_valuers") != before


@pytest.mark.parametrize("missing", ["", "short", "x" * 31])
def test_a_missing_or_short_key_is_named(settings: Any, missing: str) -> None:
    settings.ORGANIZATION_USERS_KEY = missing
    with pytest.raises(UsersKeyMissing, match="ORGANIZATION_USERS_KEY"):
        password("alpha_valuers")


def test_the_address_of_an_organization_keeps_the_hosts(key: str) -> None:
    parsed = parse_uri(with_credentials(ADDRESS, "alpha_valuers"))
    assert parsed["nodelist"] == [("one", 27017), ("two", 27018)]


def test_the_address_of_an_organization_keeps_the_options(key: str) -> None:
    options = parse_uri(with_credentials(ADDRESS, "alpha_valuers"))["options"]
    assert (options["replicaSet"], options["tls"]) == ("rs0", True)


def test_the_address_of_an_organization_has_its_user(key: str) -> None:
    parsed = parse_uri(with_credentials(ADDRESS, "alpha_valuers"))
    assert (parsed["username"], parsed["password"]) == ("org_alpha_valuers", password("alpha_valuers"))


def test_the_user_signs_in_at_admin_whatever_the_address_said(key: str) -> None:
    options = parse_uri(with_credentials(ADDRESS, "alpha_valuers"))["options"]
    assert options["authSource"] == "admin"


def test_a_way_of_signing_in_that_belongs_to_the_other_user_is_dropped(key: str) -> None:
    address = "mongodb://one/?authMechanism=MONGODB-X509&AUTHSOURCE=$external&replicaSet=rs0"
    options = parse_uri(with_credentials(address, "alpha_valuers"))["options"]
    assert options["authMechanism"] == "SCRAM-SHA-256"
    assert options["authSource"] == "admin"


@pytest.mark.parametrize("address", ["mongodb://one", "mongodb://one/", "mongodb://one?replicaSet=rs0"])
def test_an_address_without_a_user_gets_one(key: str, address: str) -> None:
    assert parse_uri(with_credentials(address, "alpha_valuers"))["username"] == "org_alpha_valuers"


def test_a_password_with_reserved_characters_arrives_whole() -> None:
    secret = "p@ss:w/o?r#d%20&"
    assert parse_uri(with_user("mongodb://one/", "somebody", secret))["password"] == secret


def test_a_service_record_stays_one() -> None:
    address = with_user("mongodb+srv://u:p@cluster.example/?retryWrites=true", "somebody", "secret")
    assert address.startswith("mongodb+srv://somebody:secret@cluster.example/?retryWrites=true&")


def test_an_address_can_be_had_without_its_user() -> None:
    assert without_user(ADDRESS) == "mongodb://one:27017,two:27018/?replicaSet=rs0&tls=true"


def test_the_user_of_an_address_is_read_back() -> None:
    assert user_of(with_user(ADDRESS, "some:body", "s@cret/")) == ("some:body", "s@cret/")


def test_an_address_without_a_user_has_none() -> None:
    assert user_of("mongodb://one/") is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "secret-word",
        "http://u:secret-word@one/",
        "mongodb://u:secret-word@/",
        "mongodb://u:secret-word#@one/",
    ],
)
def test_what_is_no_address_is_refused_without_being_repeated(address: str) -> None:
    with pytest.raises(BadAddress) as refusal:
        without_user(address)
    assert "secret-word" not in str(refusal.value)
