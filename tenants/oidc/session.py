"""What a session that rests on the sign-in service remembers of it. No token, unless sign-out needs it."""

from __future__ import annotations

import time

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest

BY = "openid"
_BY = "signed_in_by"
_PROVED_AT = "openid_proved_at"
_TRIED_AT = "openid_tried_at"
_ID_TOKEN = "openid_id_token"  # noqa: S105 - the name of what is kept
# After a renewal that did not come to an end, the next one.
RETRY_SECONDS = 60


def note_proof(request: HttpRequest, id_token: str) -> None:
    """The service has just proved who this is."""
    request.session[_BY] = BY
    request.session[_PROVED_AT] = int(time.time())
    request.session.pop(_TRIED_AT, None)
    if settings.OIDC_STORE_ID_TOKEN:
        request.session[_ID_TOKEN] = id_token


def note_try(request: HttpRequest) -> None:
    """A renewal was begun, or did not come to an end."""
    request.session[_TRIED_AT] = int(time.time())


def note_password(request: HttpRequest) -> None:
    """From now on this session rests on the person's password, which was just asked for."""
    for name in (_PROVED_AT, _TRIED_AT, _ID_TOKEN):
        request.session.pop(name, None)
    request.session[_BY] = "password"


def is_of_openid(request: HttpRequest) -> bool:
    """Whether somebody is signed in, by the service."""
    return SESSION_KEY in request.session and request.session.get(_BY) == BY


def proof_age(request: HttpRequest) -> float:
    """Seconds since the service said who this is; endless when it is not known."""
    return _since(request, _PROVED_AT)


def is_too_old(request: HttpRequest) -> bool:
    """Whether two renewals should have been since: nothing more is done on the strength of the proof."""
    seconds: int = settings.OIDC_RENEW_SECONDS
    return proof_age(request) >= 2 * seconds


def was_tried_lately(request: HttpRequest) -> bool:
    """Whether a renewal was begun a moment ago, and has not come to an end."""
    return _since(request, _TRIED_AT) < RETRY_SECONDS


def kept_id_token(request: HttpRequest) -> str:
    """The token that the service gave, where it is kept; else empty."""
    return str(request.session.get(_ID_TOKEN, ""))


def _since(request: HttpRequest, name: str) -> float:
    at = request.session.get(name)
    age = time.time() - at if isinstance(at, int) else float("inf")
    # A moment that is still to come is no proof of anything.
    return age if age >= 0 else float("inf")
