"""From where, and in which request, something is done: what the two records of what was done say of it."""

from __future__ import annotations

import contextvars
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase


@dataclass(frozen=True, slots=True)
class Origin:
    """The address that asked, the request's id, what the browser calls itself; empty: nobody asked."""

    ip: str = ""
    request_id: str = ""
    agent: str = ""


_NOBODY = Origin()
_origin: contextvars.ContextVar[Origin] = contextvars.ContextVar("origin", default=_NOBODY)


def origin() -> Origin:
    """Where the running code's request came from; empty for a command or a task."""
    return _origin.get()


@contextmanager
def asked_from(one: Origin) -> Iterator[None]:
    """Within it ``origin()`` is ``one``."""
    token = _origin.set(one)
    try:
        yield
    finally:
        _origin.reset(token)


def ip_of(request: HttpRequest) -> str:
    """The address of who asks, as the outermost of our own proxies (``TRUSTED_PROXIES``) saw it."""
    proxies = int(settings.TRUSTED_PROXIES)
    if proxies:
        forwarded = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",")]
        # Whatever stands further left was written by who asks.
        if len(forwarded) >= proxies and forwarded[-proxies]:
            return _without_port(forwarded[-proxies])[:45]
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


def _without_port(address: str) -> str:
    """Some proxies write the port too, which is another one with each connection."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


class OriginMiddleware:
    """Notes where each request comes from, and gives it an id that its answer carries as ``X-Request-ID``."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        one = Origin(ip_of(request), uuid.uuid4().hex, request.headers.get("User-Agent", "")[:200])
        with asked_from(one):
            response = self.get_response(request)
        response["X-Request-ID"] = one.request_id
        return response
