"""The keys that the sign-in service signs its tokens with, kept by the process and looked up by their ids."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tenants.oidc.http import ProviderSilent, get_json

__all__ = ["KeyUnknown", "Keys", "ProviderSilent"]

# How long fetched keys are taken as they are; a key that the service withdraws is refused after that.
LIFETIME_SECONDS = 60 * 60
# How much longer they stay good while the service does not answer.
GRACE_SECONDS = 60 * 60
# An id that is not among them has the keys fetched anew, but not more often than this: whoever sends tokens
# with made-up ids must not make us hammer the service.
UNKNOWN_SECONDS = 30
# Nor is a service that did not answer asked by every request.
SILENT_SECONDS = 5
# NIST SP 800-131A: nothing shorter may sign.
FEWEST_BITS = 2048
LONGEST_ID = 200


class KeyUnknown(Exception):
    """The service has no such key."""


class Keys:
    """The RSA keys of one issuer, fetched when first asked for.

    Shared by all threads: one of them fetches while the others use what is there, or wait for it when nothing
    is. ``jwks_url`` may be a function that finds it out, and may raise ProviderSilent. ``timeout`` and
    ``refetch_seconds`` are in seconds; ``clock`` counts seconds from anywhere.
    """

    def __init__(
        self,
        issuer: str,
        jwks_url: str | Callable[[], str],
        timeout: float,
        *,
        refetch_seconds: float = UNKNOWN_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer = issuer
        self._jwks_url = jwks_url
        self.timeout = timeout
        self.refetch_seconds = refetch_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, RSAPublicKey] = {}
        self._fetched_at: float | None = None
        self._silent_at: float | None = None

    def signing_key(self, kid: object) -> RSAPublicKey:
        """The key of this id, whatever a token's header says the id is.

        Raises KeyUnknown when the service has none of that id, ProviderSilent when it cannot be asked.
        """
        if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_ID:
            raise KeyUnknown("A token names its key.")
        known, age = self._keys.get(kid), self._age()
        if known is not None and age < LIFETIME_SECONDS:
            return known
        # Keys that are merely old serve everybody but the one thread that fetches.
        must_wait = known is None or age >= LIFETIME_SECONDS + GRACE_SECONDS
        if self._lock.acquire(blocking=must_wait):
            try:
                self._refresh(kid)
            finally:
                self._lock.release()
        found = self._keys.get(kid)
        if found is None:
            raise KeyUnknown("The sign-in service has no key of this id.")
        return found

    def fetch_if_older(self, seconds: float) -> None:
        """Have keys that were fetched within ``seconds``. Raises ProviderSilent when the service is gone."""
        if self._age() < seconds:
            return
        with self._lock:
            if self._age() < seconds:
                return
            if self._was_silent():
                raise ProviderSilent("The sign-in service did not answer a moment ago.")
            self._fetch()

    def forget(self) -> None:
        """Fetch anew when next asked."""
        with self._lock:
            self._keys, self._fetched_at, self._silent_at = {}, None, None

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._clock() - self._fetched_at

    def _was_silent(self) -> bool:
        return self._silent_at is not None and self._clock() - self._silent_at < SILENT_SECONDS

    def _refresh(self, kid: str) -> None:
        """Under the lock. Another thread may have fetched while this one waited for it."""
        age = self._age()
        wanted_after = LIFETIME_SECONDS if kid in self._keys else self.refetch_seconds
        if age < wanted_after:
            return
        usable = age < LIFETIME_SECONDS + GRACE_SECONDS
        if self._was_silent():
            if usable and kid in self._keys:
                return
            raise ProviderSilent("The sign-in service did not answer a moment ago.")
        try:
            self._fetch()
        except ProviderSilent:
            if not (usable and kid in self._keys):
                raise

    def _fetch(self) -> None:
        """Under the lock. Raises ProviderSilent."""
        try:
            url = self._jwks_url if isinstance(self._jwks_url, str) else self._jwks_url()
            keys = _keys_in(get_json(url, timeout=self.timeout))
        except ProviderSilent:
            self._silent_at = self._clock()
            raise
        self._keys, self._fetched_at, self._silent_at = keys, self._clock(), None


def _keys_in(answer: dict[str, Any]) -> dict[str, RSAPublicKey]:
    """The keys of a key set (RFC 7517) that may verify an RS256 signature; the rest is not ours to judge."""
    listed = answer.get("keys")
    found: dict[str, RSAPublicKey] = {}
    for each in listed if isinstance(listed, list) else []:
        key = _key(each)
        if key is not None:
            found[each["kid"]] = key
    if not found:
        raise ProviderSilent("The sign-in service's key set holds no key that we can use.")
    return found


def _key(listed: Any) -> RSAPublicKey | None:
    if not isinstance(listed, dict) or listed.get("kty") != "RSA" or not isinstance(listed.get("kid"), str):
        return None
    if listed.get("use", "sig") != "sig" or listed.get("alg", "RS256") != "RS256":
        return None
    try:
        key = jwt.PyJWK(listed, algorithm="RS256").key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return key if isinstance(key, RSAPublicKey) and key.key_size >= FEWEST_BITS else None
