"""A request with a bearer token is the token's alone."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase

from tenants.tokens.header import bearer_of


class BearerMiddleware:
    """Overlooks the session of whoever sends a bearer token, good or not.

    Otherwise the session's firm would be active before the API has looked at the token, and a page would be
    shown to somebody who asked as somebody else. Nothing else looks at the header here: the API does.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if bearer_of(request) is not None:
            request.user = AnonymousUser()
        return self.get_response(request)
