"""The bearer token that a request carries (RFC 6750), in the one place where it may stand: its header."""

from __future__ import annotations

import re

from django.http import HttpRequest

# What RFC 6750 lets a token be made of; headers longer than this reach no server of ours.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{1,8192}=*", re.ASCII)


def bearer_of(request: HttpRequest) -> str | None:
    """The token of ``Authorization: Bearer …``; ``""`` when what stands there is none; None without one.

    Whoever sends such a header asks with the token alone: a session's cookie beside it counts for nothing.
    """
    scheme, _, rest = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer":
        return None
    token = rest.strip()
    return token if _TOKEN.fullmatch(token) else ""
