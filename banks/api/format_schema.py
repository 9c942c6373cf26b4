"""The JSON Schema of formats, for whoever writes one."""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import condition, require_safe

from banks.formats.shape import SCHEMA_FILE

SECONDS = 3600
_SCHEMA = SCHEMA_FILE.read_bytes()
_ETAG = f'"{hashlib.sha256(_SCHEMA).hexdigest()[:32]}"'


@require_safe
@cache_control(public=True, max_age=SECONDS)
@condition(etag_func=lambda request: _ETAG)
def format_schema(request: HttpRequest) -> HttpResponse:
    """The schema as ``application/schema+json``; no command.

    Open to everybody: it is the same for all and says nothing of any firm, and an editor that checks a file
    while it is written asks for it without being signed in.
    """
    return HttpResponse(_SCHEMA, content_type="application/schema+json")
