"""Mail that does not leave the own machine, on a page for who sits there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.http import Http404
from django.test import RequestFactory
from pytest_django import Settings

from tenants.sign_in.outbox import kept_mails, outbox

FILES = "django.core.mail.backends.filebased.EmailBackend"


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.MAIL_OUTBOX, settings.EMAIL_FILE_PATH = True, str(tmp_path / "outbox")
    return tmp_path / "outbox"


def send(folder: Path, subject: str, text: str) -> None:
    message = EmailMultiAlternatives(subject, text, to=["meera@firm.example"])
    message.attach_alternative("<p>In HTML</p>", "text/html")
    get_connection(FILES, file_path=str(folder)).send_messages([message, message])


def test_it_reads_what_was_kept(folder: Path) -> None:
    send(folder, "₹ and words", "Café:\n\nhttp://127.0.0.1:8000/password/reset/a/b-c/\n")
    mails = list(kept_mails(folder))
    assert [(one.subject, one.to) for one in mails] == [("₹ and words", "meera@firm.example")] * 2
    assert mails[0].text.split() == ["Café:", "http://127.0.0.1:8000/password/reset/a/b-c/"]


def test_it_shows_the_text_and_not_the_html(folder: Path) -> None:
    send(folder, "Subject", "In text")
    assert "In HTML" not in next(iter(kept_mails(folder))).text


def test_an_outbox_that_was_never_used_is_empty(folder: Path) -> None:
    assert list(kept_mails(folder)) == []


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_it_is_shown_on_the_own_machine(folder: Path, address: str) -> None:
    send(folder, "Subject", "Go to http://127.0.0.1:8000/sign-in/ <now>")
    shown = outbox(RequestFactory().get("/", REMOTE_ADDR=address)).content.decode()
    assert 'href="http://127.0.0.1:8000/sign-in/"' in shown
    assert "&lt;now&gt;" in shown


@pytest.mark.parametrize("address", ["192.0.2.1", ""])
def test_it_is_shown_to_nobody_elsewhere(folder: Path, address: str) -> None:
    with pytest.raises(Http404):
        outbox(RequestFactory().get("/", REMOTE_ADDR=address))


def test_it_is_not_there_without_the_setting(folder: Path, settings: Settings) -> None:
    settings.MAIL_OUTBOX = False
    with pytest.raises(Http404):
        outbox(RequestFactory().get("/", REMOTE_ADDR="127.0.0.1"))


def test_a_site_that_others_reach_refuses_to_start_with_it(settings: Settings) -> None:
    environment = {**os.environ, "MAIL_OUTBOX": "1", "DJANGO_HTTPS": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", "import valuation.settings"],
        env=environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "MAIL_OUTBOX shows everybody's mail" in ended.stderr


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_it_is_shown_to_nobody_through_a_proxy(folder: Path, header: str) -> None:
    with pytest.raises(Http404):
        outbox(RequestFactory().get("/", REMOTE_ADDR="127.0.0.1", headers={header: "192.0.2.1"}))
