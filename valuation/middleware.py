"""What every answer has in common, whichever view gave it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_cache_control

from banks.formats.problems import FormatProblem
from reports.formats import FormatMissing
from tenants.middleware import wants_json

logger = logging.getLogger(__name__)


class PagesMiddleware:
    """Keeps pages out of shared caches, and puts words where a browser would show an empty page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code == 405 and not wants_json(request) and not getattr(response, "content", b""):
            allow = response.headers.get("Allow", "")
            response = render(None, "errors/405.html", status=405)
            response["Allow"] = allow
        if "Cache-Control" not in response.headers:
            # Not no-store: going back to a form after a failed save must find what was typed.
            patch_cache_control(response, private=True, no_cache=True)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A report whose format is lost or damaged says so, whatever was asked of it; nothing was changed."""
        if not isinstance(exception, FormatMissing | FormatProblem):
            return None
        logger.error("%s needs a format that cannot be read: %s", request.path, exception)
        context = {"heading": "This report's format cannot be read", "message": str(exception)}
        return render(None, "errors/503.html", context, status=503)
