"""The development outbox: mail that would have left, kept in files, on one page (only with MAIL_OUTBOX)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

_SHOWN = 50
# What Django's file backend writes after each message.
_END = b"\n" + b"-" * 79 + b"\n"


@dataclass(frozen=True, slots=True)
class Kept:
    """A message of the outbox. The text part alone: what a mail's HTML could do, a page must not."""

    subject: str
    to: str
    at: datetime
    text: str


@require_GET
@never_cache
def outbox(request: HttpRequest) -> HttpResponse:
    """The latest messages, newest first. Only for who sits at this machine: anybody's links are in them."""
    if not settings.MAIL_OUTBOX or not _is_here(request):
        raise Http404
    mails = sorted(kept_mails(Path(settings.EMAIL_FILE_PATH)), key=lambda one: one.at, reverse=True)
    context = {"mails": mails[:_SHOWN], "folder": settings.EMAIL_FILE_PATH, "site_name": settings.SITE_NAME}
    return render(request, "registration/outbox.html", context)


def kept_mails(folder: Path) -> Iterator[Kept]:
    """Every message of the folder, which may not be there yet."""
    for file in sorted(folder.glob("*.log"))[-_SHOWN:]:
        for raw in file.read_bytes().split(_END):
            if raw.strip():
                yield _kept(message_from_bytes(raw.lstrip(), _class=EmailMessage, policy=policy.default))


def _kept(message: EmailMessage) -> Kept:
    text = message.get_body(("plain",))
    return Kept(
        subject=str(message["Subject"]),
        to=str(message["To"]),
        at=_aware(parsedate_to_datetime(str(message["Date"]))),
        text=str(text.get_content()) if text is not None else "",
    )


def _aware(moment: datetime) -> datetime:
    """A mail may say that its hour is UTC's and nobody's zone."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _is_here(request: HttpRequest) -> bool:
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        # A proxy on this machine asks for somebody who sits elsewhere.
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
