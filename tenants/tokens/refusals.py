"""Why a bearer token opens nothing, as the API tells it (RFC 6750, section 3)."""

from __future__ import annotations

from tenants.api.problems import Problem
from tenants.permissions import Permission

REALM = 'realm="api"'
# What whoever sends no token is told of the ways in.
WAYS_IN = f"Session {REALM}, Bearer {REALM}"
UNKNOWN = "The token is not one that is known here."


class TokenRefused(Problem):
    """401: the token is missing a part, wrong, over, revoked, or its person is no longer let in.

    ``detail`` goes to whoever asks: it tells nothing that only the token's owner may know, unless the token
    itself was right.
    """

    def __init__(self, detail: str = UNKNOWN) -> None:
        challenge = f'Bearer {REALM}, error="invalid_token", error_description="{_quotable(detail)}"'
        super().__init__(401, "The token is refused", detail, headers={"WWW-Authenticate": challenge})


class ScopeMissing(Problem):
    """403: the token is good, and not for this."""

    def __init__(self, permission: Permission) -> None:
        detail = f"The token's scopes do not allow this ({permission.value})."
        challenge = f'Bearer {REALM}, error="insufficient_scope", error_description="{_quotable(detail)}"'
        super().__init__(403, "Not allowed", detail, headers={"WWW-Authenticate": challenge})


class KeysMissing(Problem):
    """503: the sign-in service that signed the token does not tell its keys now."""

    def __init__(self) -> None:
        super().__init__(
            503,
            "The sign-in service does not answer",
            "Its access tokens cannot be checked now. Personal API tokens go on working.",
            headers={"Retry-After": "10"},
        )


def _quotable(text: str) -> str:
    """Text as a quoted string of a header may hold it."""
    return "".join(sign for sign in text if " " <= sign <= "~" and sign not in '"\\')
