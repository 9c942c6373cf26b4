"""The sign-in service that the settings name: where it answers, and the keys that it signs with."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.conf import settings

from tenants.oidc.configuration import is_safe
from tenants.oidc.http import ProviderSilent, get_json
from tenants.oidc.keys import Keys

# How long a discovery document is taken as it is, and how soon one that did not come is asked for again.
LIFETIME_SECONDS = 60 * 60
SILENT_SECONDS = 5
# A provider that gave its keys so recently is taken to be there.
ANSWERED_SECONDS = 10.0
DISCOVERY = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the service is asked what; ``userinfo`` and ``end_session`` may be empty."""

    authorization: str
    token: str
    jwks: str
    userinfo: str = ""
    end_session: str = ""


# Field of Endpoints → what the discovery document calls it.
_DISCOVERED = {
    "authorization": "authorization_endpoint",
    "token": "token_endpoint",
    "jwks": "jwks_uri",
    "userinfo": "userinfo_endpoint",
    "end_session": "end_session_endpoint",
}
_NEEDED = ("authorization", "token", "jwks")


class Provider:
    """One issuer. Shared by all threads of the process; asks nothing before something is wanted of it.

    ``given`` has the endpoints that are set by hand; the others come from the discovery document.
    """

    def __init__(
        self,
        issuer: str,
        given: Endpoints,
        *,
        timeout: float,
        refetch_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer = issuer
        self.timeout = timeout
        self._given = given
        self._clock = clock
        self._lock = threading.Lock()
        self._found: Endpoints | None = None
        self._found_at = 0.0
        self._silent_at: float | None = None
        self.keys = Keys(
            issuer, lambda: self.endpoints().jwks, timeout, refetch_seconds=refetch_seconds, clock=clock
        )

    def signing_key(self, kid: object) -> RSAPublicKey:
        """As ``Keys.signing_key``. Raises KeyUnknown, ProviderSilent."""
        return self.keys.signing_key(kid)

    def endpoints(self) -> Endpoints:
        """Where it answers. Raises ProviderSilent when it had to be asked and does not answer."""
        if all(getattr(self._given, name) for name in _NEEDED):
            return self._given
        with self._lock:
            now = self._clock()
            if self._found is not None and now - self._found_at < LIFETIME_SECONDS:
                return self._found
            if self._silent_at is None or now - self._silent_at >= SILENT_SECONDS:
                try:
                    self._found, self._found_at = self._discovered(), now
                    self._silent_at = None
                except ProviderSilent:
                    self._silent_at = self._clock()
            if self._found is None:
                raise ProviderSilent("The sign-in service does not say where it answers.")
            # Addresses hardly ever change: old ones are better than none.
            return self._found

    def answers(self) -> bool:
        """Whether it is there, as of a moment ago; asks it when nobody did since."""
        try:
            self.keys.fetch_if_older(min(ANSWERED_SECONDS, self.keys.refetch_seconds))
        except ProviderSilent:
            return False
        return True

    def _discovered(self) -> Endpoints:
        url = f"{self.issuer.rstrip('/')}{DISCOVERY}"
        document = get_json(url, timeout=self.timeout)
        # OpenID Connect Discovery 1.0, 4.3: else another issuer's document would be taken for this one's.
        if document.get("issuer") != self.issuer:
            raise ProviderSilent(f"{url} is about another issuer than OIDC_ISSUER says.")
        return Endpoints(**{name: self._endpoint(document, name) for name in _DISCOVERED})

    def _endpoint(self, document: dict[str, Any], name: str) -> str:
        address = getattr(self._given, name) or document.get(_DISCOVERED[name]) or ""
        if name in _NEEDED and not address:
            raise ProviderSilent(f"The discovery document has no {_DISCOVERED[name]}.")
        if address and not (isinstance(address, str) and is_safe(address)):
            raise ProviderSilent(f"The discovery document's {_DISCOVERED[name]} is no https:// address.")
        return address


def provider() -> Provider:
    """The one of the settings. Raises nothing; there must be one (``OIDC_ENABLED``)."""
    return _provider(
        settings.OIDC_ISSUER,
        Endpoints(
            authorization=settings.OIDC_OP_AUTHORIZATION_ENDPOINT,
            token=settings.OIDC_OP_TOKEN_ENDPOINT,
            jwks=settings.OIDC_OP_JWKS_ENDPOINT,
            userinfo=settings.OIDC_OP_USER_ENDPOINT,
            end_session=settings.OIDC_OP_LOGOUT_ENDPOINT,
        ),
        settings.OIDC_TIMEOUT,
        settings.OIDC_KEYS_REFETCH_SECONDS,
    )


# Settings do not change while a process runs; tests change them, and get another provider.
@lru_cache(maxsize=4)
def _provider(issuer: str, given: Endpoints, timeout: float, refetch_seconds: float) -> Provider:
    return Provider(issuer, given, timeout=timeout, refetch_seconds=refetch_seconds)
