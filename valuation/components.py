"""The development page that shows every component of the pages in its states (only with DJANGO_DEBUG)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

SAMPLES = settings.BASE_DIR / "templates" / "components" / "samples.json"


def component_page(request: HttpRequest) -> HttpResponse:
    """Every component with the samples that its file gives."""
    context = json.loads(SAMPLES.read_text(encoding="utf-8"), object_hook=_with_moments)
    return render(request, "components/index.html", {**context, "now": timezone.now()})


def _with_moments(item: dict[str, Any]) -> dict[str, Any]:
    """JSON has no moments: every "at" is one."""
    if isinstance(item.get("at"), str):
        item["at"] = datetime.fromisoformat(item["at"])
    return item
