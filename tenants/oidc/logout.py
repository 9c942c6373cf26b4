"""Signing out at the sign-in service too, so that the next one at this computer is asked who they are."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from tenants.oidc import session
from tenants.oidc.http import ProviderSilent
from tenants.oidc.provider import provider


def end_session_url(request: HttpRequest) -> str | None:
    """Where to go, once signed out here, to be signed out there; it leads back to the sign-in page.

    To be asked before the session ends. None for who came with a password, and where the service has no such
    address or does not say it. No command; the service is asked once an hour at most.
    """
    if not settings.OIDC_ENABLED or not session.is_of_openid(request):
        return None
    try:
        endpoint = provider().endpoints().end_session
    except ProviderSilent:
        return None
    if not endpoint:
        return None
    back = request.build_absolute_uri(reverse("sign-in"))
    asked = {"client_id": settings.OIDC_RP_CLIENT_ID}
    if settings.OIDC_LOGOUT_STYLE == "cognito":
        # Amazon Cognito's managed login: /logout?client_id=…&logout_uri=…, and nothing of the standard's.
        asked["logout_uri"] = back
    else:
        asked["post_logout_redirect_uri"] = back
        if hint := session.kept_id_token(request):
            asked["id_token_hint"] = hint
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"
