"""What the settings of single sign-on must be. The settings import it: it does not know Django."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

# The codes of tenants.permissions.Role, which cannot be imported while the settings are being made; a test
# compares them. The strongest first: of several groups it is that which counts.
ROLES_BY_STRENGTH = ("manager", "valuer", "assistant", "viewer")
CHOICES = {
    "OIDC_LOGOUT_STYLE": ("standard", "cognito"),
    # What becomes of the role of somebody who comes without the claim that names the groups.
    "OIDC_NO_GROUPS": ("keep", "viewer"),
}
ENDPOINTS = (
    "OIDC_OP_AUTHORIZATION_ENDPOINT",
    "OIDC_OP_TOKEN_ENDPOINT",
    "OIDC_OP_USER_ENDPOINT",
    "OIDC_OP_JWKS_ENDPOINT",
    "OIDC_OP_LOGOUT_ENDPOINT",
)
_OWN_MACHINE = {"127.0.0.1", "localhost", "::1"}


def roles_of(pairs: Iterable[str]) -> dict[str, str]:
    """Group → role, from ``group=role`` pairs. A pair that cannot be read keeps an empty role."""
    return {
        group.strip(): role.strip()
        for group, _, role in (pair.rpartition("=") for pair in pairs)
        if group.strip() or role.strip()
    }


def origins_of(addresses: Iterable[str]) -> list[str]:
    """Scheme, host and port of each address, once; what the policy of the pages lets forms lead to."""
    found = (urlsplit(address) for address in addresses if address)
    return list(dict.fromkeys(f"{parts.scheme}://{parts.netloc}" for parts in found))


def problem_of(given: Mapping[str, Any]) -> str:
    """What is wrong with the settings of single sign-on, naming the variable; empty when nothing is."""
    for name in ("OIDC_ISSUER", "OIDC_RP_CLIENT_SECRET"):
        if not given[name]:
            return f"OIDC_RP_CLIENT_ID is set, so {name} must be too."
    for name in ("OIDC_ISSUER", *ENDPOINTS):
        if given[name] and not is_safe(given[name]):
            return f"{name} is an https:// address, or http:// on this machine."
    wrong = [role for role in given["OIDC_ROLES"].values() if role not in ROLES_BY_STRENGTH]
    if wrong:
        return f"OIDC_ROLES is group=role pairs; a role is one of {', '.join(ROLES_BY_STRENGTH)}."
    for name, choices in CHOICES.items():
        if given[name] not in choices:
            return f"{name} is one of {', '.join(choices)}."
    return _problem_of_values(given)


def _problem_of_values(given: Mapping[str, Any]) -> str:
    if given["OIDC_LOGOUT_STYLE"] == "cognito" and not given["OIDC_OP_LOGOUT_ENDPOINT"]:
        return "OIDC_LOGOUT_STYLE=cognito needs OIDC_OP_LOGOUT_ENDPOINT: the sign-in domain's /logout."
    if "openid" not in given["OIDC_SCOPES"].split():
        return "OIDC_SCOPES has “openid” among its words."
    if not 0 <= given["OIDC_CLOCK_SKEW_SECONDS"] <= 300:
        return "OIDC_CLOCK_SKEW_SECONDS is between 0 and 300."
    for name in ("OIDC_TIMEOUT", "OIDC_RENEW_SECONDS"):
        if given[name] <= 0:
            return f"{name} is more than nothing."
    return ""


def is_safe(address: str) -> bool:
    """Whether what is sent there can be read by nobody on the way."""
    parts = urlsplit(address)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _OWN_MACHINE)
    )
