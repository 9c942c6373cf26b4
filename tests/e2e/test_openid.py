"""Signing in and out with a real OpenID provider, in a real browser: redirects, policy and all."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect
from pymongo import MongoClient

from tenants.management.commands.load_demo import PASSWORD
from tenants.permissions import Feature
from tests import openid_provider
from tests.e2e.conftest import Site
from tests.openid_provider import RunningProvider
from tooling import processes
from tooling.paths import ROOT

pytestmark = pytest.mark.e2e

NAME, FIRM = "Demo Identity", "demo_org_001"
NEHA = {
    "email": "neha@demo-valuers.example",
    "email_verified": True,
    "name": "Neha New",
    "custom:organization_id": FIRM,
    "cognito:groups": ["valuers"],
}
RENEW_SECONDS = 2
_PATIENCE_SECONDS = 30


@pytest.fixture(scope="module")
def own_site(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, RunningProvider]]:
    """The demo's databases, served a second time with a provider set up; and that provider."""
    directory = tmp_path_factory.mktemp("openid")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    url = f"http://127.0.0.1:{port}"
    with (
        _single_sign_on_in_the_plan(site),
        openid_provider.running(url, {"neha": NEHA}, log=directory / "provider.log") as provider,
        (directory / "web.log").open("wb") as output,
    ):
        variables = site.environment | {
            "PORT": str(port),
            "SITE_URL": url,
            "OIDC_RP_CLIENT_ID": openid_provider.CLIENT_ID,
            "OIDC_RP_CLIENT_SECRET": openid_provider.CLIENT_SECRET,
            "OIDC_ISSUER": provider.issuer,
            "OIDC_NAME": NAME,
            "OIDC_ROLES": "valuers=valuer,managers=manager",
            "OIDC_KEYS_REFETCH_SECONDS": "0",
            "OIDC_RENEW_SECONDS": str(RENEW_SECONDS),
        }
        web = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "valuation.wsgi:application"],
            env=variables,
            cwd=ROOT,
            stdout=output,
            stderr=output,
        )
        try:
            _wait_for(url)
            yield url, provider
        finally:
            processes.stop(web, seconds=20)


@contextmanager
def _single_sign_on_in_the_plan(site: Site) -> Iterator[None]:
    """The demo firm's plan includes it for a while, whatever plan it has; who came in by it leaves again."""
    with closing(MongoClient[dict[str, Any]](site.environment["MONGODB_URI"])) as client:
        firms = client["valuation_admin"]["organizations"]
        (before,) = firms.find({"org_id": FIRM}, {"limits": 1})
        firms.update_one({"org_id": FIRM}, {"$addToSet": {"limits.features": Feature.SINGLE_SIGN_ON.value}})
        yield
        firms.update_one({"org_id": FIRM}, {"$set": {"limits": before["limits"]}})
        client["valuation_admin"]["users"].delete_one({"email": NEHA["email"]})


def _wait_for(url: str) -> None:
    ends = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < ends:
        try:
            if requests.get(f"{url}/readyz", timeout=5).status_code == 200:
                return
        except requests.RequestException:
            pass  # Not yet.
        time.sleep(0.1)
    raise AssertionError("The application does not answer.")


@pytest.fixture
def provider(own_site: tuple[str, RunningProvider]) -> Iterator[RunningProvider]:
    _, one = own_site
    yield one
    one.control(mode="up", accounts={"neha": NEHA})


@pytest.fixture
def page(own_site: tuple[str, RunningProvider], chromium: Browser) -> Iterator[Page]:
    """A page in a fresh profile, watched: a breach of the policy, or an error in a script, fails the test."""
    context = chromium.new_context(base_url=own_site[0], locale="en-IN", timezone_id="Asia/Kolkata")
    context.set_default_timeout(15_000)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda message: problems.append(message.text) if "Content Security Policy" in message.text else None,
    )
    yield page
    context.close()
    assert problems == []


def sign_in(page: Page, account: str = "neha") -> None:
    page.goto("/sign-in/?next=/profile/")
    page.get_by_role("link", name=f"Sign in with {NAME}").click()
    page.get_by_label("Account").fill(account)
    page.get_by_role("button", name="Continue").click()


def test_it_signs_in_and_out_at_the_provider(page: Page, provider: RunningProvider) -> None:
    sign_in(page)
    expect(page).to_have_url(re.compile(r"/profile/$"))
    expect(page.get_by_text("neha@demo-valuers.example, Valuer")).to_be_visible()
    page.get_by_role("button", name="Your menu").click()
    # The form's answer leads to another origin: only the policy's form-action lets the browser follow.
    page.get_by_role("button", name="Sign out").first.click()
    expect(page.get_by_role("heading", name="Provider (sign out)")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile(r"/sign-in/"))
    page.goto("/profile/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    # Whoever sits there next is asked at the provider too.
    page.get_by_role("link", name=f"Sign in with {NAME}").click()
    expect(page.get_by_label("Account")).to_be_visible()


def test_it_is_renewed_unnoticed(page: Page, provider: RunningProvider) -> None:
    sign_in(page)
    expect(page).to_have_url(re.compile(r"/profile/$"))
    led: list[str] = []
    page.on("request", lambda one: led.append(one.url) if one.url.startswith(provider.issuer) else None)
    page.wait_for_timeout((RENEW_SECONDS + 0.2) * 1000)
    page.goto("/reports/")
    expect(page.get_by_role("heading", name="Reports")).to_be_visible()
    assert ["prompt=none" in url for url in led] == [True]


def test_it_says_what_to_do_when_the_provider_is_gone(page: Page, provider: RunningProvider) -> None:
    provider.control(mode="gone")
    page.goto("/sign-in/")
    page.get_by_role("link", name=f"Sign in with {NAME}").click()
    expect(page.get_by_role("heading", name="The sign-in service does not answer")).to_be_visible()
    page.get_by_role("link", name="Sign in with a password").click()
    page.get_by_label("E-mail").fill("manager@demo-valuers.example")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("button", name="Your menu")).to_be_visible()
