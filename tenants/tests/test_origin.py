"""Whose address a request comes from, whatever it says of itself."""

from __future__ import annotations

from datetime import timedelta
from runpy import run_path
from types import SimpleNamespace

import pytest
from django.test import RequestFactory
from gunicorn.config import Config  # type: ignore[import-untyped]
from pytest_django import Settings

from tenants.access import sign_in_first
from tenants.origin import ip_of


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "9.9.9.9", "127.0.0.1"),
        (1, "9.9.9.9, 8.8.8.8", "8.8.8.8"),
        (2, "9.9.9.9, 8.8.8.8, 7.7.7.7", "8.8.8.8"),
        (2, "9.9.9.9", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_it_believes_as_many_proxies_as_there_are(
    proxies: int, forwarded: str, address: str, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert ip_of(RequestFactory().get("/", headers={"X-Forwarded-For": forwarded})) == address


@pytest.mark.parametrize(
    ("forwarded", "address"), [("8.8.8.8:5501", "8.8.8.8"), ("[2001:db8::1]:5501", "2001:db8::1")]
)
def test_a_port_makes_no_other_address(forwarded: str, address: str, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    assert ip_of(RequestFactory().get("/", headers={"X-Forwarded-For": forwarded})) == address


def test_the_way_back_after_signing_in_names_no_other_site() -> None:
    request = RequestFactory().post("/x/", headers={"Referer": "http://testserver//rival.example/y"})
    assert sign_in_first(request)["Location"] == "/sign-in/?next=/rival.example/y"


@pytest.mark.parametrize("path", ["/invitation/NjU/abc-123/", "/password/reset/NjU/abc-123/"])
def test_the_log_of_accesses_has_no_token_of_a_link(path: str, settings: Settings) -> None:
    logger = run_path(str(settings.BASE_DIR / "gunicorn.conf.py"))["logger_class"](Config())
    answer = SimpleNamespace(status="200 OK", sent=1, headers=[])
    environ = {"PATH_INFO": path, "REQUEST_METHOD": "GET", "RAW_URI": path, "SERVER_PROTOCOL": "HTTP/1.1"}
    told = logger.atoms(answer, SimpleNamespace(headers=[]), environ, timedelta())
    assert "abc-123" not in told["U"]
