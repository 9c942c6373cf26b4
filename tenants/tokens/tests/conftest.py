"""Programs that ask the API with a token, and a sign-in service whose access tokens it takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tenants.models import ApiToken, User
from tenants.tokens import bearer
from tenants.tokens.personal import Secret, new_key, new_secret
from tenants.tokens.tests.forging import CLIENT, ISSUER, ListedKeys

MakeToken = Callable[..., Secret]
Ask = Callable[..., Any]


@pytest.fixture
def made_token(database: None) -> MakeToken:
    """``made_token(valuer, scopes=["read"], revoked_at=…)`` stores a token and gives the whole of it."""

    def make(person: User, *, scopes: tuple[str, ...] = ("read", "draft"), **fields: Any) -> Secret:
        secret = new_secret(new_key())
        now = timezone.now()
        stored = {
            "user_id": person.pk,
            "org_id": person.organization_id,
            "name": "Nightly import",
            "scopes": list(scopes),
            "expires_at": now + timedelta(days=30),
            # As if used a moment ago: nothing to write down.
            "last_used_at": now,
        }
        ApiToken(key=secret.key, digest=secret.digest, **{**stored, **fields}).save(force_insert=True)
        return secret

    return make


@pytest.fixture
def ask() -> Ask:
    """``ask(token, "/api/me")`` sends a request with the token and nothing else."""

    def send(
        token: str, path: str = "/api/me", *, browser: Client | None = None, **more: Any
    ) -> HttpResponse:
        asking = browser or Client(enforce_csrf_checks=True)
        method = more.pop("method", "get")
        headers = {"Authorization": f"Bearer {token}"} | more.pop("headers", {})
        answer: HttpResponse = getattr(asking, method)(path, headers=headers, **more)
        return answer

    return send


@pytest.fixture
def sign_in_service(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> ListedKeys:
    """The settings name a service, and its keys are these."""
    keys = ListedKeys()
    settings.OIDC_ISSUER = ISSUER
    settings.API_CLIENT_IDS = [CLIENT]
    settings.API_TOKEN_USE = "access"
    settings.API_AUDIENCE = ""
    settings.API_SCOPES = {"reports/draft": "draft"}
    monkeypatch.setattr(bearer, "provider", lambda: keys)
    return keys


@pytest.fixture
def connected(valuer: User) -> User:
    """The valuer, who is ``subject-1`` at the sign-in service."""
    User.objects.filter(pk=valuer.pk).update(oidc_issuer=ISSUER, cognito_id="subject-1")
    return valuer
