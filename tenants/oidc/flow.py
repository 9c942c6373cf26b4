"""Going to the sign-in service and coming back: what is remembered meanwhile, once, and for a while only."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.crypto import get_random_string
from django.utils.http import url_has_allowed_host_and_scheme
from mozilla_django_oidc.utils import add_state_and_verifier_and_nonce_to_session, generate_code_challenge

from tenants.oidc.backend import callback_url
from tenants.oidc.http import ProviderSilent
from tenants.oidc.provider import provider

# Long enough for a forgotten password and a second factor at the service.
STATE_SECONDS = 15 * 60
_STATE_LENGTH = 43
_NONCE_LENGTH = 43
# RFC 7636 allows 43 to 128 characters.
_VERIFIER_LENGTH = 64
_STATES = "oidc_states"


class Purpose(StrEnum):
    """What for somebody goes to the service."""

    SIGN_IN = "sign_in"
    RENEW = "renew"
    CONNECT = "connect"


@dataclass(frozen=True, slots=True)
class Begun:
    """What was remembered when somebody went to the service. ``next`` is an address of this site or empty."""

    purpose: Purpose
    nonce: str
    code_verifier: str
    next: str
    # Who was signed in then, where that matters.
    user_id: str


def begin(request: HttpRequest, purpose: Purpose, *, next_url: str = "", prompt: str = "") -> HttpResponse:
    """To the service, with a state, a nonce and a code challenge that this session alone can answer.

    ``next_url`` is followed afterwards if it is this site's. Raises ProviderSilent when the service is gone:
    a browser that were sent there would show an error of its own, and no way back.
    """
    if not provider().answers():
        raise ProviderSilent("The sign-in service does not answer; nobody is sent there.")
    endpoint = provider().endpoints().authorization
    state = get_random_string(_STATE_LENGTH)
    verifier = get_random_string(_VERIFIER_LENGTH)
    asked = {
        "response_type": "code",
        "scope": settings.OIDC_SCOPES,
        "client_id": settings.OIDC_RP_CLIENT_ID,
        "redirect_uri": callback_url(request),
        "state": state,
        "nonce": get_random_string(_NONCE_LENGTH),
        "code_challenge": generate_code_challenge(verifier, settings.OIDC_PKCE_CODE_CHALLENGE_METHOD),
        "code_challenge_method": settings.OIDC_PKCE_CODE_CHALLENGE_METHOD,
    }
    if prompt:
        asked["prompt"] = prompt
    add_state_and_verifier_and_nonce_to_session(request, state, asked, verifier)
    request.session[_STATES][state].update(
        purpose=purpose.value,
        next=next_url if is_own(request, next_url) else "",
        user_id=str(request.user.pk) if request.user.is_authenticated else "",
    )
    # The library changes a dictionary inside, which the session does not notice.
    request.session.modified = True
    return HttpResponseRedirect(f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}")


def take(request: HttpRequest, state: str) -> Begun | None:
    """What this session began under ``state``, and never again; None when it did not, or too long ago.

    The session is stored before anything slow happens. Two answers with one state at the same moment both
    find it there: the shared cache lets one of them have it.
    """
    states = request.session.get(_STATES)
    entry = states.pop(state, None) if isinstance(states, dict) else None
    if not isinstance(entry, dict) or "purpose" not in entry:
        return None
    request.session.modified = True
    request.session.save()
    name = hashlib.sha256(state.encode()).hexdigest()
    if not 0 <= time.time() - entry["added_on"] <= STATE_SECONDS:
        return None
    if not cache.add(f"openid.state.{name}", 1, timeout=STATE_SECONDS):
        return None
    return Begun(
        Purpose(entry["purpose"]),
        str(entry["nonce"]),
        str(entry["code_verifier"]),
        str(entry["next"]),
        str(entry["user_id"]),
    )


def is_own(request: HttpRequest, url: str) -> bool:
    """Whether the address leads nowhere but here."""
    return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
