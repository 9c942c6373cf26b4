"""What the sign-in service can do to whoever asks it: nothing that lasts."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tenants.oidc.http import LARGEST_ANSWER, ProviderSilent, get_json, post_form

TIMEOUT = 0.3


class Service(BaseHTTPRequestHandler):
    """Answers by the path; keeps what came."""

    came: list[tuple[str, str, bytes]]

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing on the terminal."""

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.came.append((self.path, self.headers.get("Authorization", ""), body))
        name = self.path.strip("/").partition("?")[0]
        if name == "slow":
            time.sleep(2 * TIMEOUT)
        if name == "drips":
            self._drip()
            return
        answers = {
            "good": (200, json.dumps({"a": 1}).encode()),
            "refused": (400, json.dumps({"error": "invalid_grant"}).encode()),
            "broken": (500, b"{}"),
            "text": (200, b"<html>"),
            "list": (200, b"[]"),
            "nested": (200, b"[" * 200_000),
            "huge": (200, b'"' + b"x" * LARGEST_ANSWER + b'"'),
            "elsewhere": (302, b""),
        }
        status, content = answers.get(name, (404, b""))
        self.send_response(status)
        if name == "elsewhere":
            self.send_header("Location", "/good")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        try:
            for _ in range(20):
                self.wfile.write(b" " * 5)
                self.wfile.flush()
                time.sleep(TIMEOUT / 4)
        except OSError:
            pass  # Whoever asked has gone.


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    Service.came = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_it_gives_the_object_and_shows_the_access_token_in_a_header(service: str) -> None:
    assert get_json(f"{service}/good", timeout=5, bearer="secret") == {"a": 1}
    assert Service.came[-1][:2] == ("/good", "Bearer secret")


def test_a_refusal_of_a_form_is_an_answer(service: str) -> None:
    answer = post_form(f"{service}/refused", {"code": "x"}, timeout=5, basic=("name", "word"))
    assert answer == (400, {"error": "invalid_grant"})
    assert Service.came[-1] == ("/refused", "Basic bmFtZTp3b3Jk", b"code=x")


@pytest.mark.parametrize("path", ["broken", "text", "list", "nested", "huge", "elsewhere", "absent", "slow"])
def test_what_makes_no_sense_is_no_answer(service: str, path: str) -> None:
    with pytest.raises(ProviderSilent):
        get_json(f"{service}/{path}", timeout=TIMEOUT)


def test_it_follows_no_redirect_with_a_code(service: str) -> None:
    before = len(Service.came)
    with pytest.raises(ProviderSilent):
        post_form(f"{service}/elsewhere", {"code": "x"}, timeout=5)
    assert len(Service.came) == before + 1


def test_an_answer_that_drips_is_given_up(service: str) -> None:
    began = time.monotonic()
    with pytest.raises(ProviderSilent):
        get_json(f"{service}/drips", timeout=TIMEOUT)
    assert time.monotonic() - began < 4 * TIMEOUT


def test_nobody_at_the_address_is_no_answer_and_names_no_parameter() -> None:
    with pytest.raises(ProviderSilent) as silent:
        get_json("http://127.0.0.1:9/keys?code=secret", timeout=TIMEOUT)
    assert "secret" not in str(silent.value)
