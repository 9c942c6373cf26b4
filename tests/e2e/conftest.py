"""The browser tests' surroundings: the application served as in production, and a browser that is watched.

The server is gunicorn on its own replica set with the demo data. Every page that a test opens is watched: a
breach of the Content-Security-Policy, an error in a script, a request to another site or an answer of 500
fails the test, whatever else it was about.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    sync_playwright,
)

from tenants.management.commands.load_demo import PASSWORD
from tooling import browser, environment, mongod, processes
from tooling.paths import ROOT

STARTS_WITHIN_SECONDS = 60
SCREENSHOTS = Path(os.environ.get("SCREENSHOTS", ROOT / "var" / "screenshots"))
MANAGE = (sys.executable, str(ROOT / "manage.py"))


@dataclass(frozen=True, slots=True)
class Site:
    """Where the application answers, and the environment for ``manage.py`` against its databases."""

    url: str
    environment: dict[str, str]

    def manage(self, *arguments: str) -> None:
        subprocess.run([*MANAGE, *arguments], env=self.environment, cwd=ROOT, check=True, capture_output=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(port: int, web: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if web.poll() is not None:
            break
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=2)) as connection:
            try:
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
        time.sleep(0.1)
    raise AssertionError(f"The application does not answer.\n{log.read_text(errors='replace')[-3000:]}")


# For the whole run and not for the package: between two files of it there may be others, and it takes long.
@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The application with its demo data, on a port of its own."""
    directory = tmp_path_factory.mktemp("site")
    port = _free_port()
    with mongod.running(directory / "mongo") as uri:
        given = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DJANGO_", "MONGODB_", "COV_"))
        }
        given["DJANGO_STATIC_ROOT"] = str(directory / "static")
        given["DJANGO_SECRET_KEY"] = "for-the-browser-tests-only-and-long-enough-to-be-a-key"
        # A password's hash is slow on purpose, and many sign in here.
        given["DJANGO_PASSWORD_HASHERS"] = "django.contrib.auth.hashers.MD5PasswordHasher"
        # What a browser sees of a busy machine's slow moment is not what these are about.
        given["MONGODB_OPERATION_TIMEOUT_MS"] = given["MONGODB_SELECTION_TIMEOUT_MS"] = "20000"
        given["GUNICORN_LOG_LEVEL"] = "warning"
        given["ACCESS_LOG"] = str(directory / "access.log")
        variables = environment.for_serving(given, mongodb_uri=uri, port=port)
        made = Site(f"http://127.0.0.1:{port}", variables)
        made.manage("setup", "--demo")
        made.manage("collectstatic", "--noinput", "-v", "0")
        log = directory / "web.log"
        with log.open("wb") as output:
            web = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "valuation.wsgi:application"],
                env=variables,
                cwd=ROOT,
                stdout=output,
                stderr=output,
            )
            try:
                _wait_until_it_answers(port, web, log)
                yield made
            finally:
                processes.stop(web, seconds=20)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, once for all browser tests."""
    executable = browser.find()
    assert executable is not None, "There is no Chromium: run “make test”, or set CHROMIUM."
    arguments = [
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield started
        started.close()


# Leaving a page gives up what it had asked for (a draft's next saving, a search), and htmx logs that as an
# error. A request that failed logs htmx:sendError, htmx:timeout or htmx:responseError besides.
_GIVEN_UP = re.compile(r"^htmx:(afterRequest|sendAbort)\b")


@dataclass
class Watch:
    """What went wrong on the pages of one test."""

    origin: str
    problems: list[str] = field(default_factory=list)
    # Console messages that a test provokes on purpose (e.g. the browser's note about an answer of 409).
    expected: list[re.Pattern[str]] = field(default_factory=lambda: [_GIVEN_UP])

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        page.on("request", self._request)
        page.on("response", self._response)

    def expect_console(self, pattern: str) -> None:
        self.expected.append(re.compile(pattern))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(
            one.search(message.text) for one in self.expected
        ):
            self.problems.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws") and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.problems.append(f"request to another site: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self.problems.append(f"{response.status} for {response.url}")


@pytest.fixture
def watch(site: Site) -> Iterator[Watch]:
    one = Watch(site.url)
    yield one
    assert one.problems == []


@pytest.fixture
def open_page(site: Site, chromium: Browser, watch: Watch) -> Iterator[Callable[..., Page]]:
    """``open_page(width=360, dark=True)`` gives a watched page in a fresh profile."""
    contexts: list[BrowserContext] = []

    def make(*, width: int = 1280, height: int = 900, dark: bool = False) -> Page:
        context = chromium.new_context(
            base_url=site.url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale="en-IN",
            timezone_id="Asia/Kolkata",
            accept_downloads=True,
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        watch.watch(page)
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page_for(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """``page_for("valuer@demo-valuers.example")`` gives a watched page with that person signed in."""

    def sign_in(email: str, **options: object) -> Page:
        page = open_page(**options)
        page.goto("/sign-in/")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(re.compile(r"^(?!.*/sign-in/)"))
        return page

    return sign_in


@pytest.fixture
def keep_screenshot() -> Callable[[Page, str], None]:
    """Save a picture of a page under ``var/screenshots`` (or where SCREENSHOTS says).

    The browser's driver leaves empty style attributes behind, which the policy blames on a later swap: take
    a picture last on a page that goes on changing.
    """

    def keep(page: Page, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        taken = Image.open(BytesIO(page.screenshot(animations="disabled")))
        # A page's colours are few: a palette keeps the repository small.
        taken.convert("RGB").quantize(256, method=Image.Quantize.FASTOCTREE).save(
            SCREENSHOTS / f"{name}.png", optimize=True
        )

    return keep
