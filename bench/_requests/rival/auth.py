"""Who a session's person is, and whether the person belongs to the subdomain's firm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from bench._requests.rival.public.models import Person


class PersonBackend(BaseBackend):
    """One look-up by primary key, as Django's own backend makes it."""

    def get_user(self, user_id: Any) -> Person | None:
        person = Person.objects.filter(pk=user_id).first()
        return person if person is not None and person.is_active else None


class MemberMiddleware:
    """Only the subdomain's own people, while the firm is active. The firm is there already: no query."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        firm: Any = request.tenant  # type: ignore[attr-defined]
        person: Any = request.user
        request.organization = None  # type: ignore[attr-defined]
        request.read_only = ""  # type: ignore[attr-defined]
        if person.is_authenticated:
            if person.organization_id != firm.pk or not firm.is_active:
                raise PermissionDenied
            request.organization = firm  # type: ignore[attr-defined]
        return self.get_response(request)
