"""The conversation with the sign-in service after somebody came back from it: a code becomes a proof."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from mozilla_django_oidc.auth import OIDCAuthenticationBackend

from tenants.oidc.actions import person_of
from tenants.oidc.http import ProviderSilent, get_json, post_form
from tenants.oidc.id_tokens import TokenRefused, verified_claims
from tenants.oidc.matching import Claims, claims_of
from tenants.oidc.provider import provider

logger = logging.getLogger(__name__)

# A worker has four threads; a service that is slow must not hold them all.
_talking = threading.BoundedSemaphore(2)
_WAIT_SECONDS = 2.0


class CodeRefused(Exception):
    """The service does not take the code: it was used, is too old, or was somebody else's."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Who somebody is at the service. ``id_token`` as it came, for the hint when they sign out there."""

    claims: Claims
    id_token: str


class OpenIDBackend(OIDCAuthenticationBackend):
    """The library's backend, with what it leaves out: issuer, audience, time limits, and who is meant.

    Not among AUTHENTICATION_BACKENDS: it knows people by a proof that only the callback can have, and a form
    with a password must never come by here.
    """

    def __init__(self) -> None:
        """The library's own reads settings that may have to be discovered first."""
        self.provider = provider()

    def authenticate(self, request: HttpRequest | None, **kwargs: Any) -> Any:
        """The person of the code with which the request came back. Raises as ``prove`` and ``person_of``."""
        if request is None or not {"code", "nonce", "code_verifier"} <= kwargs.keys():
            return None
        proof = self.prove(
            request, code=kwargs["code"], nonce=kwargs["nonce"], code_verifier=kwargs["code_verifier"]
        )
        return person_of(proof.claims).person

    def prove(self, request: HttpRequest, *, code: str, nonce: str, code_verifier: str) -> Proof:
        """What the code stands for. Raises ProviderSilent, CodeRefused, TokenRefused."""
        with _one_of_few():
            answer = self.get_token(
                {
                    "grant_type": "authorization_code",
                    "code": code,
                    "redirect_uri": callback_url(request),
                    "code_verifier": code_verifier,
                }
            )
            access_token = answer.get("access_token")
            said = self.verify_token(answer.get("id_token"), nonce=nonce, access_token=access_token)
            more = self.get_userinfo(access_token, answer["id_token"], said)
        claims = claims_of(
            _together(said, more),
            issuer=self.provider.issuer,
            organization_claim=settings.OIDC_ORGANIZATION_CLAIM,
            roles_claim=settings.OIDC_ROLES_CLAIM,
        )
        return Proof(claims, answer["id_token"])

    def get_token(self, payload: dict[str, str]) -> dict[str, Any]:
        """The token endpoint's answer. The client's secret goes in a header, where no log has it."""
        # RFC 6749, 2.3.1: encoded before they are put together.
        client = quote(settings.OIDC_RP_CLIENT_ID, safe=""), quote(settings.OIDC_RP_CLIENT_SECRET, safe="")
        url = self.provider.endpoints().token
        status, answer = post_form(url, payload, timeout=self.provider.timeout, basic=client)
        if status == 200:
            return answer
        error = answer.get("error")
        if error == "invalid_grant":
            raise CodeRefused("The sign-in service does not take the code.")
        logger.error(
            "The sign-in service refuses this client (%.60r): see OIDC_RP_CLIENT_ID and _SECRET.", error
        )
        raise ProviderSilent("The sign-in service refuses this client.")

    def verify_token(self, token: object, **kwargs: Any) -> dict[str, Any]:
        """The ID token's claims. Raises TokenRefused, ProviderSilent."""
        return verified_claims(
            token,
            signing_key=self.provider.signing_key,
            issuer=self.provider.issuer,
            client_id=settings.OIDC_RP_CLIENT_ID,
            nonce=kwargs["nonce"],
            skew_seconds=settings.OIDC_CLOCK_SKEW_SECONDS,
            access_token=kwargs.get("access_token"),
        )

    def get_userinfo(self, access_token: object, id_token: str, payload: dict[str, Any]) -> dict[str, Any]:
        """What the service tells of the ID token's subject; empty where it has no such endpoint."""
        url = self.provider.endpoints().userinfo
        if not url:
            return {}
        if not isinstance(access_token, str):
            raise TokenRefused("no access token")
        said = get_json(url, timeout=self.provider.timeout, bearer=access_token)
        # OpenID Connect Core 1.0, 5.3.2: else one person's access token could dress another's ID token.
        if said.get("sub") != payload["sub"]:
            raise TokenRefused("userinfo of another subject")
        return said

    def get_or_create_user(self, access_token: str, id_token: str, payload: dict[str, Any]) -> NoReturn:
        """The library would go by the e-mail address; ``actions.person_of`` goes by issuer and subject."""
        raise NotImplementedError("People are found by tenants.oidc.actions.person_of.")


def _together(said: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """What is signed counts; the rest fills in what is not said there.

    Whether an e-mail address is confirmed is taken from where the same address stands: else the one's word
    would confirm the other's address.
    """
    of, other = (said, more) if "email" in said else (more, said)
    if "email_verified" in of or other.get("email", of.get("email")) != of.get("email"):
        other = {}
    confirmed = of.get("email_verified", other.get("email_verified"))
    return {**more, **said, "email_verified": confirmed}


def callback_url(request: HttpRequest) -> str:
    """Where the service sends people back to, which it has to know beforehand."""
    return request.build_absolute_uri(reverse("openid-callback"))


@contextmanager
def _one_of_few() -> Iterator[None]:
    if not _talking.acquire(timeout=_WAIT_SECONDS):
        raise ProviderSilent("Others are waiting for the sign-in service already.")
    try:
        yield
    finally:
        _talking.release()
