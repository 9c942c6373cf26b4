"""What django-axes calls before and after each try.

Its own cache handler is not used: it has one limit for all of its counts, counts after the password was
looked at (many tries at once all pass), adds and counts up in two commands between which an entry may expire,
and takes an e-mail address in other letters for another one.
"""

from __future__ import annotations

from typing import Any

from axes.handlers.base import AbstractAxesHandler, AxesBaseHandler
from axes.helpers import get_client_username
from django.contrib.auth import authenticate
from django.http import HttpRequest

from tenants.models import User
from tenants.sign_in.actions import record_failure
from tenants.sign_in.lockout import Try, begin_try, succeeded, unlock


def try_of(request: HttpRequest) -> Try | None:
    """The try that this request is, if a password was asked about in it."""
    return getattr(request, "sign_in_try", None)


def knows_password(request: HttpRequest, person: User, password: str) -> bool:
    """Whether it is the present password of the person, who is signed in. A wrong one counts as at sign-in.

    A right one is given back here: nobody is signed in anew by it, so nothing else would.
    """
    found = authenticate(request, username=person.email, password=password)
    if found is None or found.pk != person.pk:
        return False
    one = try_of(request)
    if one is not None:
        succeeded(one)
    return True


class LockOutHandler(AbstractAxesHandler, AxesBaseHandler):
    """Counts by ``lockout`` and records what failed in the audit log."""

    def is_allowed(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        """Whether the password may be looked at. Asking counts."""
        one = begin_try(get_client_username(request, credentials) or "", request.axes_ip_address or "")  # type: ignore[attr-defined]
        request.sign_in_try = one  # type: ignore[attr-defined]
        return one.granted

    def user_login_failed(
        self, sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> None:
        one = try_of(request) if request is not None else None
        if request is None or one is None:
            return
        if one.until is not None:
            # The middleware answers with the page that says so.
            request.axes_locked_out = True  # type: ignore[attr-defined]
        if one.granted:
            record_failure(one)

    def user_logged_in(self, sender: object, request: HttpRequest, user: User, **kwargs: Any) -> None:
        one = try_of(request)
        if one is not None:
            succeeded(one)

    def user_logged_out(self, sender: object, request: HttpRequest, user: User, **kwargs: Any) -> None:
        """Nothing: the view records it."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Never asked: ``is_allowed`` decides by itself."""
        raise NotImplementedError

    def reset_attempts(
        self, *, ip_address: str | None = None, username: str | None = None, ip_or_username: bool = False
    ) -> int:
        """For the package's own commands: lifts what is counted against an e-mail address."""
        if username is None or ip_address is not None:
            raise NotImplementedError("Give an e-mail address: the counts are kept by it.")
        unlock(username)
        return 1
