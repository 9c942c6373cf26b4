"""A provider that is set up by halves is told at the start, by the name of what is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings

from tenants.oidc.configuration import origins_of, problem_of, roles_of

GOOD: dict[str, Any] = {
    "OIDC_ISSUER": "https://provider.example/pool",
    "OIDC_RP_CLIENT_SECRET": "secret",
    "OIDC_OP_AUTHORIZATION_ENDPOINT": "",
    "OIDC_OP_TOKEN_ENDPOINT": "",
    "OIDC_OP_USER_ENDPOINT": "",
    "OIDC_OP_JWKS_ENDPOINT": "",
    "OIDC_OP_LOGOUT_ENDPOINT": "",
    "OIDC_ROLES": {"field": "valuer"},
    "OIDC_LOGOUT_STYLE": "standard",
    "OIDC_NO_GROUPS": "keep",
    "OIDC_SCOPES": "openid email",
    "OIDC_CLOCK_SKEW_SECONDS": 60,
    "OIDC_TIMEOUT": 5.0,
    "OIDC_RENEW_SECONDS": 900,
}


def test_nothing_is_wrong_with_what_is_whole() -> None:
    assert problem_of(GOOD) == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_ISSUER", ""),
        ("OIDC_ISSUER", "http://provider.example"),
        ("OIDC_ISSUER", "provider.example"),
        ("OIDC_RP_CLIENT_SECRET", ""),
        ("OIDC_OP_TOKEN_ENDPOINT", "http://provider.example/token"),
        ("OIDC_ROLES", {"field": "valuers"}),
        ("OIDC_LOGOUT_STYLE", "own"),
        ("OIDC_LOGOUT_STYLE", "cognito"),
        ("OIDC_NO_GROUPS", "manager"),
        ("OIDC_SCOPES", "email"),
        ("OIDC_CLOCK_SKEW_SECONDS", 3600),
        ("OIDC_TIMEOUT", 0),
        ("OIDC_RENEW_SECONDS", 0),
    ],
)
def test_what_is_wrong_is_named(name: str, value: object) -> None:
    assert name in problem_of({**GOOD, name: value})


def test_the_own_machine_needs_no_https() -> None:
    assert problem_of({**GOOD, "OIDC_ISSUER": "http://127.0.0.1:4000"}) == ""


def test_roles_are_pairs_and_a_group_may_hold_an_equals_sign() -> None:
    assert roles_of(["field=valuer", " cn=office = manager ", ""]) == {
        "field": "valuer",
        "cn=office": "manager",
    }
    assert roles_of(["valuers"]) == {"": "valuers"}


def test_origins_are_named_once_without_paths() -> None:
    given = ["https://a.example/pool", "https://b.example:8443/logout?x=1", "", "https://a.example/"]
    assert origins_of(given) == ["https://a.example", "https://b.example:8443"]


def test_the_application_does_not_start_without_an_issuer() -> None:
    variables = {**os.environ, "OIDC_RP_CLIENT_ID": "valuation-reports", "OIDC_ISSUER": ""}
    done = subprocess.run(
        [sys.executable, "-c", "import valuation.settings"],
        env=variables,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip().endswith("OIDC_RP_CLIENT_ID is set, so OIDC_ISSUER must be too.")
