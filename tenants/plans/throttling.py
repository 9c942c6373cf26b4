"""How often the API may be asked: by a firm, as its plan grants, and with bad credentials, by an address.

Both count by the minute of the clock, in the cache that all workers share, in one command a request. A firm
whose plan limits nothing costs none.
"""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework import status
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from tenants.api.problems import Problem
from tenants.models import Organization
from tenants.origin import origin
from tenants.plans.limits import limit_of
from tenants.plans.names import Limit
from tenants.sign_in.lockout import network_of

MINUTE = 60
# Counts are of no use once their minute is over; workers' clocks may differ by less than this.
_KEPT_SECONDS = 2 * MINUTE


class PlanThrottle(BaseThrottle):
    """The firm's requests in a minute, however its people signed in. For ``DEFAULT_THROTTLE_CLASSES``.

    Every answer says in ``RateLimit-Limit``, ``-Remaining`` and ``-Reset`` (seconds) how things stand.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        """Raises Problem 429 with ``Retry-After`` when the minute's requests are used."""
        organization = getattr(request._request, "organization", None)
        limit = limit_of(organization, Limit.API_REQUESTS) if isinstance(organization, Organization) else None
        if organization is None or limit is None:
            return True
        granted, used, reset = _take(f"api:{organization.org_id}", limit)
        view.headers.update(
            {
                "RateLimit-Limit": str(limit),
                "RateLimit-Remaining": str(max(limit - used, 0)),
                "RateLimit-Reset": str(reset),
            }
        )
        if not granted:
            raise too_many(
                f"Your firm's plan grants {limit} requests of the API a minute, and they are used. "
                f"Ask again in {_seconds(reset)}.",
                reset,
            )
        return True


def too_many_failures() -> Problem | None:
    """Count a request with bad or no credentials; the 429 to answer it with when it is one too many.

    Only such requests are counted, and only they are refused: whoever comes with good credentials from the
    same address is served.
    """
    granted, _, reset = _take(f"api-failures:{network_of(origin().ip)}", settings.API_FAILURES_A_MINUTE)
    if granted:
        return None
    return too_many(
        f"Too many requests came from this address without being signed in. Ask again in {_seconds(reset)}.",
        reset,
    )


def too_many(detail: str, reset: int) -> Problem:
    return Problem(
        status.HTTP_429_TOO_MANY_REQUESTS,
        "Too many requests",
        detail,
        kind="rate",
        headers={"Retry-After": str(reset)},
    )


def _take(key: str, limit: int) -> tuple[bool, int, int]:
    """Whether it is within the minute's limit, how many it makes, and the seconds until the next minute."""
    minute, passed = divmod(int(time.time()), MINUTE)
    if limit <= 0:
        return False, 0, MINUTE - passed
    shared: Any = cache
    taken = shared.take(f"{key}:{minute}", limit=limit, seconds=_KEPT_SECONDS, locked=_KEPT_SECONDS)
    return taken.granted, taken.number, MINUTE - passed


def _seconds(count: int) -> str:
    return f"{count} second{'' if count == 1 else 's'}"
