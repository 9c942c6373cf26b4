"""A cluster that does not answer is a 503 for its own organizations, soon, and for nobody else."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client

from tenants.models import Organization, User
from tenants.mongodb.clients import clients


@pytest.fixture
def cluster_of_firm_is_down(firm: Organization, monkeypatch: pytest.MonkeyPatch) -> Organization:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setitem(settings.MONGODB_ADDRESSES, "MONGODB_URI_DOWN", f"mongodb://127.0.0.1:{port}/")
    monkeypatch.setitem(settings.MONGODB_CLIENT_OPTIONS, "timeoutMS", 300)
    Organization.objects.filter(pk=firm.pk).update(address_setting="MONGODB_URI_DOWN", placement_version=2)
    return firm


def test_its_people_are_told_when_to_come_back(
    cluster_of_firm_is_down: Organization, valuer: User, client_for: Callable[[User], Client]
) -> None:
    started = time.monotonic()
    response = client_for(valuer).get("/reports/")
    assert response.status_code == 503
    assert response["Retry-After"]
    assert b"Traceback" not in response.content
    assert time.monotonic() - started < settings.MONGODB_CLIENT_OPTIONS["timeoutMS"] / 1000 + 2


def test_another_firm_goes_on_working(
    cluster_of_firm_is_down: Organization, rival_valuer: User, client_for: Callable[[User], Client]
) -> None:
    assert client_for(rival_valuer).get("/reports/").status_code == 200


def test_readiness_says_which_database_is_missing(database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client()
    assert client.get("/readyz").json()["status"] == "ready"
    address = settings.MONGODB_ADDRESSES["MONGODB_URI"]
    clients.close_all()
    monkeypatch.setitem(settings.MONGODB_CLIENT_OPTIONS, "serverSelectionTimeoutMS", 200)
    monkeypatch.setitem(settings.MONGODB_CLIENT_OPTIONS, "timeoutMS", 500)
    settings.MONGODB_ADDRESSES["MONGODB_URI"] = "mongodb://127.0.0.1:1/"
    try:
        response = client.get("/readyz")
    finally:
        settings.MONGODB_ADDRESSES["MONGODB_URI"] = address
        clients.close_all()
    assert response.status_code == 503
    assert response.json()["databases"]["control_plane"] == "does not answer"


def test_liveness_asks_no_database() -> None:
    assert Client().get("/healthz").status_code == 200
