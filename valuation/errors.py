"""The pages of last resort. None of them asks a database or knows a person."""

from __future__ import annotations

import sys
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from tenants.middleware import is_unreachable, unavailable, wants_json

TITLES = {400: "Bad request", 403: "Not allowed", 404: "Not found", 500: "Something went wrong here"}


def _page(request: HttpRequest, status: int, detail: str = "") -> HttpResponse:
    if wants_json(request):
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": TITLES[status],
            "status": status,
            "detail": detail or TITLES[status],
        }
        return JsonResponse(body, status=status, content_type="application/problem+json")
    # Without the request no context processor runs, so nothing here can fail again.
    return render(None, f"errors/{status}.html", {"detail": detail}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 403, str(exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 404)


def failed(request: HttpRequest) -> HttpResponse:
    """A 500, or a 503 when what failed is that a database could not be reached."""
    error = sys.exc_info()[1]
    if is_unreachable(error) and error is not None:
        return unavailable(request, error)
    return _page(request, 500)
