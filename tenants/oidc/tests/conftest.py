"""A provider that answers what it is told: for what a real one would never do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tenants.oidc import backend, keys, provider
from tenants.oidc.tests import forging
from tenants.oidc.tests.forging import CLIENT_ID, ISSUER

EMAIL = "vikram@alpha-valuers.example"


@dataclass
class FakeProvider:
    """What its endpoints answer, and what they were asked."""

    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None
    # What makes the ID token of the claims; a forger puts another in its place.
    sign: Callable[[dict[str, Any]], object] = forging.token
    token_answer: tuple[int, dict[str, Any]] | None = None
    asked: list[tuple[str, Mapping[str, str], tuple[str, str] | None]] = field(default_factory=list)
    nonce: str = ""

    def post_form(
        self, url: str, fields: Mapping[str, str], *, timeout: float, basic: tuple[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        self.asked.append((url, fields, basic))
        if self.token_answer is not None:
            return self.token_answer
        said = forging.claims(**{"nonce": self.nonce, "email": EMAIL, **self.claims})
        return 200, {"access_token": "access", "id_token": self.sign(said)}

    def get_userinfo(self, url: str, *, timeout: float, bearer: str) -> dict[str, Any]:
        return {"sub": "subject-1"} if self.userinfo is None else self.userinfo

    def get_keys(self, url: str, *, timeout: float) -> dict[str, Any]:
        return forging.key_set("key-1")

    def come_back(self, site: Client, start: str = "/openid/sign-in/", **more: str) -> Any:
        """Go to the provider and come straight back with a code."""
        asked = parse_qs(urlsplit(site.get(start)["Location"]).query)
        self.nonce = asked["nonce"][0]
        return site.get("/openid/callback/", {"state": asked["state"][0], "code": "code", **more})


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[FakeProvider]:
    """Set up here as the provider to sign in with."""
    one = FakeProvider()
    settings.OIDC_ENABLED = True
    settings.OIDC_ISSUER = ISSUER
    settings.OIDC_RP_CLIENT_ID = CLIENT_ID
    settings.OIDC_RP_CLIENT_SECRET = "to be: encoded/"
    for name in ("AUTHORIZATION", "TOKEN", "USER", "JWKS", "LOGOUT"):
        setattr(settings, f"OIDC_OP_{name}_ENDPOINT", f"{ISSUER}/{name.lower()}")
    monkeypatch.setattr(backend, "post_form", one.post_form)
    monkeypatch.setattr(backend, "get_json", one.get_userinfo)
    monkeypatch.setattr(keys, "get_json", one.get_keys)
    provider._provider.cache_clear()
    yield one
    provider._provider.cache_clear()
